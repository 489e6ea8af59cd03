"""Which part a mode plays in a product of two operands."""

from __future__ import annotations

from collections.abc import Sequence

from tnc.ir.graph import Value
from tnc.ir.tensor import Mode
from tnc.ops import Contract, Pattern
from tnc.record import record

RESULT = 2
"""The place of the result, beside operands 0 and 1."""


@record
class Product:
    """A product without patterns, in which every mode plays one of these parts."""

    batch: frozenset[Mode]
    contracted: frozenset[Mode]
    left: frozenset[Mode]
    right: frozenset[Mode]


def product_roles(value: Value) -> Product:
    left, right = (frozenset(operand.type.modes) for operand in value.operands)
    keep = frozenset(value.type.modes)
    shared = left & right
    return Product(shared & keep, shared - keep, left - right, right - left)


def place(mode: Mode, keep: Sequence[Mode], operands: Sequence[Value]) -> tuple[int, ...]:
    """Where a mode occurs: the operands by number, and RESULT."""
    found = [k for k, operand in enumerate(operands) if mode in operand.type]
    return (*found, RESULT) if mode in keep else tuple(found)


def reading(
    pattern: Pattern, keep: Sequence[Mode], operands: Sequence[Value]
) -> tuple[int, int, int] | None:
    """Which of the three tensors carries the signal, the result and the tap, if each has one of
    its own. With a single operand, one leg may be carried by none: it counts as operand 1."""
    places = [place(leg, keep, operands) for leg in pattern.legs]
    if len(operands) == 1:
        places = [one or (1,) for one in places]
    numbers = tuple(one[0] for one in places if len(one) == 1)
    if len(numbers) == 3 and set(numbers) == {0, 1, RESULT}:
        return numbers
    return None


@record
class Roles:
    """A convolution step: three tensors, of which two are given.

        Y[batch, group out, i…] = Σ X[batch, group in, p…] W[group out, in, a…] P…

    `signal`, `result` and `tap` say which of operands 0 and 1 and RESULT is X, Y and W.
    """

    signal: int
    result: int
    tap: int
    batch: frozenset[Mode]
    group: frozenset[Mode]
    inner: frozenset[Mode]
    outer: frozenset[Mode]


def convolution_roles(value: Value) -> Roles:
    assert isinstance(value.op, Contract)
    found = reading(value.op.patterns[0], value.type.modes, value.operands)
    assert found is not None
    legs = {leg for pattern in value.op.patterns for leg in pattern.legs}
    tensors = [*(frozenset(one.type.modes) - legs for one in value.operands)]
    tensors.append(frozenset(value.type.modes) - legs)
    x, y, w = (tensors[k] for k in found)
    return Roles(
        *found,
        batch=(x & y) - w,
        group=x & y & w,
        inner=(x & w) - y,
        outer=(w & y) - x,
    )
