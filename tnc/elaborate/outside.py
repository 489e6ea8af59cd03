"""Parameters that are set from outside: by `--set`, by Python."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace

from tnc.diagnostics import Report, Source, did_you_mean, nearest
from tnc.diagnostics.diagnostic import Help
from tnc.elaborate.definitions import (
    NO_FILE,
    UNKNOWN,
    BuiltIn,
    Constant,
    Definition,
    FileNames,
    Imported,
    Partial,
)
from tnc.elaborate.evaluate import evaluate
from tnc.elaborate.homes import STANDARD, Homes
from tnc.elaborate.library import Override, Overrides
from tnc.elaborate.offered import buildable
from tnc.elaborate.parameters import constant
from tnc.elaborate.scope import Scope
from tnc.elaborate.values import literal
from tnc.ir.layer import Layer
from tnc.ops.call import FUNCTIONS
from tnc.record import record
from tnc.syntax import tree
from tnc.syntax.module import Module
from tnc.syntax.parse import parse_expression

DENSE = "std.dense"
CALL = re.compile(r"[^\W\d][\w.]*\s*\(.*", re.DOTALL)
"""A text that is meant as a layer, whether or not it is one."""


@record
class Chosen:
    """A layer of any file, with some of its parameters given, as the value of a parameter."""

    module: Module
    layer: str
    settings: tuple[tuple[str, object], ...] = ()


@record
class Outside:
    """Reads settings of a layer that one file offers. A layer is named as this file names it, else
    as the file does where the layer is written (`home`), or the default of the parameter, else as
    one of `standard` does."""

    names: FileNames
    home: FileNames
    standard: Sequence[Module]
    homes: Homes
    report: Report

    def settings(
        self, definition: Definition, given: Mapping[str, object]
    ) -> tuple[dict[str, object], Overrides]:
        """The layer's own parameters, and those of layers inside."""
        own: dict[str, object] = {}
        overrides: list[Override] = []
        params = {param.name.text: param for param in definition.params}
        for name, value in given.items():
            *path, last = name.split(".")
            if path:
                overrides.append(Override(tuple(path), last, self._guessed(name, value), name))
            else:
                own[name] = self._read(name, value, params.get(name))
        order = [*(name for name in params if name in own), *(n for n in own if n not in params)]
        return {name: own[name] for name in order}, tuple(overrides)

    def _read(self, name: str, value: object, param: tree.Param | None) -> object:
        """The value, in which texts are layers where the parameter takes layers."""
        if isinstance(value, Chosen):
            return self._chosen(value, name)
        if isinstance(value, list | tuple):
            return tuple(self._read(name, each, param) for each in value)
        if param is None or not _takes_layers(param):
            return value
        return self._layer(name, value, param) if isinstance(value, str) else value

    def _chosen(self, chosen: Chosen, name: str) -> Constant:
        base = buildable(self.homes.of(chosen.module)).get(chosen.layer)
        if base is None:
            return UNKNOWN
        given: dict[str, Constant] = base.given
        params = {param.name.text: param for param in base.definition.params}
        for each, value in chosen.settings:
            if each not in params:
                _report_no_parameter(each, base.definition, self.report)
                return UNKNOWN
            found = constant(self._read(f"{name}.{each}", value, params[each]))
            if found is None:
                text = f"parameter `{each}` takes numbers, strings, lists and layers, not {value!r}"
                self.report.error("E0401", text, params[each].name.span, "cannot be set to that")
                return UNKNOWN
            given[each] = found
        return Partial(
            base.definition, tuple((each, given[each]) for each in params if each in given)
        )

    def _layer(self, name: str, text: str, param: tree.Param) -> Constant:
        value = self._evaluated(name, text, param, self.report)
        if isinstance(value, Partial | BuiltIn) or value is UNKNOWN:
            return value
        source = Source(f"<{name}>", text)
        said = f"parameter `{name}` takes a layer, such as `CP(R: 16)`"
        self.report.error("E0401", said, source.everything(), f"this is `{literal(value)}`")
        return UNKNOWN

    def _guessed(self, name: str, value: object) -> Constant:
        """The value for a layer inside, whose parameters are not known here: a text may be a
        layer."""
        if isinstance(value, Chosen):
            return self._chosen(value, name)
        if isinstance(value, str):
            report = self.report if CALL.fullmatch(value) else Report()
            found = self._evaluated(name, value, None, report)
            layer = isinstance(found, Partial | BuiltIn)
            return found if layer or report is self.report else value
        if isinstance(value, list | tuple):
            return tuple(self._guessed(name, each) for each in value)
        return value  # type: ignore[return-value]

    def _evaluated(
        self, name: str, text: str, param: tree.Param | None, report: Report
    ) -> Constant:
        """What a text means; UNKNOWN after a report."""
        source = Source(f"<{name}>", text)
        parsed = parse_expression(source, report)
        if parsed is None:
            return UNKNOWN
        scope = Scope(report, source, replace(self.names, imported=self._visible(param)))
        called = parsed.function if isinstance(parsed, tree.Call) else parsed
        unknown = isinstance(called, tree.Name) and called.text not in FUNCTIONS
        if isinstance(called, tree.Name) and unknown and scope.lookup(called.text) is None:
            _report_unknown(called, scope)
            return UNKNOWN
        return evaluate(parsed, scope)

    def _visible(self, param: tree.Param | None) -> dict[str, Imported]:
        found: dict[str, Imported] = {}
        standard = [self.homes.of(each) for each in self.standard]
        default = self._default_home(param)
        near = [each for each in standard if each.module == DENSE and _is_dense(default)]
        for names in [*reversed(standard), *near, *default, self.home]:
            found.update(names.imported if names is self.home else {})
            found.update(names.layers)
            found.update(names.values)
        found.update(self.names.imported)
        members = {each.module.rpartition(".")[2]: each for each in standard}
        found["std"] = replace(NO_FILE, module="std", members=members)
        return found

    def _default_home(self, param: tree.Param | None) -> list[FileNames]:
        if param is None or param.default is None:
            return []
        default = evaluate(param.default, Scope(Report(), self.home.source, self.home))
        return [default.definition.home] if isinstance(default, Partial) else []


