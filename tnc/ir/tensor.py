"""Modes (named axes) and the types of tensors over them."""

from __future__ import annotations

from dataclasses import field

from tnc.ir.size import Size
from tnc.record import record


@record
class Mode:
    """A named axis. Within one graph a name has one size. A `unit` mode has size 1."""

    name: str
    size: Size
    unit: bool = field(init=False, repr=False, compare=False)
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "unit", self.size.value == 1)
        object.__setattr__(self, "_hash", hash((self.name, self.size)))

    def __eq__(self, other: object) -> bool:  # most are told apart by their names
        if not isinstance(other, Mode):
            return NotImplemented
        return self.name == other.name and self.size == other.size

    def __hash__(self) -> int:
        return self._hash

    def __str__(self) -> str:
        return self.name


@record
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
