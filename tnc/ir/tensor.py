"""Modes (named axes) and the types of tensors over them."""

from __future__ import annotations

from dataclasses import field
from weakref import WeakValueDictionary

from tnc.ir.size import Size
from tnc.record import record


@record(eq=False, weakref_slot=True)
class Mode:
    """A named axis. Within one graph a name has one size. A `unit` mode has size 1.

    Modes that are equal are one object, so to compare and to hash them costs next to nothing.
    """

    name: str
    size: Size
    unit: bool = field(init=False, repr=False)

    def __new__(cls, name: str, size: Size) -> Mode:
        if (found := _MODES.get((name, size))) is not None:
            return found
        made = object.__new__(cls)
        Mode.__init__(made, name, size)  # before another thread finds it
        return _MODES.setdefault((name, size), made)

    def __post_init__(self) -> None:
        object.__setattr__(self, "unit", self.size.value == 1)

    def __getnewargs__(self) -> tuple[str, Size]:
        return self.name, self.size

    def __str__(self) -> str:
        return self.name


_MODES: WeakValueDictionary[tuple[str, Size], Mode] = WeakValueDictionary()


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
