"""`init: auto`: factors scaled such that the kernel they represent has Kaiming variance."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tnc.ir.graph import Value, reachable
from tnc.ops import Add, Contract, Leaf, Scale


@dataclass(frozen=True, slots=True)
class _Kernel:
    """The weights of a term, and the product of the sizes of their modes that are summed; run-time
    sizes are left out."""

    weights: tuple[str, ...]
    summed: int


def deviations(outputs: Sequence[Value]) -> dict[str, float]:
    """The standard deviation of each weight that multiplies something; the first term decides.

    For K independent factors the represented kernel has variance Π(bonds)·Π σ², which shall be
    v = 2 / fan_in; a sum of m such terms gives each v / m. Bonds and fan_in together are the modes
    that are summed and that a weight has (or a buffer), so σ = (2 / (m · Π summed))^(1/2K).

    Source: He et al. 2015 (arXiv 1502.01852).
    """
    values = reachable(outputs)
    moving = _depend_on_input(values)
    shares = _shares(values, moving)
    found: dict[str, float] = {}
    for value in values:
        if isinstance(value.op, Contract) and value in moving:
            kernel = _represented(value, moving)
            variance = 2 / (kernel.summed * shares.get(value, 1))
            for name in kernel.weights:
                found.setdefault(name, variance ** (1 / (2 * len(kernel.weights))))
    return found


def _depend_on_input(values: Iterable[Value]) -> frozenset[Value]:
    moving: set[Value] = set()
    for value in values:
        given = isinstance(value.op, Leaf) and value.op.kind in {"input", "value"}
        if given or any(operand in moving for operand in value.operands):
            moving.add(value)
    return frozenset(moving)


# ---------------------------------------------------------------- the represented kernel


def _represented(value: Value, moving: frozenset[Value]) -> _Kernel:
    """The weights that a value is made of, not looking behind what depends on an input."""
    if isinstance(value.op, Leaf):
        return _Kernel((value.op.name,) if value.op.kind == "weight" else (), 1)
    still = [operand for operand in value.operands if operand not in moving]
    parts = [_represented(operand, moving) for operand in still]
    weights = tuple(name for part in parts for name in part.weights)
    summed = math.prod(part.summed for part in parts)
    if isinstance(value.op, Contract):
        kept = {mode.name for mode in value.type.modes}
        modes = {mode.name: mode for operand in still for mode in operand.type.modes}
        summed *= math.prod(
            mode.size.value or 1 for mode in modes.values() if mode.name not in kept
        )
    return _Kernel(weights, summed)


# ---------------------------------------------------------------- sums


def _shares(values: Iterable[Value], moving: frozenset[Value]) -> dict[Value, int]:
    """How many terms with weights share a sum with each contraction."""
    shares: dict[Value, int] = {}
    for value in values:
        if isinstance(value.op, Add):
            terms = list(_terms(value, moving))
            for term in terms:
                shares[term] = max(shares.get(term, 1), len(terms))
    return shares


def _terms(value: Value, moving: frozenset[Value]) -> Iterator[Value]:
    pending = list(value.operands)
    while pending:
        each = pending.pop()
        if isinstance(each.op, Add | Scale):
            pending += each.operands
        elif (
            isinstance(each.op, Contract) and each in moving and _represented(each, moving).weights
        ):
            yield each
