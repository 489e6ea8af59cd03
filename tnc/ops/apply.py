"""Layers inside of layers: barriers, which PyTorch differentiates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from tnc.ir.graph import IllTyped, Op
from tnc.ir.layer import Axes, Instance
from tnc.ir.tensor import TensorType
from tnc.record import record


@record
class Apply(Op):
    """Call a layer: `x |> Block(16)`.

    Shapes:   `given` are the physical axes of the operands, `axes` those of the result number
              `output` of the `results` that the layer gives.
    Calls:    each call that is written has its own number `call`, since a layer may have a state
              (dropout, running statistics); the results of one call share it.
    Gradient: PyTorch's, that is the layer's own derived one.
    """

    multilinear: ClassVar[bool] = False
    instance: Instance
    call: int
    given: tuple[Axes, ...]
    axes: Axes
    output: int = 0
    results: int = 1

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        for operand, axes in zip(operands, self.given, strict=True):
            if {mode for axis in axes for mode in axis} != set(operand.modes):
                raise IllTyped(f"{self.instance.name}: {operand} does not lie on {axes}")
        return TensorType(tuple(mode for axis in self.axes for mode in axis))
