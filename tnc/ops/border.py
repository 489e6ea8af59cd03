"""Borders of a signal that are materialised: reflect and replicate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from tnc.ir.graph import Builder, IllTyped, Op, Value
from tnc.ir.size import Size
from tnc.ir.tensor import Mode, TensorType
from tnc.record import record


@record
class Border(Op):
    """Extend `mode` by a border whose elements are copies of inner ones.

        y[u] = x[c(u - left)]    reflect:   c mirrors about the first and last position
                                 replicate: c clamps to the first and last position

    Shapes:   `mode` (size N) becomes `padded` (size N + left + right); the others stay.
    Gradient: linear; its transpose is the same operation with `adjoint` set, which adds every
              element of the border back to the element it was copied from.
    """

    kind: Literal["reflect", "replicate"]
    mode: Mode
    padded: Mode
    left: Size
    adjoint: bool = False

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        (operand,) = operands
        old, new = (self.padded, self.mode) if self.adjoint else (self.mode, self.padded)
        if old not in operand:
            raise IllTyped(f"{operand} has no mode {old}")
        return TensorType(tuple(new if mode == old else mode for mode in operand.modes))

    def pull(self, build: Builder, value: Value, seed: Value, k: int) -> Value:
        other = Border(self.kind, self.mode, self.padded, self.left, not self.adjoint)
        return build.make(other, (seed,), value.origin)
