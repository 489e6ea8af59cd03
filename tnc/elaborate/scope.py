"""All that an equation can mention: the names of a layer, its modes and their sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tnc.elaborate.modes import Modes
from tnc.elaborate.names import Names
from tnc.elaborate.sizes import Sizes
from tnc.ir.graph import Builder
from tnc.ir.size import Size
from tnc.syntax import tree


@dataclass(slots=True)
class Scope(Names):
    """The names of one layer with its modes and their sizes, which follow from `body`."""

    body: Sequence[tree.Statement] = ()
    build: Builder = field(default_factory=Builder)
    modes: Modes = field(init=False)
    sizes: Sizes = field(init=False)

    def __post_init__(self) -> None:
        self.modes = Modes(self)
        self.sizes = Sizes(self, self.modes, self.body)

    def is_mode(self, text: str) -> bool:
        return text in self.modes.names

    def extent(self, expr: tree.Expr) -> Size | None:
        found = self.modes.referred(expr, self)
        return None if found is None else Size.product(map(self.sizes.of, found))
