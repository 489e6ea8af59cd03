"""The layers of a file, for the graph."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tnc.diagnostics import Diagnostic, Label, Report, Span, nearest
from tnc.diagnostics.diagnostic import Help
from tnc.elaborate.definitions import Definition, FileNames
from tnc.elaborate.foreign import foreign
from tnc.elaborate.homes import Homes
from tnc.elaborate.interfaces import Callee
from tnc.elaborate.layers import Elaboration
from tnc.elaborate.library import Library, Overrides, Wanted, definitions
from tnc.elaborate.offered import buildable
from tnc.elaborate.outside import Outside, report_unheeded
from tnc.elaborate.products import is_known
from tnc.elaborate.questions import Measures
from tnc.elaborate.trials import try_out
from tnc.ir.layer import Layer
from tnc.record import record
from tnc.syntax import tree
from tnc.syntax.module import Module

PLACES = 5
"""Layers that are shown where the one that is asked for does not exist."""


@record
class Heard:
    """What is wrong with a layer inside: found in itself, and in the layers inside of it."""

    own: tuple[Diagnostic, ...] = ()
    inside: tuple[Diagnostic, ...] = ()


SILENCE = Heard()


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
    _equal: dict[tuple[Definition, object, object, bool], Callee | None] = field(
        default_factory=dict
    )
    _heard: dict[Wanted, Heard] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.homes = Homes(self.report)
        self.library = Library(self._callee, self._again)

    def layer(
        self, module: Module, name: str, settings: Mapping[str, object], *, sketch: bool = False
    ) -> Layer | None:
        """One layer with its parameters set to Python numbers, strings and lists, to the text of
        a layer (`CP(R: 16)`) or to a `Chosen` one; None where an error was reported. A name with
        dots sets a parameter of a layer inside: `tell_unheeded` reports those that none has.
        A `sketch` is there to be drawn: parameters may be left out, as for `check`; None, too,
        where what the layer contains depends on them.

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
        if sketch and not is_known(callee.body):
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
            self.report.error(
                "E0310", text, test.title.span, "depends on something that has no value"
            )

    # ------------------------------------------------------------ layers inside
    def _callee(self, wanted: Wanted) -> Callee | None:
        definition, report, before = wanted.partial.definition, Report(), len(self._inner)
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
        if (heard := Heard(report.diagnostics, tuple(self._inner[before:]))) != SILENCE:
            self._heard[wanted] = heard
            self._hear(heard.own, wanted, self.library.trail[-1])
        return callee

    def _again(self, wanted: Wanted, span: Span) -> None:
        if (heard := self._heard.get(wanted)) is not None:
            self._inner += heard.inside
            self._hear(heard.own, wanted, span)

    def _hear(self, said: Iterable[Diagnostic], wanted: Wanted, span: Span) -> None:
        """Errors of a layer inside are told with the place where it is written; warnings only of
        the file that is compiled."""
        definition = wanted.partial.definition
        own = not definition.home.module and not wanted.checking
        for each in said:
            if each.severity == "error":
                where = Label(span, f"in this `{definition.name}`")
                around = () if where.span == each.span else (where,)
                self._inner.append(replace(each, labels=(*each.labels, *around)))
            elif own:
                self._inner.append(each)

    def tell_inner(self) -> None:
        """Report what was found in layers inside, unless it has been said of the layer itself."""
        tell(self.taken(), self.report)

    def taken(self) -> tuple[Diagnostic, ...]:
        """What was found in layers inside, which is not told any more."""
        found = tuple(self._inner)
        self._inner.clear()
        return found

    def renew(self, report: Report, homes: Homes) -> None:
        """Start over with other files, the names of which were read; layers are kept of which
        nothing has changed."""
        self.report, self.homes = report, homes
        current = homes.definitions
        self.library.keep(current)
        self._heard = {
            wanted: heard
            for wanted, heard in self._heard.items()
            if current.issuperset(definitions(wanted.partial))
        }
        self._equal = {
            key: callee
            for key, callee in self._equal.items()
            if key[0] in current and current.issuperset(definitions(key[1]))
        }


def tell(inner: Iterable[Diagnostic], report: Report) -> None:
    """Report what was found in layers inside, each once."""
    said = {(each.code, each.span) for each in report.diagnostics}
    for each in inner:
        if (each.code, each.span) not in said:
            said.add((each.code, each.span))
            report.add(each)


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
