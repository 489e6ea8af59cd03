"""The names of a file: what it declares, and what it imports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import takewhile

from tnc.diagnostics import Label, Report, Span, closest, did_you_mean
from tnc.elaborate.calls import TENSOR_FUNCTIONS
from tnc.elaborate.definitions import Constant, Definition, FileNames, Imported
from tnc.elaborate.evaluate import evaluate
from tnc.elaborate.scope import Scope
from tnc.syntax import tree
from tnc.syntax.module import Module, written

STANDARD = "std.nn"
"""The module that passes on the functions of the language."""


@dataclass(slots=True)
class Homes:
    """The names of each file of a compilation. What is wrong with imports and lets of the file
    that is compiled goes to `report`, and errors of other files. `define` makes the definitions of
    layers and externs."""

    report: Report
    define: Callable[[tree.Layer | tree.Extern, FileNames], Definition] = Definition
    _found: dict[Module, FileNames] = field(default_factory=dict)
    _silent: set[Module] = field(default_factory=set)

    def of(self, module: Module) -> FileNames:
        """The names of a file; its lets are evaluated in order."""
        if module not in self._found:
            self._found[module] = self._read(module)
        return self._found[module]

    def _read(self, module: Module) -> FileNames:
        said = Report()
        layers: dict[str, Definition] = {}
        values: dict[str, Constant] = {}
        imported: dict[str, Imported] = {}
        lost: set[str] = set()
        for name, found in self._imports(module, said):
            if found is None:
                lost.add(name)
            else:
                imported[name] = found
        names = FileNames(
            module.name,
            module.source,
            layers,
            values,
            imported,
            {name.text: name.span for name in declared(module.file)},
            module.file.poisoned | lost,
            functions=TENSOR_FUNCTIONS if module.name == STANDARD else frozenset(),
            head=_head(module.file),
        )
        for item in module.file.items:
            if isinstance(item, tree.Layer | tree.Extern):
                layers.setdefault(item.name.text, self.define(item, names))
        scope = Scope(said, module.source, names)
        for item in module.file.items:
            if isinstance(item, tree.Let) and len(item.targets) == 1:
                values[item.targets[0].name.text] = evaluate(item.value, scope)
        self.report.add(*(d for d in said.diagnostics if not module.name or d.severity == "error"))
        if module.name and not said.failed:
            self._silent.add(module)
        return names

    def renewed(self, report: Report, module: Module, define: Callable[..., Definition]) -> Homes:
        """For another compilation: with what is known of the files that `module` imports, unless
        something is wrong with one of them."""
        below: dict[Module, None] = {}
        pending = [*module.imports.values()]
        while pending:
            each = pending.pop()
            if each not in below:
                below[each] = None
                pending += each.imports.values()
        if not self._silent.issuperset(below):
            return Homes(report, define)
        found = {each: self._found[each] for each in below}
        return Homes(report, define, found, {*found})

    @property
    def definitions(self) -> frozenset[Definition]:
        """The layers and externs of all files."""
        return frozenset(each for names in self._found.values() for each in names.layers.values())

    def _imports(self, module: Module, said: Report) -> Iterator[tuple[str, Imported | None]]:
        for item in module.file.items:
            if isinstance(item, tree.Import) and (item.alias or item.path.names):
                inner = module.imports.get(written(item.path))
                bound = item.alias or item.path.names[-1]
                yield bound.text, None if inner is None else self.of(inner)
            elif isinstance(item, tree.FromImport):
                inner = module.imports.get(written(item.path))
                for each in item.names:
                    found = None if inner is None else self._public(inner, each.name, said)
                    yield (each.alias or each.name).text, found
                    if found is None and inner is not None and each.alias is None:
                        for meant in closest(each.name.text, self.of(inner).offered):
                            yield meant, None  # may be used under that name

    def _public(self, module: Module, name: tree.Name, said: Report) -> Imported | None:
        names = self.of(module)
        found = names.public(name.text)
        if found is None and name.text not in names.poisoned:
            said.error(
                "E0103",
                f"`{module.name}` has no `{name.text}`",
                name.span,
                "not found there",
                help=did_you_mean(name.span, names.offered),
            )
        return found


def declared(file: tree.File) -> Iterable[tree.Name]:
    """The names that the items of a file bind."""
    for item in file.items:
        yield from bindings(item)


def bindings(item: tree.Item) -> Iterable[tree.Name]:
    """The names that one item binds."""
    match item:
        case tree.Layer(name=name) | tree.Extern(name=name):
            yield name
        case tree.Let(targets=targets):
            yield from (target.name for target in targets)
        case tree.Import(path=path, alias=alias) if alias or path.names:
            yield alias or path.names[-1]
        case tree.FromImport(names=names):
            yield from (each.alias or each.name for each in names)
        case _:
            pass


def report_duplicates(file: tree.File, report: Report) -> None:
    """E0104"""
    first: dict[str, Span] = {}
    for name in declared(file):
        if name.text in first:
            report.error(
                "E0104",
                f"`{name.text}` is declared twice",
                name.span,
                "declared again here",
                Label(first[name.text], "first declared here"),
            )
        first.setdefault(name.text, name.span)


def _head(file: tree.File) -> Span | None:
    """The end of the last import at the head of a file, else of its edition; None without either:
    what comes first there may be a comment about the file."""
    imports = takewhile(lambda each: isinstance(each, tree.Import | tree.FromImport), file.items)
    spans = [each.span for each in (file.edition, *imports) if each is not None]
    return Span(spans[-1].source, spans[-1].end, spans[-1].end) if spans else None
