"""Sums, scalings and renamings: what stands around contractions."""

from __future__ import annotations

from collections.abc import Sequence

from tnc.ir.graph import Builder, IllTyped, Op, Value
from tnc.ir.scalar import Scalar
from tnc.ir.tensor import Mode, TensorType
from tnc.ops.contract import Contract
from tnc.record import record


@record
class Add(Op):
    """The sum of the operands, broadcast by name to `modes`.

    Shapes:   every operand has a subset of `modes`; the result has exactly `modes`.
    Gradient: the seed, summed over the modes that the operand lacks.
    Cost:     0 macs; one pass over the result per operand.
    """

    modes: tuple[Mode, ...]

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        for operand in operands:
            if extra := set(operand.modes) - set(self.modes):
                raise IllTyped(f"an addend has {sorted(map(str, extra))}, the sum has not")
        return TensorType(self.modes)

    def pull(self, build: Builder, value: Value, seed: Value, k: int) -> Value:
        modes = value.operands[k].type.modes
        if set(modes) == set(self.modes):
            return seed
        return build.make(Contract(modes), (seed,), value.origin)

    def push(self, build: Builder, value: Value, tangent: Value, k: int) -> Value:
        if set(tangent.type.modes) == set(self.modes):
            return tangent
        return build.make(Contract(self.modes), (tangent,), value.origin)


@record
class Scale(Op):
    """The operand times a number that does not depend on any tensor.

    Gradient: the seed, scaled alike.
    """

    factor: Scalar

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        (operand,) = operands
        return operand

    def pull(self, build: Builder, value: Value, seed: Value, k: int) -> Value:
        return build.make(self, (seed,), value.origin)


@record
class Rename(Op):
    """The same elements under other mode names, position by position: `x[n, u, e]`.

    Shapes:   `modes` has one mode per mode of the operand, of the same size.
    Gradient: the seed, renamed back.
    """

    modes: tuple[Mode, ...]

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        (operand,) = operands
        if [mode.size for mode in operand.modes] != [mode.size for mode in self.modes]:
            raise IllTyped(f"{operand} cannot be renamed to {TensorType(self.modes)}")
        return TensorType(self.modes)

    def pull(self, build: Builder, value: Value, seed: Value, k: int) -> Value:
        (operand,) = value.operands
        ordered = build.make(Contract(self.modes), (seed,), value.origin)
        return build.make(Rename(operand.type.modes), (ordered,), value.origin)