def _is_dense(default: Sequence[FileNames]) -> bool:
    """Whether the layer by default is a dense one, so that `SVD` means the dense family."""
    return any(each.module in {DENSE, STANDARD} for each in default)


def _report_unknown(name: tree.Name, scope: Scope) -> None:
    known = {*scope.file.layers, *scope.file.imported}
    scope.report.error(
        "E0103",
        f"undefined layer `{name.text}`",
        name.span,
        "not in the file, nor in the standard library",
        help=did_you_mean(name.span, known),
    )


def _report_no_parameter(name: str, definition: Definition, report: Report) -> None:
    known = [param.name.text for param in definition.params]
    close = nearest(name, known)
    report.error(
        "E0105",
        f"`{definition.name}` has no parameter `{name}`",
        definition.node.name.span,
        "declared here",
        notes=(f"its parameters: {', '.join(f'`{each}`' for each in known) or 'none'}",),
        help=(Help(f"did you mean `{close}`?"),) if close else (),
    )


def report_unheeded(
    asked: Sequence[tuple[Layer, Overrides]], heeded: Container[str], report: Report
) -> None:
    """E0105 for the overrides that found no parameter."""
    every = {each.written for _, overrides in asked for each in overrides}
    for written in sorted(name for name in every if name not in heeded):
        layer = next(layer for layer, overrides in asked for o in overrides if o.written == written)
        inside = sorted({each.name: each for each in _inside(layer)}.items())
        known = [f"{name}.{param}" for name, each in inside for param, _ in each.settings]
        close = nearest(written, known)
        report.error(
            "E0105",
            f"no layer inside of `{layer.name}` has a parameter `{written}`",
            layer.origin,
            "nothing here is set by it",
            notes=(f"inside: {', '.join(f'`{each}`' for each in known) or 'no layer'}",),
            help=(Help(f"did you mean `{close}`?"),) if close else (),
        )


def _inside(layer: Layer) -> Iterator[Layer]:
    for instance in layer.instances:
        if isinstance(instance.callee, Layer):
            yield instance.callee
            yield from _inside(instance.callee)


def _takes_layers(param: tree.Param) -> bool:
    type = param.type
    while isinstance(type, tree.TypeList):
        type = type.element
    return type is not None and type.text == "layer"
