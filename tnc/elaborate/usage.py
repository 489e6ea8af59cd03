"""What is declared and never used."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field

from tnc.diagnostics import Edit, Help, Report, Span
from tnc.elaborate.reserved import misused
from tnc.syntax import tree

MODES_AFTER = frozenset({"over", "fan"})


@dataclass(slots=True)
class Mentions:
    """The names that a stretch of text uses, as values (tensors among them) and as modes. Where it
    is not clear which of the two is meant, both are."""

    values: set[str] = field(default_factory=set)
    modes: set[str] = field(default_factory=set)

    def read(self, *nodes: tree.Node | None) -> Mentions:
        """Add what the nodes mention where values are expected."""
        for node in nodes:
            if node is not None:
                self._read(node, as_modes=False)
        return self

    def _read(self, start: tree.Node, as_modes: bool) -> None:
        pending = [(start, as_modes)]
        while pending:
            node, as_modes = pending.pop()
            pending += self._below(node, as_modes)

    def _below(self, node: tree.Node, as_modes: bool) -> list[tuple[tree.Node, bool]]:
        match node:
            case tree.Name(text=text):
                (self.modes if as_modes else self.values).add(text)
                return []
            case tree.ModeDecl(binder=binder, size=size, alias=alias):
                below = [(each, False) for each in (binder, size) if each]
                return [*below, (alias, True)] if alias else [*below]
            case tree.Ref(name=name, indices=indices):
                return [(name, True), *((index, False) for index in indices)]
            case tree.TensorDecl(binder=binder, modes=modes):
                return [(modes, True), *([(binder, False)] if binder else [])]
            case tree.Target(modes=modes):
                return [(modes, True)] if modes else []
            case tree.Binder(first=first, last=last):
                return [(first, False), (last, False)]
            case tree.Argument(name=name, value=value):
                named = name is not None and name.text in MODES_AFTER
                return [(value, named or as_modes)]
            case tree.Subscript(value=value, items=items):
                inside = [(item, False) for item in items]
                unclear = [] if as_modes else [(item, True) for item in items]
                return [(value, as_modes), *inside, *unclear]
            case tree.Call(function=function, arguments=arguments):
                return self._called(function, arguments, as_modes)
            case _:
                return [(each, as_modes) for each in tree.children(node)]

    def _called(
        self,
        function: tree.Expr,
        arguments: tuple[tree.Argument | tree.Generator, ...],
        as_modes: bool,
    ) -> list[tuple[tree.Node, bool]]:
        name = function.text if isinstance(function, tree.Name) else ""
        below: list[tuple[tree.Node, bool]] = [(function, False)]
        below += [(each, as_modes or name == "size") for each in arguments]
        if name == "mask":
            below += [(each, True) for each in arguments[1:]]
        return below


UNCLEAR = frozenset({"E0101", "E0102", "E0103", "E0210"})
"""After these it is not clear what is used: one name may be a slip for another."""


def unclear(report: Report) -> bool:
    """Whether names were reported, so that nothing is to be said about those without a use."""
    return any(each.code in UNCLEAR for each in report.diagnostics)


def warn(layer: tree.Layer, report: Report) -> None:
    """W0101 and W0102 for one layer."""
    if layer.incomplete or unclear(report):
        return
    mentioned = Mentions().read(*layer.body)
    for param in layer.params:
        mentioned.read(param.default)
    for param in layer.params:
        if param.name.text not in mentioned.values and not misused(param.name):
            _unused("W0102", "parameter", param.name, report)
    reached = _reached(layer)
    for statement in layer.body:
        if isinstance(statement, tree.Mode):
            for node in statement.declarations:
                if node.name.text not in mentioned.modes and not misused(node.name):
                    _unused("W0102", "mode", node.name, report)
        elif isinstance(statement, tree.Tensors) and statement.kind != "input":
            for declared in statement.declarations:
                if declared.name.text not in reached and not misused(declared.name):
                    _unused("W0101", statement.kind, declared.name, report)


def values_of(item: tree.Item) -> frozenset[str]:
    """The names that an item of a file uses as values."""
    if isinstance(item, tree.Import | tree.FromImport):
        return frozenset()
    return frozenset(Mentions().read(item.target if isinstance(item, tree.Extern) else item).values)


def warn_imports(file: tree.File, used: Container[str], report: Report) -> None:
    """W0102 for imports, where the items of the file use these names."""
    for item in file.items:
        if isinstance(item, tree.FromImport):
            for k, each in enumerate(item.names):
                if (each.alias or each.name).text not in used:
                    help = Help("leave it out", (Edit(_share(item, k), ""),))
                    _unused("W0102", "import", each.alias or each.name, report, help)


def _unused(code: str, what: str, name: tree.Name, report: Report, *help: Help) -> None:
    text = f"{what} `{name.text}` is never used"
    report.warning(code, text, name.span, "declared here", help=help)


def _share(item: tree.FromImport, k: int) -> Span:
    """What one name takes of an import: a comma, or, where it is the only one, its line."""
    source, spans = item.span.source, [each.span for each in item.names]
    if len(spans) == 1:
        line = source.starts[item.span.line - 1]
        after = source.text.find("\n", item.span.end) + 1
        alone = source.text[line:after].strip() == item.span.text
        return Span(source, line, after) if alone else item.span
    if k + 1 < len(spans):
        return Span(source, spans[k].start, spans[k + 1].start)
    return Span(source, spans[k - 1].end, spans[k].end)


def _reached(layer: tree.Layer) -> set[str]:
    """The names on which outputs depend."""
    lets: dict[str, list[tree.Expr]] = {}
    pending: list[tree.Node] = []
    for statement in layer.body:
        if isinstance(statement, tree.Let):
            for target in statement.targets:
                lets.setdefault(target.name.text, []).append(statement.value)
        elif isinstance(statement, tree.Output):
            lets.setdefault(statement.target.name.text, []).append(statement.value)
            pending.append(statement.value)
    reached: set[str] = set()
    while pending:
        found = Mentions().read(pending.pop()).values - reached
        reached |= found
        pending += [value for name in found for value in lets.get(name, [])]
    return reached
