"""All that an equation can mention: the names of a layer, its modes and their sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tnc.diagnostics import Span
from tnc.elaborate.instances import Instances
from tnc.elaborate.library import Library, Overrides
from tnc.elaborate.modes import Modes
from tnc.elaborate.names import Names
from tnc.elaborate.positions import Positions
from tnc.elaborate.sizes import Sizes
from tnc.ir.graph import Builder
from tnc.ir.size import Size
from tnc.syntax import tree


@dataclass(slots=True)
class Scope(Names):
    """The names of one layer with its modes and their sizes, which follow from `body`. `library`
    elaborates the layers inside, `overrides` are meant for them."""

    body: Sequence[tree.Statement] = ()
    library: Library = field(default_factory=lambda: Library(lambda _: None))
    overrides: Overrides = ()
    build: Builder = field(default_factory=Builder)
    instances: Instances = field(default_factory=Instances)
    modes: Modes = field(init=False)
    sizes: Sizes = field(init=False)
    positions: Positions = field(init=False)

    def __post_init__(self) -> None:
        self.modes = Modes(self)
        self.sizes = Sizes(self, self.modes, self.body)
        self.positions = Positions(self._declared_size)

    def _declared_size(self, key: str) -> Size | None:
        single = next((each for each in self.modes.every() if each.key == key), None)
        return None if single is None else self.sizes.of(single)

    def is_mode(self, text: str) -> bool:
        return text in self.modes.names

    def extent(self, expr: tree.Expr) -> Size | None:
        found = self.modes.referred(expr, self)
        return None if found is None else Size.product(map(self.sizes.of, found))

    def rank(self, ratio: float, span: Span) -> Size:
        return self.sizes.rank(ratio, span)
