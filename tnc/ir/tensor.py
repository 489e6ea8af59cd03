"""Modes (named axes) and the types of tensors over them."""

from __future__ import annotations

from dataclasses import dataclass

from tnc.ir.size import Size


@dataclass(frozen=True, slots=True)
class Mode:
    """A named axis. Within one graph a name has one size."""

    name: str
    size: Size

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class TensorType:
    """The modes of a tensor. Their order is only how the tensor is written; the memory layout of
    an intermediate is chosen by the lowering."""

    modes: tuple[Mode, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(mode.name for mode in self.modes)

    @property
    def elements(self) -> Size:
        """Number of elements."""
        return Size.product(mode.size for mode in self.modes)

    def __contains__(self, mode: Mode) -> bool:
        return mode in self.modes

    def __str__(self) -> str:
        return f"[{', '.join(self.names)}]"
