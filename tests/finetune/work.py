"""What each of two processes does: the work of one, on its part of the data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor, nn

import tnc
from tests.finetune.networks import compressed, data, dense

PROCESSES = 2


def labelled(epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of an even number."""
    for x, _ in data(epoch):
        x = x[: len(x) // PROCESSES * PROCESSES]
        yield x, torch.arange(len(x)) % 4


def parted(epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
    for x, labels in labelled(epoch):
        rank = dist.get_rank()
        yield x[rank::PROCESSES], labels[rank::PROCESSES]


def sgd(parameters: object) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, 0.1)  # type: ignore[arg-type]


def tuned(batches: object, folder: Path | None) -> tuple[nn.Module, list[float]]:
    """A network tuned in all ways, and the figures of that; norms of batches are not the same in
    parts, so that they do not learn."""
    student, teacher = compressed(2), dense()
    place = None if folder is None else folder / "seq.pt"
    told = tnc.tune_sequential(
        student, teacher, batches, iterations=3, norms=False, checkpoint=place
    )
    more = tnc.tune_sequential(
        student, teacher, batches, parts=["last"], method="sgd", optimizer=sgd, norms=False
    )
    student.norm = nn.Identity()
    place = None if folder is None else folder / "e2e.pt"
    ended = tnc.tune_end_to_end(student, batches, epochs=2, optimizer=sgd, checkpoint=place)
    figures = [each for unit in (*told.units, *more.units) for each in (unit.before, unit.after)]
    return student, [*figures, *(epoch.loss for epoch in ended.epochs)]


def work(rank: int, folder: str) -> None:
    """As `torchrun` would start it."""
    torch.set_num_threads(1)
    place = Path(folder)
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": str(PROCESSES), "MASTER_ADDR": "127.0.0.1"}
    os.environ |= {"MASTER_PORT": (place / "port").read_text()}
    net, figures = tuned(parted, place)
    norms = nn.Sequential(nn.BatchNorm2d(2)).double()
    tnc.reestimate(norms, parted)
    torch.save({"net": net.state_dict(), "figures": figures}, place / f"{rank}.pt")
    torch.save(norms.state_dict(), place / f"norms-{rank}.pt")
    dist.destroy_process_group()
