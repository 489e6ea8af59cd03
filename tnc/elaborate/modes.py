"""The modes of a layer: plain ones, families, merged ones, and results of relations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tnc.diagnostics import Label, Span, did_you_mean
from tnc.diagnostics.diagnostic import Edit, Help
from tnc.elaborate.definitions import UNKNOWN
from tnc.elaborate.evaluate import evaluate, indices
from tnc.elaborate.names import Names
from tnc.elaborate.values import is_integer, type_name
from tnc.ir.layer import LEADING
from tnc.ir.size import Size
from tnc.record import record
from tnc.syntax import tree


@record(eq=False)
class Single:
    """One mode. `name` is the declared name, `key` the name in the graph, `shown` the name in
    messages (`s`, `s_1` and `s[1]` for a member of a family). `size` is evaluated in `scope`."""

    name: str
    key: str
    shown: str
    span: Span
    size: tree.Expr | None
    scope: Names


Merged = tuple[Single, ...]
Declared = Single | Merged | Mapping[int, Single | Merged | None]
Axes = tuple[tuple[Single, ...], ...]


@dataclass(slots=True)
class Modes:
    """The modes that a layer declares. Families are spread out when they are first needed, so
    that declarations may stand in any order."""

    scope: Names
    nodes: dict[str, tree.ModeDecl] = field(default_factory=dict)
    results: dict[str, list[tree.Relation]] = field(default_factory=dict)
    _spread: dict[str, Declared | None] = field(default_factory=dict)
    _open: set[str] = field(default_factory=set)
    _leading: Single | None = None
    _reported: set[str] = field(default_factory=set)
    _shown: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> Iterable[str]:
        return self.nodes.keys() | self.results.keys()

    def shown(self, key: str) -> str:
        """A mode of the graph as it is written."""
        return self._shown.get(key, key)

    # ------------------------------------------------------------ declaring
    def declare(self, body: Iterable[tree.Statement]) -> None:
        """Take note of every declaration of a mode."""
        for statement in body:
            if isinstance(statement, tree.Mode):
                for node in statement.declarations:
                    self._declare(node)
            elif isinstance(statement, tree.Conv):
                for relation in statement.relations:
                    self.results.setdefault(relation.result.name.text, []).append(relation)
        for name in self.nodes:
            self.results.pop(name, None)

    def _declare(self, node: tree.ModeDecl) -> None:
        if (first := self.nodes.setdefault(node.name.text, node)) is not node:
            self.scope.report.error(
                "E0104",
                f"mode `{node.name.text}` is declared twice",
                node.name.span,
                "declared again here",
                Label(first.name.span, "first declared here"),
            )

    def every(self) -> Iterator[Single]:
        """Each mode once, in the order of the declarations; merged ones stand for their parts."""
        names = sorted(self.names, key=lambda name: self._place(name).start)
        for name in names:
            match self._declared(name):
                case Single() as single:
                    yield single
                case Mapping() as family:
                    yield from (each for each in family.values() if isinstance(each, Single))
        if self._leading:
            yield self._leading

    def _place(self, name: str) -> Span:
        node = self.nodes.get(name)
        return node.name.span if node else self.results[name][0].result.name.span

    # ------------------------------------------------------------ spreading families
    def _declared(self, name: str) -> Declared | None:
        if name not in self._spread:
            if name in self._open:
                text = f"mode `{name}` is defined by itself"
                self.scope.report.error("E0101", text, self._place(name), "defined here")
                return None
            self._open.add(name)
            node = self.nodes.get(name)
            self._spread[name] = self._node(node) if node else self._result(self.results[name])
        return self._spread[name]

    def _node(self, node: tree.ModeDecl) -> Declared | None:
        if node.binder is None:
            return self._one(node, None, self.scope)
        family: dict[int, Single | Merged | None] = {}
        for index, inner in indices(node.binder, self.scope):
            family[index] = self._one(node, index, inner)
        return family if family or self._is_empty(node.binder) else None

    def _is_empty(self, binder: tree.Binder) -> bool:
        """Whether a range without members is meant to have none, rather than faulty."""
        first, last = evaluate(binder.first, self.scope), evaluate(binder.last, self.scope)
        return isinstance(first, int) and isinstance(last, int) and last < first

    def _one(self, node: tree.ModeDecl, index: int | None, scope: Names) -> Single | Merged | None:
        if node.alias is not None:
            if self._is_size(node.alias):
                _report_size(node, scope)
                return None
            found = self.referred(node.alias, scope)
            return None if found is None else tuple(found)
        return self._single(node.name, index, node.size, scope)

    def _is_size(self, alias: tree.Expr) -> bool:
        """Whether what should be modes is a number, or the name of one."""
        if isinstance(alias, tree.Name) and alias.text not in self.names:
            value = self.scope.lookup(alias.text)
            return isinstance(value, int | Size) or value is UNKNOWN
        return isinstance(alias, tree.Int)

    def _single(
        self, name: tree.Name, index: int | None, size: tree.Expr | None, scope: Names
    ) -> Single:
        text = name.text
        if index is None:
            return Single(text, text, text, name.span, size, scope)
        key = f"{text}_{index}"
        while key in self.names:
            key += "_"
        self._shown[key] = f"{text}[{index}]"
        return Single(text, key, f"{text}[{index}]", name.span, size, scope)

    def _result(self, relations: list[tree.Relation]) -> Declared | None:
        """What relations declare: a mode without a size."""
        first = relations[0]
        if not first.result.indices:
            return self._single(first.result.name, None, None, self.scope)
        family: dict[int, Single | Merged | None] = {}
        for relation in relations:
            spread = indices(relation.binder, self.scope) if relation.binder else [(0, self.scope)]
            for _, inner in spread:
                index = evaluate(relation.result.indices[0], inner)
                if isinstance(index, int):
                    name = relation.result.name
                    family.setdefault(index, self._single(name, index, None, self.scope))
        return dict(sorted(family.items()))

    # ------------------------------------------------------------ referring
    def referred(self, expr: tree.Expr, scope: Names) -> list[Single] | None:
        """The modes that an expression inside brackets names; None after a report."""
        match expr:
            case tree.Ellipsis():
                return [self.leading(expr.span)]
            case tree.Group(items=items) | tree.ListExpr(items=items):
                return _joined([self.referred(item, scope) for item in items])
            case tree.Splat(value=tree.Name() as name):
                found = self._named(name, scope)
                if isinstance(found, Mapping):
                    return _joined([_listed(each) for each in found.values()])
                return _listed(found)
            case tree.Name():
                return self._plain(expr, scope)
            case tree.Subscript(value=tree.Name() as name, items=(index,)):
                return self._member(name, index, scope)
            case _:
                _report_no_mode(expr, scope)
                return None

    def leading(self, span: Span) -> Single:
        if self._leading is None:
            self._leading = Single(LEADING, LEADING, LEADING, span, None, self.scope)
        return self._leading

    def member(self, ref: tree.Ref, scope: Names) -> Single | None:
        """The mode that takes part in a relation."""
        if len(ref.indices) > 1:
            scope.report.error("E0201", "a mode has one index", ref.span, "several indices")
            return None
        found = (
            self._member(ref.name, ref.indices[0], scope)
            if ref.indices
            else self._plain(ref.name, scope)
        )
        if found is not None and len(found) != 1:
            text = f"`{ref.name.text}` is a merged axis; a convolution relates single modes"
            scope.report.error("E0101", text, ref.span, "merged")
            return None
        return found[0] if found else None

    def _named(self, name: tree.Name, scope: Names) -> Declared | None:
        if name.text in self.names:
            return self._declared(name.text)
        if name.text not in self._reported and name.text not in scope.file.poisoned:
            self._reported.add(name.text)
            notes = []
            if scope.lookup(name.text) is not None:
                notes.append(f"`{name.text}` is a value; a mode is declared with `mode`")
            scope.report.error(
                "E0101",
                f"undefined mode `{name.text}`",
                name.span,
                "no mode of this name is declared",
                notes=notes,
                help=did_you_mean(name.span, self.names)
                or (Help(f"declare it: `mode {name.text}`"),),
            )
        return None

    def _plain(self, name: tree.Name, scope: Names) -> list[Single] | None:
        found = self._named(name, scope)
        if isinstance(found, Mapping):
            scope.report.error(
                "E0109",
                f"`{name.text}` is a family of modes and needs an index",
                name.span,
                "which one?",
                Label(self._place(name.text), "the family"),
                help=(
                    Help(
                        f"for all of them, write `{name.text}...`",
                        (Edit(name.span, f"{name.text}..."),),
                    ),
                ),
            )
            return None
        return _listed(found)

    def _member(self, name: tree.Name, index: tree.Expr, scope: Names) -> list[Single] | None:
        found = self._named(name, scope)
        at = evaluate(index, scope)
        if found is None or at is UNKNOWN or (scope.checking and not isinstance(at, int)):
            return None
        if not isinstance(found, Mapping):
            text = f"mode `{name.text}` is no family: it has no index"
            scope.report.error("E0109", text, index.span, "index of a single mode")
        elif not is_integer(at) or not isinstance(at, int):
            text = f"an index is an `int`, not `{type_name(at)}`"
            scope.report.error("E0401", text, index.span, "no index")
        elif at in found:
            return _listed(found[at])
        elif not scope.assumed:
            outside(scope, name, index, at, found, self._place(name.text))
        return None

    def axes(self, modes: tree.ModeList, scope: Names) -> Axes | None:
        """The physical axes of a list of modes; every mode at most once."""
        axes: list[tuple[Single, ...] | None] = []
        for item in modes.items:
            if isinstance(item, tree.ListExpr):
                text = "an axis is a mode, or several in parentheses"
                scope.report.error("E0101", text, item.span, "this is a list")
                return None
            found = self.referred(item, scope)
            if isinstance(item, tree.Splat) and found is not None:
                axes += [(single,) for single in found]
            else:
                axes.append(None if found is None else tuple(found))
        whole = [axis for axis in axes if axis is not None]
        if len(whole) != len(axes) or not self._once(whole, modes, scope):
            return None
        return tuple(whole)

    def _once(self, axes: list[tuple[Single, ...]], modes: tree.ModeList, scope: Names) -> bool:
        seen: set[str] = set()
        for single in (single for axis in axes for single in axis):
            if single.key in seen and not scope.einsum:
                text = f"mode `{single.shown}` stands twice in one factor"
                first, again = written(modes, single), written(modes, single, last=True)
                where = [Label(first, "first here")] if first != again else []
                scope.report.error("E0207", text, again, "again here", *where)
                return False
            seen.add(single.key)
        if LEADING in seen and axes[0][0].key != LEADING:
            span = written(modes, self.leading(modes.span))
            scope.report.error(
                "E0201", "`...` stands for leading modes: it comes first", span, "not the first"
            )
            return False
        return True


def _report_size(node: tree.ModeDecl, scope: Names) -> None:
    """`mode s = 3`"""
    name, alias = node.name.span, node.alias.span if node.alias else node.span
    between = Span(name.source, name.end, alias.start)
    scope.report.error(
        "E0101",
        "expected a mode: `=` merges modes, a size is written with `:`",
        alias,
        "this is no mode",
        help=(Help(f"write `{name.text}: {alias.text}`", (Edit(between, ": "),)),),
    )


def _report_no_mode(expr: tree.Expr, scope: Names) -> None:
    help: tuple[Help, ...] = ()
    if isinstance(expr, tree.Call) and isinstance(expr.function, tree.Name):  # `x[n (g, s)]`
        end = expr.function.span.end
        here = Span(expr.span.source, end, end)
        help = (Help(f"write `,` after `{expr.function.text}`", (Edit(here, ","),)),)
    scope.report.error("E0101", "expected a mode", expr.span, "this is no mode", help=help)


def outside(
    scope: Names,
    name: tree.Name,
    index: tree.Expr,
    at: int,
    family: Mapping[int, object],
    place: Span,
) -> None:
    """Report an index that a family does not have."""
    bounds = f"from {min(family)} to {max(family)}" if family else "nothing"
    scope.report.error(
        "E0110",
        f"`{name.text}[{at}]` is outside the family",
        index.span,
        f"this is {at}",
        Label(place, f"has members {bounds}" if family else "has no members"),
    )


def written(modes: tree.ModeList, single: Single, last: bool = False) -> Span:
    """Where a mode stands in a list of modes."""
    places = [
        node.span for item in modes.items for node in tree.walk(item) if _stands_for(node, single)
    ]
    if not places:
        return modes.span
    return places[-1] if last else places[0]


def _stands_for(node: tree.Node, single: Single) -> bool:
    if isinstance(node, tree.Ellipsis):
        return single.name == LEADING
    return isinstance(node, tree.Name) and node.text == single.name


def _listed(found: Declared | None) -> list[Single] | None:
    if isinstance(found, Single):
        return [found]
    return list(found) if isinstance(found, tuple) else None


def _joined(parts: list[list[Single] | None]) -> list[Single] | None:
    if any(part is None for part in parts):
        return None
    return [single for part in parts if part is not None for single in part]
