"""Alternating least squares: each factor in turn, the others as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import isfinite, prod, sqrt

import torch
from torch import Tensor

from tnc.fitting.blocks import Block, System
from tnc.fitting.equations import TARGET
from tnc.fitting.gauge import Gauge
from tnc.fitting.least_squares import Gram, solve
from tnc.fitting.numbers import Overflow

ZERO = 1e-13
"""Below it an error is rounding."""

COARSE = 1e-8
"""Below such a part of what was added up, a difference of squares is too coarse, and the error is
computed from the kernel itself."""


@dataclass(slots=True)
class Descent:
    """Tensors by name, the target among them, of which the factors change. `square` is ‖T‖²."""

    system: System
    tensors: dict[str, Tensor]
    proximal: float
    gauge: Gauge = field(init=False)
    _fixed: dict[tuple[str, int], Gram] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.gauge = Gauge(self.system)

    @property
    def target(self) -> Tensor:
        return self.tensors[TARGET]

    def error(self) -> float:
        """‖K − T‖ / ‖T‖."""
        gap = torch.linalg.vector_norm(self.system.kernel(self.tensors) - self.target)
        norm = torch.linalg.vector_norm(self.target)
        return float(gap / norm) if norm > 0 else float(gap)

    def largest(self) -> float:
        """The largest norm of a component, in norms of the target."""
        norm = float(torch.linalg.vector_norm(self.target))
        return self.gauge.largest(self.tensors) / norm if norm else 0.0

    def sweep(self) -> float:
        """Solve for each factor once; the relative error after it. Errors: Overflow."""
        left = scale = 0.0
        for block in self.system.blocks:
            left, scale = self._solved(block)
        self.gauge.balance(self.tensors)
        square = float(self.target.square().sum())
        return sqrt(left / square) if square and left > COARSE * scale else self.error()

    def _solved(self, block: Block) -> tuple[float, float]:
        """Least squares in one factor; the squared error after it, and how large what it is the
        sum of may be."""
        tensors = self.tensors
        target = self.target if block.rest is None else self.target - block.rest(tensors)
        wanted = block.projected({**tensors, TARGET: target})
        grams = [self._gram(block, number) for number in range(len(block.grams))]
        near = block.matrix(tensors[block.name])
        found = solve(grams, wanted, near, self.proximal)
        tensors[block.name] = block.weight(found)
        product = (found * (block.applied(grams, found) - 2 * wanted)).sum()
        size = prod(float(torch.linalg.vector_norm(gram.matrix)) for gram in grams)
        square = float(target.square().sum())
        return square + float(product), square + size * float(found.square().sum())

    def _gram(self, block: Block, number: int) -> Gram:
        """A Gram matrix; one without factors is the same in all sweeps."""
        key = block.name, number
        if (known := self._fixed.get(key)) is not None:
            return known
        made = block.gram(number, self.tensors)
        if not set(self.system.network.names) & set(block.grams[number].given):
            self._fixed[key] = made
        return made


def descend(
    descent: Descent, iterations: int, tolerance: float, told: Callable[[int, float], object]
) -> tuple[list[float], bool]:
    """Sweeps until one changes the error by less than `tolerance` of itself. The errors, that of
    the start first, and whether they converged. No sweep makes the error larger but by rounding,
    where systems are nearly singular: they end with the best.

    Errors: Overflow at the start.
    """
    errors, converged = [descent.error()], False
    if not isfinite(errors[0]):
        raise Overflow
    best, kept = 0, dict(descent.tensors)
    while errors[-1] >= ZERO and not converged and len(errors) <= iterations:
        try:
            errors.append(descent.sweep())
        except Overflow:
            if len(errors) == 1:
                raise
            break
        told(len(errors) - 1, errors[-1])
        if errors[-1] <= errors[best]:
            best, kept = len(errors) - 1, dict(descent.tensors)
        converged = abs(errors[-2] - errors[-1]) <= tolerance * errors[-1]
    descent.tensors.update(kept)
    return errors[: best + 1], converged or errors[best] < ZERO
