"""The index of a file: from its tree to the occurrences of every symbol."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from tnc.diagnostics import Source
from tnc.driver.live import State
from tnc.editor.layers import read
from tnc.editor.resolve import Place, Resolver
from tnc.editor.symbols import Index, Kind, Occurrence, Symbol
from tnc.syntax import tree
from tnc.syntax.module import Module, written


@dataclass(slots=True)
class Indexer:
    """Makes indices; those of imported files are made once, and kept as long as these are."""

    _made: MutableMapping[Module, Index] = field(default_factory=WeakKeyDictionary)

    def of(self, state: State) -> Index:
        """The index of a text as it stands."""
        return self._indexed(state.module, state.source, state.placed)

    def module(self, module: Module) -> Index:
        """The index of an imported file."""
        if module not in self._made:
            self._made[module] = self._indexed(module, module.source, lambda span: span)
        return self._made[module]

    def offered(self, module: Module) -> list[Symbol]:
        """What a file declares itself, for others to import."""
        return [*self.module(module).offered.values()]

    def public(self, symbol: Symbol, name: str) -> Symbol | None:
        """What an imported file has under a name."""
        return None if symbol.module is None else self.module(symbol.module).offered.get(name)

    def _indexed(self, module: Module, source: Source, place: Place) -> Index:
        found: list[Occurrence] = []
        names: dict[str, Symbol] = {}
        for item in module.file.items:
            self._import(item, module, names, found, place)
        for item in module.file.items:
            if isinstance(item, tree.Layer | tree.Extern):
                _enter(_called(item, place), names, found)
        for item in module.file.items:
            resolver = Resolver(item, names, self.public, place)
            if isinstance(item, tree.Let):
                target = resolver.called(item.value)[0]
                for each in item.targets:
                    span = place(each.name.span)
                    let = Symbol(Kind.LET, each.name.text, span, item, target=target)
                    _enter(let, names, found)
        for item in module.file.items:
            found += read(item, Resolver(item, names, self.public, place))
        unique = {(each.span.start, each.span.end): each for each in reversed(found)}
        ordered = sorted(unique.values(), key=lambda each: each.span.start)
        return Index(source, ordered, names)

    # ------------------------------------------------------------ imports
    def _import(
        self,
        item: tree.Item,
        module: Module,
        names: dict[str, Symbol],
        found: list[Occurrence],
        place: Place,
    ) -> None:
        if not isinstance(item, tree.Import | tree.FromImport) or not item.path.names:
            return
        inner = module.imports.get(written(item.path))
        last = item.path.names[-1]
        file = _file(last, item, inner, place)
        if isinstance(item, tree.Import):
            if item.alias is not None:
                file = _file(item.alias, item, inner, place)
                found.append(Occurrence(place(last.span), file))
            _enter(file, names, found)
            return
        found.append(Occurrence(place(last.span), file, declares=True))
        for each in item.names:
            target = None if inner is None else self.module(inner).offered.get(each.name.text)
            if target is not None:
                found.append(Occurrence(place(each.name.span), target))
                names.setdefault(each.name.text, target)
            if each.alias is not None:
                if target is not None and names.get(each.name.text) is target:
                    del names[each.name.text]
                alias = Symbol(
                    Kind.ALIAS, each.alias.text, place(each.alias.span), each, target=target
                )
                _enter(alias, names, found)


def _enter(symbol: Symbol, names: dict[str, Symbol], found: list[Occurrence]) -> Symbol:
    found.append(Occurrence(symbol.span, symbol, declares=True))
    names.setdefault(symbol.name, symbol)
    return symbol


def _file(name: tree.Name, item: tree.Item, module: Module | None, place: Place) -> Symbol:
    return Symbol(Kind.FILE, name.text, place(name.span), item, module=module)


def _called(item: tree.Layer | tree.Extern, place: Place) -> Symbol:
    kind = Kind.LAYER if isinstance(item, tree.Layer) else Kind.EXTERN
    parameters = {
        each.name.text: Symbol(Kind.PARAMETER, each.name.text, place(each.name.span), each, item)
        for each in item.params or ()
    }
    return Symbol(kind, item.name.text, place(item.name.span), item, None, parameters)
