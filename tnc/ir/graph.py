"""Values and graphs: an interned, immutable directed acyclic graph of operations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tnc.diagnostics.span import Span
from tnc.ir.op import Op
from tnc.ir.tensor import TensorType


@dataclass(frozen=True, slots=True, eq=False)
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


@dataclass(frozen=True, slots=True)
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
