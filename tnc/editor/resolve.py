"""From the names in the tree of an item to the symbols that they stand for.

Nothing is evaluated and nothing reported: a name that cannot be resolved has no symbol.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from tnc.diagnostics import Span
from tnc.editor.symbols import DEEPEST, Kind, Occurrence, Symbol
from tnc.elaborate.usage import MODES_AFTER
from tnc.syntax import tree

Place = Callable[[Span], Span]
Public = Callable[[Symbol, str], Symbol | None]
"""The symbol that an imported file has under a name."""


@dataclass(slots=True)
class Resolver:
    """Collects the occurrences of one item. `outer`: the names of the file; `place`: where spans
    of the tree are in the text."""

    item: tree.Item
    outer: Mapping[str, Symbol]
    public: Public
    place: Place
    found: list[Occurrence] = field(default_factory=list)
    values: dict[str, Symbol] = field(default_factory=dict)
    modes: dict[str, Symbol] = field(default_factory=dict)

    # ------------------------------------------------------------ declaring
    def declare(
        self, kind: Kind, name: tree.Name, node: tree.Node, target: Symbol | None = None
    ) -> Symbol:
        """A new name of the item; where it is one already, an occurrence of that."""
        table = self.modes if kind is Kind.MODE else self.values
        known = table.get(name.text)
        if known is None or kind is Kind.INDEX:
            known = Symbol(kind, name.text, self.place(name.span), node, self.item, target=target)
            table[name.text] = known
        first = known.span == self.place(name.span)
        self.found.append(Occurrence(self.place(name.span), known, declares=first))
        return known

    def use(self, name: tree.Name, symbol: Symbol | None, certain: bool = True) -> None:
        if symbol is not None:
            self.found.append(Occurrence(self.place(name.span), symbol, certain=certain))

    def lookup(self, text: str) -> Symbol | None:
        """What a value, a tensor or a layer of this name is."""
        return self.values.get(text) or self.outer.get(text)

    @contextmanager
    def bound(self, binder: tree.Binder | None) -> Iterator[None]:
        """Its index is known inside."""
        if binder is None:
            yield
            return
        self.value(binder.first)
        self.value(binder.last)
        before = dict(self.values)
        self.declare(Kind.INDEX, binder.index, binder)
        yield
        declared = {k: v for k, v in self.values.items() if k not in before}
        declared.pop(binder.index.text, None)
        self.values = before | declared

    # ------------------------------------------------------------ values
    def read(self, *nodes: tree.Node | None) -> None:
        """Where values, tensors and layers are named."""
        for node in nodes:
            if node is not None:
                self.value(node)

    def value(self, node: tree.Node) -> None:
        match node:
            case tree.Name(text=text):
                self.use(node, self.lookup(text))
            case tree.Subscript():
                self._subscript(node)
            case tree.Call():
                self._call(node)
            case tree.Member(value=value):
                self.value(value)
                self.use(node.name, self.member(node))
            case tree.Generator(body=body, binder=binder) | tree.ListFor(body=body, binder=binder):
                with self.bound(binder):
                    self.value(body)
            case tree.Repeat(count=count, binder=binder, stage=stage):
                self.read(count)
                with self.bound(binder):
                    self.value(stage)
            case tree.Argument(value=value):
                self.value(value)
            case tree.Binary():
                self.read(*tree.chain(node))
            case _:
                self.read(*tree.children(node))

    def member(self, node: tree.Member) -> Symbol | None:
        """What `tt.Linear` is."""
        match node.value:
            case tree.Name(text=text):
                outer = self.lookup(text)
            case tree.Member() as inner:
                outer = self.member(inner)
            case _:
                outer = None
        return None if outer is None else self.public(outer, node.name.text)

    def _subscript(self, node: tree.Subscript) -> None:
        """Indices of a list or family, or modes of a tensor."""
        base: tree.Expr = node
        depth = 0
        while isinstance(base, tree.Subscript):
            base, depth = base.value, depth + 1
        self.value(node.value)
        symbol = self.lookup(base.text) if isinstance(base, tree.Name) else None
        if not isinstance(base, tree.Name) or (symbol and _takes_modes(symbol, depth)):
            self.as_modes(*node.items)
        elif symbol is not None:
            self.read(*node.items)
        else:
            for each in node.items:
                known = isinstance(each, tree.Name) and each.text in self.modes
                (self.as_modes if known else self.read)(each)

    def _call(self, node: tree.Call) -> None:
        name = node.function.text if isinstance(node.function, tree.Name) else ""
        name = "" if name in self.values else name
        self.value(node.function)
        called, certain = self.called(node.function)
        for k, each in enumerate(node.arguments):
            if isinstance(each, tree.Generator):
                self.value(each)
                continue
            named = each.name.text if each.name else ""
            if each.name is not None and called is not None:
                self.use(each.name, called.parameters.get(named), certain)
            if named in MODES_AFTER or name == "size" or (name == "mask" and k):
                self.as_modes(each.value)
            else:
                self.value(each.value)

    def called(self, node: tree.Expr, depth: int = 0) -> tuple[Symbol | None, bool]:
        """The layer whose parameters stand in the parentheses after an expression; whether that is
        certain, or so by default only."""
        match node:
            case tree.Name(text=text):
                symbol = self.lookup(text)
            case tree.Member():
                symbol = self.member(node)
            case tree.Call(function=function):
                return self.called(function, depth + 1)
            case _:
                return None, False
        if symbol is None or depth > DEEPEST:
            return None, False
        if symbol.kind is Kind.PARAMETER and isinstance(symbol.node, tree.Param):
            default = symbol.node.default
            return (None if default is None else self.called(default, depth + 1)[0]), False
        if symbol.item is not None and isinstance(symbol.node, tree.Let):
            return self.called(symbol.node.value, depth + 1)
        return symbol.called, True

    # ------------------------------------------------------------ modes
    def as_modes(self, *nodes: tree.Node) -> None:
        """Where modes are named."""
        for node in nodes:
            match node:
                case tree.Name(text=text):
                    self.use(node, self.modes.get(text) or self._number(text))
                case tree.Subscript(value=value, items=items):
                    self.as_modes(value)
                    self.read(*items)
                case tree.Ref(name=name, indices=indices):
                    self.as_modes(name)
                    self.read(*indices)
                case _:
                    self.as_modes(*tree.children(node))

    def _number(self, text: str) -> Symbol | None:
        """Among modes, in `mask(z, t >= i)` and in signatures, a value may stand."""
        known = self.values.get(text)
        return known if known and known.kind in {Kind.PARAMETER, Kind.INDEX, Kind.LET} else None

    def declared_or_modes(self, nodes: Iterable[tree.Node]) -> None:
        """The modes of a signature, which are declared where they stand first."""
        for node in nodes:
            for each in tree.walk(node):
                if isinstance(each, tree.Name) and each.text not in self.values:
                    self.declare(Kind.MODE, each, node)
                elif isinstance(each, tree.Name):
                    self.use(each, self.values[each.text])


def _takes_modes(symbol: Symbol, depth: int) -> bool:
    """Whether brackets after a name, the last of `depth`, hold modes."""
    return symbol.tensor and depth == (2 if symbol.family else 1)
