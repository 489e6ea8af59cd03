"""Checking a file: every static diagnostic, again and again while it is written.

A layer is looked at anew only where something may have changed for it: its own text, or that of
something which it mentions, at any depth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tnc.diagnostics import Diagnostic, Report
from tnc.elaborate import usage
from tnc.elaborate.definitions import Definition, FileNames
from tnc.elaborate.files import Elaborator, tell
from tnc.elaborate.foreign import check_extern
from tnc.elaborate.homes import bindings, report_duplicates
from tnc.elaborate.layers import Elaboration
from tnc.elaborate.trials import try_out
from tnc.record import record
from tnc.syntax import tree
from tnc.syntax.module import Module, written


@record
class Grounds:
    """All that a diagnostic of an item can depend on besides the item: what the names that it
    mentions stand for, told apart by identity, so that they have to be kept."""

    names: frozenset[tuple[str, int]]
    poisoned: frozenset[str]
    kept: tuple[object, ...] = field(compare=False)


@record(eq=False)
class Checked:
    """One item of a file with what is wrong with it, and with layers inside of it. `elaboration`
    is that of a layer, which knows the sizes of its modes."""

    item: tree.Item
    diagnostics: tuple[Diagnostic, ...]
    inner: tuple[Diagnostic, ...]
    elaboration: Elaboration | None = None


@dataclass(slots=True)
class _Known:
    """An item, the names that it `mentions` and those it uses as `values`. While its grounds are
    the same it is not looked at again."""

    item: tree.Item
    mentions: frozenset[str]
    values: frozenset[str]
    grounds: Grounds | None = None
    checked: Checked | None = None
    stale: Checked | None = None
    definition: Definition | None = None

    def stand(self, grounds: Grounds) -> None:
        """Forget what was found on other grounds. Which names are poisoned is no matter to an item
        in which every name was found."""
        if grounds != self.grounds and not (self._complete and grounds.names == self._names):
            self.stale = self.checked or self.stale
            self.grounds, self.checked, self.definition = grounds, None, None

    @property
    def _names(self) -> frozenset[tuple[str, int]] | None:
        return None if self.grounds is None else self.grounds.names

    @property
    def _complete(self) -> bool:
        if self.grounds is None or self.checked is None or self.grounds.poisoned:
            return False
        return not any(each.severity == "error" for each in self.checked.diagnostics)


def check(module: Module, report: Report) -> None:
    """Every static diagnostic of every layer. Parameters without a value are unknown: what depends
    on them is left to the build."""
    Checker().check(module, report)


@dataclass(slots=True)
class Checker:
    """Checks one file, as often as is wanted. Nodes of the tree that are the same objects as
    before count as unchanged."""

    _run: Elaborator = field(default_factory=lambda: Elaborator(Report()))
    _known: dict[int, _Known] = field(default_factory=dict)

    def check(self, module: Module, report: Report, soon: bool = False) -> tuple[Checked, ...]:
        """What there is to say about the file and each of its items. Where it has to be said
        `soon`, items that are written as before are left for another time."""
        items = module.file.items
        self._known = {id(item): self._known.get(id(item)) or _read(item) for item in items}
        known = [self._known[id(item)] for item in items]
        for each, grounds in zip(known, _grounds(module, known), strict=True):
            each.stand(grounds)
        homes = self._run.homes.renewed(report, module, self._define)
        names = homes.of(module)
        self._run.renew(report, homes)
        report_duplicates(module.file, report)
        checked = tuple(self._checked(item, names, soon) for item in items)
        for one in checked:
            report.add(*one.diagnostics)
        tell((inner for one in checked for inner in one.inner), report)
        if not usage.unclear(report):
            used = frozenset().union(*(each.values for each in known))
            usage.warn_imports(module.file, used, report)
        return checked

    def _define(self, item: tree.Layer | tree.Extern, names: FileNames) -> Definition:
        known = self._known.get(id(item))
        if known is None or names.module:
            return Definition(item, names)
        if known.definition is None:
            known.definition = Definition(item, names)
        return known.definition

    @property
    def complete(self) -> bool:
        """Whether nothing was left for another time."""
        return all(known.checked is not None for known in self._known.values())

    def _checked(self, item: tree.Item, names: FileNames, soon: bool) -> Checked:
        known = self._known[id(item)]
        if known.checked is None:
            if soon and known.stale is not None:
                return known.stale
            known.checked, known.stale = self._look(item, names), None
        return known.checked

    def _look(self, item: tree.Item, names: FileNames) -> Checked:
        report, elaboration = Report(), None
        if isinstance(item, tree.Layer):
            elaboration = Elaboration(item, names, report, self._run.library, checking=True)
            elaboration.callee({})
        elif isinstance(item, tree.Extern):
            check_extern(item, Definition(item, names), report)
        elif isinstance(item, tree.Test):
            try_out(item, names, report, self._run.library)
        return Checked(item, report.diagnostics, self._run.taken(), elaboration)


def _read(item: tree.Item) -> _Known:
    mentions = (node.text for node in tree.walk(item) if isinstance(node, tree.Name))
    return _Known(item, frozenset(mentions), usage.values_of(item))


def _grounds(module: Module, known: Sequence[_Known]) -> Iterator[Grounds]:
    """Of each item in order."""
    bound: dict[str, list[_Known]] = {}
    for each in known:
        for name in bindings(each.item):
            bound.setdefault(name.text, []).append(each)
    for each in known:
        below, mentions = _closure(each, bound)
        kept = {id(thing): thing for name in below for thing in _meant(bound[name], module)}
        names = {(name, id(thing)) for name in below for thing in _meant(bound[name], module)}
        poisoned = module.file.poisoned & mentions
        yield Grounds(frozenset(names), poisoned, tuple(kept.values()))


def _closure(known: _Known, bound: Mapping[str, Sequence[_Known]]) -> tuple[set[str], set[str]]:
    """The names of the file on which an item depends, at any depth; and all that are mentioned."""
    names: set[str] = set()
    mentions = set(known.mentions)
    while pending := (mentions & bound.keys()) - names:
        names |= pending
        mentions.update(*(each.mentions for name in pending for each in bound[name]))
    return names, mentions


def _meant(known: Sequence[_Known], module: Module) -> Iterator[object]:
    """What a name stands for: items, and of an import also the module."""
    for each in known:
        yield each.item
        if isinstance(each.item, tree.Import | tree.FromImport):
            yield module.imports.get(written(each.item.path))
