"""Where the descent begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import torch
from torch import Tensor

from tnc.fitting.blocks import System
from tnc.fitting.equations import TARGET

Start = Literal["auto", "random", "current"]
Tensors = dict[str, Tensor]


def starts(
    system: System,
    given: Mapping[str, Tensor],
    weights: Mapping[str, Tensor],
    start: Start,
    count: int,
    seed: int,
) -> Iterator[Tensors]:
    """The factors of each start, in float64."""
    for number in range(count):
        if start == "current" and number == 0:
            yield {name: each.detach().to(torch.float64) for name, each in weights.items()}
        else:
            yield scaled(system, given, drawn(weights, seed + number))


def drawn(weights: Mapping[str, Tensor], seed: int) -> Tensors:
    """Normal numbers, the same on every device."""
    source = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(each.shape, generator=source, dtype=torch.float64).to(each.device)
        for name, each in weights.items()
    }


def scaled(system: System, given: Mapping[str, Tensor], factors: Tensors) -> Tensors:
    """The factors with a kernel as large as the target."""
    own = torch.linalg.vector_norm(system.kernel({**given, **factors}))
    wanted = torch.linalg.vector_norm(given[TARGET])
    if own == 0 or wanted == 0:
        return factors
    number = float(wanted / own) ** (1 / len(factors))
    return {name: each * number for name, each in factors.items()}
