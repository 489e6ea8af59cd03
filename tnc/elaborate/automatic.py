"""`init: auto`: factors scaled such that the kernel they represent has Kaiming variance."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tnc.ir.graph import Value, reachable
from tnc.ir.tensor import Mode
from tnc.ops import Add, Contract, Leaf, Rename, Scale


@dataclass(frozen=True, slots=True)
class _Kernel:
    """The weights of a term, and the sizes of what is summed between them alone."""

    weights: tuple[str, ...]
    bonds: int


def deviations(outputs: Sequence[Value]) -> dict[str, float]:
    """The standard deviation of each weight that multiplies something; the first term decides.

    For K independent factors the represented kernel has variance Π(bonds)·Π σ², so
    σ = (v / Π bonds)^(1/2K), where v = 2 / fan_in; a sum of m such terms gives each v / m.

    Source: He et al. 2015 (arXiv 1502.01852).
    """
    values = reachable(outputs)
    moving = _depend_on_input(values)
    shares = _shares(values, moving)
    found: dict[str, float] = {}
    for value in values:
        if isinstance(value.op, Contract) and value in moving:
            kernel = _kernel([o for o in value.operands if o not in moving], _bonds(value, moving))
            variance = 2 / (_fan_in(value, moving) * shares.get(value, 1))
            for name in kernel.weights:
                exponent = 1 / (2 * len(kernel.weights))
                found.setdefault(name, (variance / kernel.bonds) ** exponent)
    return found


def _depend_on_input(values: Iterable[Value]) -> frozenset[Value]:
    moving: set[Value] = set()
    for value in values:
        given = isinstance(value.op, Leaf) and value.op.kind in {"input", "value"}
        if given or any(operand in moving for operand in value.operands):
            moving.add(value)
    return frozenset(moving)


# ---------------------------------------------------------------- the represented kernel


def _kernel(operands: Iterable[Value], bonds: int) -> _Kernel:
    weights: list[str] = []
    for operand in operands:
        inner = _represented(operand)
        weights += inner.weights
        bonds *= inner.bonds
    return _Kernel(tuple(weights), bonds)


def _represented(value: Value) -> _Kernel:
    """The weights that a value without inputs is made of."""
    match value.op:
        case Leaf(kind="weight", name=name):
            return _Kernel((name,), 1)
        case Contract():
            return _kernel(value.operands, _sizes(_summed(value)))
        case _:
            return _kernel(value.operands, 1)


def _summed(value: Value) -> dict[str, Mode]:
    """The modes that a contraction sums, those of its patterns included."""
    assert isinstance(value.op, Contract)
    modes = {mode.name: mode for operand in value.operands for mode in operand.type.modes}
    kept = {mode.name for mode in value.type.modes}
    return {name: mode for name, mode in modes.items() if name not in kept}


def _bonds(value: Value, moving: frozenset[Value]) -> int:
    outer = _outer(value, moving)
    return _sizes({name: mode for name, mode in _summed(value).items() if name not in outer})


def _fan_in(value: Value, moving: frozenset[Value]) -> int:
    """The modes summed between weights and data: shared, or taps that meet a signal."""
    outer, inner = _outer(value, moving), _carried(value, moving, data=False)
    summed = _summed(value).items()
    return _sizes({name: mode for name, mode in summed if name in outer and name in inner})


def _outer(value: Value, moving: frozenset[Value]) -> frozenset[str]:
    """What data has, and what a convolution joins to it."""
    assert isinstance(value.op, Contract)
    names = _carried(value, moving, data=True)
    for pattern in value.op.patterns:
        legs = {leg.name for leg in pattern.legs}
        if legs & names:
            names |= legs
    return names


def _carried(value: Value, moving: frozenset[Value], *, data: bool) -> frozenset[str]:
    return frozenset(
        mode.name
        for operand in value.operands
        if (operand in moving or _is_buffer(operand)) is data
        for mode in operand.type.modes
    )


def _is_buffer(value: Value) -> bool:
    while isinstance(value.op, Rename | Scale):
        (value,) = value.operands
    return isinstance(value.op, Leaf) and value.op.kind == "buffer"


def _sizes(modes: Mapping[str, Mode]) -> int:
    """The product of the sizes that are known; run-time ones are left out."""
    return math.prod(mode.size.value or 1 for mode in modes.values())


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
            isinstance(each.op, Contract)
            and each in moving
            and any(_represented(o).weights for o in each.operands if o not in moving)
        ):
            yield each
