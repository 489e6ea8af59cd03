"""A file: each of its layers, for its diagnostics or for the graph."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tnc.diagnostics import Diagnostic, Label, Report, nearest
from tnc.diagnostics.diagnostic import Help
from tnc.elaborate import usage
from tnc.elaborate.definitions import Definition, FileNames
from tnc.elaborate.foreign import check_extern, foreign
from tnc.elaborate.homes import Homes, report_duplicates
from tnc.elaborate.interfaces import Callee
from tnc.elaborate.layers import Elaboration
from tnc.elaborate.library import Library, Overrides, Wanted
from tnc.elaborate.offered import buildable
from tnc.elaborate.outside import Outside, report_unheeded
from tnc.elaborate.questions import Measures
from tnc.elaborate.trials import try_out
from tnc.ir.layer import Layer
from tnc.syntax import tree
from tnc.syntax.module import Module

PLACES = 5
"""Layers that are shown where the one that is asked for does not exist."""


def check(module: Module, report: Report) -> None:
    """Every static diagnostic of every layer. Parameters without a value are unknown: what depends
    on them is left to the build."""
    run = Elaborator(report)
    names = run.homes.of(module)
    report_duplicates(module.file, report)
    for item in module.file.items:
        inner = Report()
        if isinstance(item, tree.Layer):
            Elaboration(item, names, inner, run.library, checking=True).callee({})
        elif isinstance(item, tree.Extern):
            check_extern(item, Definition(item, names), inner)
        elif isinstance(item, tree.Test):
            try_out(item, names, inner, run.library)
        report.add(*inner.diagnostics)
    run.tell_inner()
    if not usage.unclear(report):
        usage.warn_imports(module.file, report)


@dataclass(slots=True)
class Elaborator:
    """One run of the compiler: layers by name, and those inside of them, each elaborated once.
    `standard` are modules where the layers are looked up which are given from outside, by name."""

    report: Report
    standard: Sequence[Module] = ()
    homes: Homes = field(init=False)
    library: Library = field(init=False)
    _inner: list[Diagnostic] = field(default_factory=list)
    _overridden: list[tuple[Layer, Overrides]] = field(default_factory=list)
    _equal: dict[object, Callee | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.homes = Homes(self.report)
        self.library = Library(self._callee)

    def layer(
        self, module: Module, name: str, settings: Mapping[str, object], *, sketch: bool = False
    ) -> Layer | None:
        """One layer with its parameters set to Python numbers, strings and lists, to the text of
        a layer (`CP(R: 16)`) or to a `Chosen` one; None where an error was reported. A name with
        dots sets a parameter of a layer inside: `tell_unheeded` reports those that none has.
        A `sketch` is there to be drawn: parameters may be left out, as for `check`.

        Errors: E0103 no such layer, E0105 no such parameter, E0106 one is not set, E0401 one is of
        another type, and all that equations may have.
        """
        names = self.homes.of(module)
        known = buildable(names)
        if name not in known:
            _report_unknown(name, known, names, self.report)
            return None
        found = known[name].definition
        assert isinstance(found.node, tree.Layer)
        inner, home = Report(), found.home
        outside = Outside(names, home, self.standard, self.homes, self.report)
        own, overrides = outside.settings(found, settings)
        self.library.sketching = sketch
        elaboration = Elaboration(
            found.node, home, inner, self.library, overrides=overrides, checking=sketch
        )
        callee = elaboration.callee({**known[name].given, **own})
        if elaboration.stopped:  # what does not depend on parameters is found all the same
            Elaboration(found.node, home, inner, self.library, checking=True).callee({})
        self.report.add(*(d for d in inner.diagnostics if not home.module or d.severity == "error"))
        self.tell_inner()
        if callee is None or not isinstance(callee.body, Layer):
            return None
        made = replace(callee.body, name=name)
        self._overridden.append((made, overrides))
        return made

    def tell_unheeded(self) -> None:
        """E0105 for parameters of layers inside that no layer has which was asked for."""
        if not self.report.failed:
            report_unheeded(self._overridden, self.library.heeded, self.report)

    def test(self, module: Module, test: tree.Test, measures: Measures) -> None:
        """Run a test: what fails is reported, as are mistakes in what it asks.

        Errors: E0310 an assert does not hold.
        """
        inner = Report()
        held = try_out(test, self.homes.of(module), inner, self.library, measures)
        self.report.add(*inner.diagnostics)
        self.tell_inner()
        if not (held or self.report.failed):
            text = "it cannot be said whether this test passes"
            self.report.error("E0310", text, test.title.span)

    # ------------------------------------------------------------ layers inside
    def _callee(self, wanted: Wanted) -> Callee | None:
        definition, report = wanted.partial.definition, Report()
        if isinstance(definition.node, tree.Extern):
            callee = foreign(wanted, report, sketching=self.library.sketching)
        else:
            elaboration = Elaboration(
                definition.node,
                definition.home,
                report,
                self.library,
                overrides=wanted.overrides,
                checking=wanted.checking,
            )
            values = elaboration.bind(wanted.partial.given)
            key = (definition, values, wanted.overrides, wanted.checking)
            if key not in self._equal:
                self._equal[key] = elaboration.bound()
            callee = self._equal[key]
        self._hear(report, definition, wanted.checking)
        return callee

    def _hear(self, report: Report, definition: Definition, checking: bool) -> None:
        """Errors of a layer inside are told with the place where it is written; warnings only of
        the file that is compiled."""
        own = not definition.home.module and not checking
        for each in report.diagnostics:
            if each.severity == "error":
                where = Label(self.library.trail[-1], f"in this `{definition.name}`")
                around = () if where.span == each.span else (where,)
                self._inner.append(replace(each, labels=(*each.labels, *around)))
            elif own:
                self._inner.append(each)

    def tell_inner(self) -> None:
        """Report what was found in layers inside, unless it has been said of the layer itself."""
        said = {(each.code, each.span) for each in self.report.diagnostics}
        for each in self._inner:
            if (each.code, each.span) not in said:
                said.add((each.code, each.span))
                self.report.add(each)
        self._inner.clear()


def _report_unknown(layer: str, known: Collection[str], names: FileNames, report: Report) -> None:
    """Nothing in the text is wrong, so the places are those of the layers that could be meant."""
    close = nearest(layer, known)
    likely = sorted(known, key=lambda name: name != close)
    spans = [names.spans[name] for name in likely] or [names.source.everything()]
    report.error(
        "E0103",
        f"undefined layer `{layer}`",
        spans[0],
        "this is a layer" if known else "there is no layer",
        *(Label(span, "and this") for span in spans[1:PLACES]),
        notes=(f"layers here: {', '.join(f'`{name}`' for name in known) or 'none'}",),
        help=(Help(f"did you mean `{close}`?"),) if close else (),
    )
