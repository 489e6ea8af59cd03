"""Operations that exist only inside the lowering: what a general contraction is made of.

Each has one kernel. They are linear, and are never differentiated in the graph: the gradient rooms
have done so already, and each reading of a pattern is lowered by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from tnc.ir.graph import Op
from tnc.ir.size import Size
from tnc.ir.tensor import Mode, TensorType
from tnc.record import record


def replaced(type_: TensorType, old: Mode, *new: Mode) -> TensorType:
    """The type with the mode `old` replaced by `new`."""
    modes: list[Mode] = []
    for mode in type_.modes:
        modes.extend(new if mode == old else (mode,))
    return TensorType(tuple(modes))


@record
class Edge:
    """`mode` becomes `padded`, with `left` zeros before it; negative amounts crop."""

    mode: Mode
    padded: Mode
    left: Size

    @property
    def right(self) -> Size:
        return self.padded.size - self.mode.size - self.left


@record
class Pad(Op):
    """y[u] = x[u - left], zero outside, along one or several modes."""

    edges: tuple[Edge, ...]

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        (type_,) = operands
        for edge in self.edges:
            type_ = replaced(type_, edge.mode, edge.padded)
        return type_


@record
class Wrap(Op):
    """y[u] = x[(u - left) mod N]; `adjoint` adds every y[u] back to where it came from."""

    mode: Mode
    wrapped: Mode
    left: Size
    adjoint: bool = False

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        old, new = (self.wrapped, self.mode) if self.adjoint else (self.mode, self.wrapped)
        return replaced(operands[0], old, new)


@record
class Flip(Op):
    """Reverse the order along some modes."""

    modes: tuple[Mode, ...]

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        return operands[0]


@record
class Every(Op):
    """y[i] = x[stride·i], where `mode` ends less than a stride behind the last position used;
    `adjoint` puts zeros between the positions."""

    mode: Mode
    result: Mode
    stride: int
    adjoint: bool = False

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        old, new = (self.result, self.mode) if self.adjoint else (self.mode, self.result)
        return replaced(operands[0], old, new)


@record
class Windows(Op):
    """y[i, a] = x[stride·i + dilation·a]; `mode` has exactly the positions that are used."""

    mode: Mode
    result: Mode
    tap: Mode
    stride: int
    dilation: int

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        return replaced(operands[0], self.mode, self.result, self.tap)


@record
class Overlap(Op):
    """x[stride·i + dilation·a] += y[i, a]: the transpose of `Windows`."""

    mode: Mode
    result: Mode
    tap: Mode
    stride: int
    dilation: int

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        return replaced(replaced(operands[0], self.tap), self.result, self.mode)


@record
class Diagonal(Op):
    """y[m] = x[m, m]: `mode` and its `copy`; `adjoint` writes y on the diagonal of zeros."""

    mode: Mode
    copy: Mode
    adjoint: bool = False

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        if self.adjoint:
            return replaced(operands[0], self.mode, self.mode, self.copy)
        return replaced(operands[0], self.copy)


@record
class Ones(Op):
    """Ones, of the type and on the device of the operand."""

    modes: tuple[Mode, ...]

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        return TensorType(self.modes)
