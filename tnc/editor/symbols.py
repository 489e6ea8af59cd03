"""What the names of a text stand for, and where each of them is written."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import field
from enum import Enum

from tnc.diagnostics import Source, Span
from tnc.record import record
from tnc.syntax import tree
from tnc.syntax.module import Module


class Kind(Enum):
    """What a name stands for."""

    LAYER = "layer"
    EXTERN = "extern"
    PARAMETER = "parameter"
    MODE = "mode"
    INPUT = "input"
    WEIGHT = "weight"
    BUFFER = "buffer"
    OUTPUT = "output"
    LET = "let"
    INDEX = "index"
    FILE = "file"
    ALIAS = "alias"


DEEPEST = 16
TENSORS = frozenset({Kind.INPUT, Kind.WEIGHT, Kind.BUFFER, Kind.OUTPUT})
CALLED = frozenset({Kind.LAYER, Kind.EXTERN})


@record(eq=False)
class Symbol:
    """Something with a name. `span`: where it is declared; `node`: by what; `item`: the item of the
    file in which it is known, None if it is known in all of it. `parameters` are those of a layer
    or an extern. `target`: what an alias stands for, or the layer that a `let` makes another of.
    `module`: the file that a name of an import stands for."""

    kind: Kind
    name: str
    span: Span
    node: tree.Node
    item: tree.Item | None = None
    parameters: Mapping[str, Symbol] = field(default_factory=dict)
    target: Symbol | None = None
    module: Module | None = None

    @property
    def place(self) -> tuple[Source, int, str]:
        """Equal for what is one symbol, however often the file was read."""
        return self.span.source, self.span.start, self.name

    @property
    def tensor(self) -> bool:
        """Whether it is a tensor, or a family of them, as far as the text shows."""
        if isinstance(self.node, tree.Let):
            return any(each.modes for each in self.node.targets if each.name.text == self.name)
        return self.kind in TENSORS

    @property
    def family(self) -> bool:
        """Whether it is a family of modes or of tensors."""
        node = self.node
        return isinstance(node, tree.TensorDecl | tree.ModeDecl) and node.binder is not None

    @property
    def generic(self) -> bool:
        """Whether it is a parameter that stands for a layer."""
        node = self.node
        type = node.type if isinstance(node, tree.Param) else None
        return isinstance(type, tree.TypeName) and type.text == "layer"

    @property
    def called(self) -> Symbol | None:
        """The layer or extern that is called by this name."""
        found: Symbol | None = self
        for _ in range(DEEPEST):  # a chain of names may be a circle while it is written
            if found is None or found.kind in CALLED:
                return found
            found = found.target
        return None


@record
class Occurrence:
    """A name in a text. `certain`: not only as long as a parameter has its default."""

    span: Span
    symbol: Symbol
    declares: bool = False
    certain: bool = True


@record(eq=False)
class Index:
    """The names of one file, in order of position. `public` are those known in all of it."""

    source: Source
    occurrences: Sequence[Occurrence]
    public: Mapping[str, Symbol]

    def at(self, offset: int) -> Occurrence | None:
        """The name at an offset, or that ends there."""
        k = bisect_right(self.occurrences, offset, key=lambda each: each.span.start) - 1
        if k < 0 or self.occurrences[k].span.end < offset:
            return None
        return self.occurrences[k]

    def of(self, symbol: Symbol) -> list[Occurrence]:
        """Everywhere the symbol is written in this file."""
        return [each for each in self.occurrences if each.symbol.place == symbol.place]

    @property
    def symbols(self) -> list[Symbol]:
        """What this file declares, in order."""
        return [each.symbol for each in self.occurrences if each.declares]

    @property
    def offered(self) -> dict[str, Symbol]:
        """What others can import: what the file declares itself."""
        return {
            name: each
            for name, each in self.public.items()
            if each.span.source is self.source and each.kind not in {Kind.FILE, Kind.ALIAS}
        }

    def within(self, item: tree.Item) -> list[Symbol]:
        """What is known in an item alone, in the order in which it is written."""
        found = {each.symbol: None for each in self.occurrences if each.symbol.item is item}
        return list(found)
