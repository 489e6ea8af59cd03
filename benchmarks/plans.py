"""Our own other plans of a layer: those with fewest multiply-adds, and those a person would try."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

import torch
from torch import nn

from benchmarks.cases import Case
from benchmarks.measure import training
from tnc.driver.build import print_module
from tnc.driver.candidates import candidates
from tnc.driver.drafts import Drafts
from tnc.driver.options import Built, Options, Output
from tnc.driver.project import make, planned
from tnc.emit.load import load_module
from tnc.plan.planner import plan_graph

FEWEST = 12
"""So many orders with the fewest multiply-adds."""
LARGEST = 4_000_000_000
"""Plans that need more bytes at once are not tried."""
KEPT = 3
"""So many plans, the quickest at first sight, are measured with everything else."""


def texts(output: Output) -> Iterator[tuple[str, str]]:
    """Names of the other plans of a compiled layer, and the texts of their modules."""
    layer, binding = output.built[0].layer, dict(output.built[0].plan.binding)
    options = Options(binding=binding, cache=False)
    chosen = planned(layer, binding, options)
    for candidate in candidates(chosen, 0, FEWEST):
        pinned = {each.network: each.tree for each in chosen.choices}
        pinned[candidate.network] = candidate.tree
        other = plan_graph(
            layer.builder, layer.graph, binding, profile=options.profile, cache=None, pinned=pinned
        )
        made = make(layer, binding, options, Drafts(layer, other).usual)
        if made.plan.peak_bytes <= LARGEST:
            built = Built(layer, made.plan, made.program)
            yield candidate.name, print_module([layer.source], [built], options)


def quickest(case: Case, output: Output, x: torch.Tensor) -> Mapping[str, nn.Module]:
    """The other plans that are quickest in a single step of training."""
    found = []
    for name, text in texts(output):
        torch.manual_seed(0)
        layer: nn.Module = getattr(load_module(text), case.layer)()
        run = training(layer, x)
        run()
        start = time.process_time()
        run()
        found.append((time.process_time() - start, name, layer))
    found.sort(key=lambda one: one[0])
    return {name: layer for _, name, layer in found[:KEPT]}
