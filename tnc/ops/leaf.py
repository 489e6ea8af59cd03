"""Tensors that come from outside: inputs, weights, buffers, and the seeds of derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from tnc.ir.graph import IllTyped, Op
from tnc.ir.tensor import Mode, TensorType
from tnc.record import record

Kind = Literal["input", "weight", "buffer", "seed", "tangent", "value"]


@record
class Leaf(Op):
    """A tensor that is given.

    Shapes:   `axes` is the memory layout: one physical axis each, split row-major into its modes.
              A mode that stands on two axes takes their diagonal. The result has every mode once.
    Kinds:    `input`, `weight`, `buffer` as declared; `seed`, `tangent` are the cotangents and
              tangents of a derivative; `value` is the result of a barrier or of another region.
    """

    kind: Kind
    name: str
    axes: tuple[tuple[Mode, ...], ...]

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        if operands:
            raise IllTyped("a leaf has no operands")
        return TensorType(tuple(dict.fromkeys(mode for axis in self.axes for mode in axis)))
