"""Operations, values and graphs: an interned, immutable directed acyclic graph.

An operation holds the rules that every room asks it for, which speak of values.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from tnc.diagnostics.span import Span
from tnc.ir.tensor import TensorType
from tnc.record import record


class Op(ABC):
    """An operation *is* its attributes: subclasses are frozen dataclasses, equal when alike.

    `multilinear` operations are differentiated by `pull` and `push`, in the graph; the others are
    barriers, which PyTorch differentiates.
    """

    __slots__ = ()
    multilinear: ClassVar[bool] = True

    @abstractmethod
    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        """The type of the result; `IllTyped` when the operands do not fit."""

    def pull(self, build: Builder, value: Value, seed: Value, k: int) -> Value:
        """The cotangent of operand `k`, given the cotangent `seed` of `value`."""
        raise TypeError(f"{type(self).__name__} is a barrier: it has no derivative in the graph")

    def push(self, build: Builder, value: Value, tangent: Value, k: int) -> Value:
        """The part of the tangent of `value` that the tangent of operand `k` causes.

        For an operation that is linear in each operand: the operation itself, with operand `k`
        replaced.
        """
        operands = (*value.operands[:k], tangent, *value.operands[k + 1 :])
        return build.make(self, operands, value.origin)


class IllTyped(ValueError):
    """An operation was given operands which do not fit: an error of the compiler, not of a user."""


@record(eq=False)
class Value:
    """The result of one operation. Made only by a `Builder`, which interns: within one builder,
    identity is equality, and neither hashing nor printing walks the ancestors.

    `serial` numbers the values of a builder in order of making, hence topologically.
    """

    op: Op
    operands: tuple[Value, ...]
    type: TensorType
    serial: int
    origin: Span | None

    def __repr__(self) -> str:
        return f"%{self.serial}{self.type}"


class Builder:
    """Makes values. The same operation on the same operands is the same value."""

    def __init__(self) -> None:
        self._made: dict[tuple[Op, tuple[int, ...]], Value] = {}

    def make(self, op: Op, operands: Iterable[Value] = (), origin: Span | None = None) -> Value:
        operands = tuple(operands)
        key = (op, tuple(operand.serial for operand in operands))
        if (found := self._made.get(key)) is None:
            result = op.infer([operand.type for operand in operands])
            found = Value(op, operands, result, len(self._made), origin)
            self._made[key] = found
        return found


@record
class Graph:
    """What is to be computed: the outputs. Whatever they do not reach is dead."""

    outputs: tuple[Value, ...]

    @property
    def values(self) -> tuple[Value, ...]:
        """Every value the outputs need, operands first."""
        return reachable(self.outputs)

    def __iter__(self) -> Iterator[Value]:
        return iter(self.values)


def reachable(outputs: Sequence[Value], stop: frozenset[Value] = frozenset()) -> tuple[Value, ...]:
    """The ancestors of `outputs` and these themselves, operands first; not beyond `stop`."""
    found: set[Value] = set()
    pending = list(outputs)
    while pending:
        value = pending.pop()
        if value not in found:
            found.add(value)
            if value not in stop:
                pending.extend(value.operands)
    return tuple(sorted(found, key=lambda value: value.serial))
