"""The axes of results that are bound without modes: told apart by their places alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tnc.ir.size import Size
from tnc.ir.tensor import Mode


@dataclass(slots=True)
class Positions:
    """One mode of the graph for each place and size, so that tensors of equal sizes add up axis
    by axis.

    An axis that continues one with a name is called like it, and is that very mode as long as the
    size is the same: `over: [h, w]` finds it, and comments are readable. `declared` gives the
    size of a mode of the layer, or None.
    """

    declared: Callable[[str], Size | None]
    _modes: dict[tuple[int, Size], Mode] = field(default_factory=dict)
    _labels: dict[str, str] = field(default_factory=dict)

    def mode(self, place: int, size: Size, label: str | None = None) -> Mode:
        """The mode of an axis; `label` is the mode that it continues."""
        if (place, size) not in self._modes:
            mode = Mode(self._name(place, size, label), size)
            self._modes[place, size] = mode
            if label is not None:
                self._labels[mode.name] = label
        return self._modes[place, size]

    @property
    def continued(self) -> tuple[tuple[str, str], ...]:
        """The modes that continue one with a name, and which."""
        return tuple(self._labels.items())

    def label(self, name: str) -> str:
        """The mode which a mode of the graph continues, perhaps itself."""
        return self._labels.get(name, name)

    def _name(self, place: int, size: Size, label: str | None) -> str:
        taken = {mode.name for mode in self._modes.values()}
        stem = label or f"axis{place}"
        if self.declared(stem) == size and stem not in taken:
            return stem
        if size.value is not None:
            stem = f"{stem}_{size.value}"
        name, count = stem, 1
        while name in taken or self.declared(name) is not None:
            count += 1
            name = f"{stem}_{count}"
        return name
