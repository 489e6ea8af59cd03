"""Alternating least squares: each factor in turn, the others as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import isfinite, sqrt

import torch
from torch import Tensor

from tnc.fitting.blocks import Block, System
from tnc.fitting.equations import TARGET
from tnc.fitting.gauge import Gauge
from tnc.fitting.least_squares import OVERFLOW, Gram, solve

ZERO = 1e-13
"""Below it an error is rounding."""

EXACT = 1e-5
"""Below such an error it is computed from the kernel itself, as differences of squares are too
coarse."""


ROUNDED = 1 + 1e-3
"""By more a sweep raises the error only where a system was too singular to be solved."""


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
        """Solve for each factor once; the relative error after it."""
        left = 0.0
        for block in self.system.blocks:
            left = self._solved(block)
        self.gauge.balance(self.tensors)
        square = float(self.target.square().sum())
        error = sqrt(max(left, 0.0) / square) if square else 0.0
        return error if error > EXACT else self.error()

    def _solved(self, block: Block) -> float:
        """Least squares in one factor; the squared error after it."""
        tensors = self.tensors
        target = self.target if block.rest is None else self.target - block.rest(tensors)
        wanted = block.projected({**tensors, TARGET: target})
        grams = [self._gram(block, number) for number in range(len(block.grams))]
        near = block.matrix(tensors[block.name])
        found = solve(grams, wanted, near, self.proximal)
        tensors[block.name] = block.weight(found)
        product = (found * (block.applied(grams, found) - 2 * wanted)).sum()
        return float(target.square().sum() + product)

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
    the start first, and whether they converged. A sweep that makes the error larger does so by
    rounding; the factors are those before it, and there is no other.

    Errors: ValueError where numbers overflow.
    """
    errors, converged = [descent.error()], False
    if not isfinite(errors[0]):
        raise ValueError(OVERFLOW)
    best, kept = 0, dict(descent.tensors)
    while errors[-1] >= ZERO and not converged and len(errors) <= iterations:
        error = descent.sweep()
        if not error <= ROUNDED * errors[best] + ZERO:
            break
        errors.append(error)
        told(len(errors) - 1, error)
        if error <= errors[best]:
            best, kept = len(errors) - 1, dict(descent.tensors)
        converged = abs(errors[-2] - error) <= tolerance * error
    descent.tensors.update(kept)
    return errors[: best + 1], converged or errors[best] < ZERO
