"""Every family beside other libraries, einsums, PyTorch's own gradient, and its own other plans.

Times are of forward + backward on one thread, contiguous; memory is the most that is allocated at
once in it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from benchmarks.cases import (
    CONVOLUTIONS,
    DENSE,
    IMAGES,
    Case,
    attention,
    convolution,
    dense,
    regression,
)
from benchmarks.einsums import CONTRACTORS, Einsum
from benchmarks.measure import interleaved, training
from benchmarks.peers import peers
from benchmarks.plans import quickest
from tnc.api.allocations import peak
from tnc.driver.options import Output

OURS, PLAIN, FULL = "tnc", "plain autograd", "dense"
COMPILED, BEST = "torch.compile", "best plan"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Seconds, bytes and parameters of each candidate, by name. `macs`: forward, of our plan.
    `best`: the quickest of all our plans."""

    case: Case
    macs: int
    best: str
    seconds: Mapping[str, float]
    peak: Mapping[str, int]
    parameters: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:
        """A dictionary of plain values."""
        names = ("macs", "best", "seconds", "peak", "parameters")
        return {**self.case.to_json(), **{name: getattr(self, name) for name in names}}


def cases(quick: bool) -> Iterator[Case]:
    """Each family at every size, in a quick run at one share and few sizes."""
    images = IMAGES[2:3] if quick else IMAGES
    for family in CONVOLUTIONS:
        for image in images:
            for share in (0.1,) if quick else (0.05, 0.1):
                yield convolution(family, image, share)
    for family in DENSE:
        for share in (0.1,) if quick else (0.02, 0.1):
            yield dense(family, share, 128)
    yield dense("rTT", 0.02, 128, 4096, 4096, 6)
    yield regression(32)
    yield attention(8)


def compared(case: Case, rounds: int, compile_einsum: bool) -> Comparison:
    """Measure one case with all its candidates in one run."""
    output = case.output()
    x = case.input()
    layers = {name: make() for name, make in _candidates(case, output, compile_einsum).items()}
    runs = {name: training(layer, x) for name, layer in layers.items()}
    own = {name: training(layer, x) for name, layer in quickest(case, output, x).items()}
    timings = interleaved(runs | own, rounds, budget=2.0 * rounds)
    seconds = {name: timing.seconds for name, timing in timings.items()}
    best = min((OURS, *own), key=seconds.__getitem__)
    return Comparison(
        case,
        output.built[0].plan.macs,
        best,
        {name: seconds[name] for name in runs} | {BEST: seconds[best]},
        {name: peak(run) for name, run in runs.items() if name != COMPILED},
        {name: sum(map(torch.numel, layer.parameters())) for name, layer in layers.items()},
    )


def _candidates(
    case: Case, output: Output, compile_einsum: bool
) -> dict[str, Callable[[], nn.Module]]:
    ours = case.module(output)
    found: dict[str, Callable[[], nn.Module]] = {
        OURS: lambda: ours,
        FULL: case.dense,
        PLAIN: lambda: case.module(case.output(backward="autograd")),
        **peers(case, ours),
    }
    built = output.built[0]
    binding = dict(built.plan.binding)
    for name, contractor in CONTRACTORS.items():
        try:
            form = Einsum(built.layer, binding, contractor)
        except ValueError:  # not one product
            continue
        found[name] = lambda form=form: form
        if compile_einsum and name == "torch.einsum":
            found[COMPILED] = lambda form=form: torch.compile(form)
    return found


def measured(quick: bool, compile_einsum: bool, rounds: int) -> Iterator[Comparison]:
    """All comparisons, told on stderr as they are made."""
    for case in cases(quick):
        found = compared(case, rounds, compile_einsum)
        ours = found.seconds[OURS]
        told = f"best: {found.best}  " + "  ".join(
            f"{name} {ours / one:.2f}" for name, one in found.seconds.items()
        )
        print(f"{case}: {ours * 1e3:.2f} ms, × {told}", file=sys.stderr, flush=True)
        yield found
