"""Batch normalisation after a network has changed: `tnc.reestimate`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from tnc.finetune import processes
from tnc.finetune.batches import Batches, Data, called
from tnc.finetune.kept import flags_kept, generators_kept


@generators_kept()
def reestimate(network: nn.Module, data: Data, *, batches: int | None = None, seed: int = 0) -> int:
    """Estimate the running means and variances of all batch normalisations anew, as plain averages
    over the first `batches` batches (all, without a number) of `data(0)`, in place. Everything else
    of the network stays as it is, also whether it is training, and the caller's random numbers go
    on as if there had been none. Under `torchrun` the averages are over the data of all processes.
    Gives the number of normalisations.

    Running statistics are those of the activations before the network was compressed: they are off
    by as much as these have changed.

    Errors: TypeError and ValueError as `data` gives them rise to; ValueError for no batches.
    """
    if batches is not None and batches < 1:
        raise ValueError(f"batches = {batches}: averages need at least one")
    processes.join()
    norms = [
        each
        for each in network.modules()
        if isinstance(each, _NormBase) and each.running_mean is not None
    ]
    if not norms:
        return 0
    momenta = {norm: norm.momentum for norm in norms}
    before = [{k: v.clone() for k, v in norm.state_dict().items()} for norm in norms]
    try:
        with flags_kept(network):
            _average(network, norms, Batches(data, seed).inputs(batches))
        _merge(norms)
    except BaseException:
        for norm, state in zip(norms, before, strict=True):
            norm.load_state_dict(state)
        raise
    finally:
        for norm, momentum in momenta.items():
            norm.momentum = momentum
    return len(norms)


def _average(network: nn.Module, norms: list[_NormBase], inputs: Iterator[Any]) -> None:
    network.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain average
        norm.train()
    with torch.no_grad():
        for each in inputs:
            called(network, each)


def _merge(norms: list[_NormBase]) -> None:
    """Averages over the batches of all processes, each of which has as many."""
    for norm in norms if processes.several() else []:
        for statistic in (norm.running_mean, norm.running_var):
            assert statistic is not None
            count = torch.ones_like(statistic)
            processes.add_up([statistic, count])
            statistic.div_(count)
