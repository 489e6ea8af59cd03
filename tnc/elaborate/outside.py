"""Parameters that are set from outside: by `--set`, by Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tnc.diagnostics import Report, Source
from tnc.elaborate.definitions import NO_FILE, Constant, Definition, FileNames, Imported, Partial
from tnc.elaborate.evaluate import evaluate
from tnc.elaborate.library import Override, Overrides
from tnc.elaborate.scope import Scope
from tnc.elaborate.values import literal
from tnc.syntax import tree
from tnc.syntax.parse import parse_expression


@dataclass(frozen=True, slots=True)
class Outside:
    """Reads settings of the layers of one file. A layer is named as the file names it, else as
    the file where the parameter's default comes from does, else as one of `standard` does."""

    names: FileNames
    standard: Sequence[FileNames]
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
                overrides.append(Override(tuple(path), last, self._guessed(last, value)))
            else:
                param = params.get(name)
                layer = param is not None and _is_layer(param) and isinstance(value, str)
                own[name] = self._layer(name, str(value), param) if layer else value
        order = [*(name for name in params if name in own), *(n for n in own if n not in params)]
        return {name: own[name] for name in order}, tuple(overrides)

    def _layer(self, name: str, text: str, param: tree.Param | None) -> object:
        value = self._evaluated(name, text, param, self.report)
        if isinstance(value, Partial):
            return value
        if not self.report.failed:
            source = Source(f"<{name}>", text)
            said = f"parameter `{name}` takes a layer, such as `CP(R: 16)`"
            self.report.error("E0401", said, source.everything(), f"this is `{literal(value)}`")
        return value

    def _guessed(self, name: str, value: object) -> Constant:
        """The value for a layer inside, whose parameters are not known here: a text may be a
        layer."""
        if isinstance(value, str):
            found = self._evaluated(name, value, None, Report())
            return found if isinstance(found, Partial) else value
        if isinstance(value, list):
            return tuple(self._guessed(name, each) for each in value)
        return value  # type: ignore[return-value]

    def _evaluated(
        self, name: str, text: str, param: tree.Param | None, report: Report
    ) -> Constant:
        source = Source(f"<{name}>", text)
        parsed = parse_expression(source, report)
        if parsed is None:
            return text
        imported: dict[str, Imported] = {}
        for names in [*reversed(self.standard), *self._default_home(param)]:
            imported.update(names.layers)
            imported.update(names.values)
        imported.update(self.names.imported)
        members = {each.module.rpartition(".")[2]: each for each in self.standard}
        imported["std"] = replace(NO_FILE, module="std", members=members)
        scope = Scope(report, source, replace(self.names, imported=imported))
        return evaluate(parsed, scope)

    def _default_home(self, param: tree.Param | None) -> list[FileNames]:
        if param is None or param.default is None:
            return []
        default = evaluate(param.default, Scope(Report(), self.names.source, self.names))
        return [default.definition.home] if isinstance(default, Partial) else []


def _is_layer(param: tree.Param) -> bool:
    return isinstance(param.type, tree.TypeName) and param.type.text == "layer"
