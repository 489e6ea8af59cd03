"""The `.tnn` text of compressed layers: an import for every family, a `let` for every layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tnc.compression.families import Family
from tnc.diagnostics import Diagnostic, Report, Source
from tnc.driver.front import Unit
from tnc.driver.options import Request
from tnc.driver.requests import elaborated
from tnc.elaborate import check
from tnc.ir.graph import reachable
from tnc.ir.layer import Layer, Weight
from tnc.ops import Contract
from tnc.record import record
from tnc.syntax.module import Module
from tnc.syntax.parse import parse

STEM = "compressed_layers"
FILE = f"{STEM}.tnn"


class Refused(ValueError):
    """A family cannot be what is asked for; `diagnostics` says why."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        said = next(each for each in diagnostics if each.severity == "error")
        label = next((each.text for each in said.labels if each.primary), "")
        super().__init__(": ".join(filter(None, (said.message, label))))


@record
class Call:
    """A family with all its parameters: what one class of the generated module is made of."""

    family: Family
    settings: tuple[tuple[str, str], ...]

    @property
    def key(self) -> tuple[object, ...]:
        """What tells calls apart."""
        return (self.family.path, self.family.layer.name, *sorted(self.settings))

    @property
    def name(self) -> str:
        """How its layer is called in a text of its own."""
        return self.family.layer.name

    @property
    def unit(self) -> Unit:
        """A text with this layer alone."""
        return unit_of({self.name: self}, {})

    def with_settings(self, more: Mapping[str, str]) -> Call:
        """The same with some parameters changed."""
        return Call(self.family, tuple({**dict(self.settings), **more}.items()))

    def text(self, alias: str) -> str:
        """`convolution.rCP(S: 64, T: 64, k: 3, ratio: 0.1)`."""
        given = ", ".join(f"{name}: {value}" for name, value in self.settings)
        return f"{alias}.{self.name}({given})"


@dataclass(frozen=True)
class Candidate:
    """A call, elaborated: what it would have as parameters."""

    call: Call
    layer: Layer = field(repr=False)

    @cached_property
    def bias(self) -> str | None:
        """The name of the weight that multiplies nothing, if there is one."""
        found = [each.name for each in self._weights if each not in self.factors]
        return found[0] if len(found) == 1 else None

    @cached_property
    def factors(self) -> tuple[Weight, ...]:
        """The weights that are multiplied with something."""
        products = [each for each in self.layer.graph.values if isinstance(each.op, Contract)]
        inside = set(reachable([one for each in products for one in each.operands]))
        return tuple(each for each in self._weights if each.value in inside)

    @cached_property
    def kernel(self) -> int:
        """Parameters of the factors."""
        return sum(map(_elements, self.factors))

    @cached_property
    def parameters(self) -> int:
        return sum(map(_elements, self._weights))

    @cached_property
    def ranks(self) -> dict[str, int]:
        """The bonds between the factors with their sizes; those of size 1 are left out."""
        ports = (*self.layer.inputs, *self.layer.outputs)
        open_ = {mode for port in ports for axis in port.axes for mode in axis}
        for value in self.layer.graph.values:
            if isinstance(value.op, Contract):
                open_ |= {tap for pattern in value.op.patterns for tap in pattern.taps}
        bonds = {
            mode: mode.size.value for each in self.factors for axis in each.axes for mode in axis
        }
        found = {mode.name: size for mode, size in bonds.items() if mode not in open_}
        return {
            name: size for name, size in sorted(found.items(), key=_numbered) if size and size > 1
        }

    @property
    def _weights(self) -> list[Weight]:
        used = set(self.layer.graph.values)
        return [each for each in self.layer.weights if each.trained and each.value in used]


def _numbered(item: tuple[str, object]) -> tuple[str, int]:
    """`r_2` before `r_10`."""
    stem, _, number = item[0].partition("_")
    return stem, int(number) if number.isdecimal() else 0


def _elements(weight: Weight) -> int:
    size = weight.value.type.elements.value
    assert size is not None
    return size


def candidate(call: Call) -> Candidate:
    """Elaborate a call. Errors: Refused."""
    report = Report()
    unit = call.unit
    report.add(*unit.said)
    layers = [] if report.failed else elaborated(unit, [Request(call.name)], report)
    if report.failed or not layers:
        better = Report()  # what is wrong with the call itself is only told by a check
        check(unit.module, better)
        raise Refused(better.diagnostics if better.failed else report.diagnostics)
    return Candidate(call, layers[0])


def unit_of(calls: Mapping[str, Call], used: Mapping[str, Sequence[str]]) -> Unit:
    """The text with a layer of each name, parsed; `used` says for which layers of the model."""
    aliases, imports = _aliases(calls)
    source = Source(FILE, "".join(_lines(calls, used, aliases)))
    report = Report()
    file = parse(source, report)
    return Unit(Module("", source, file, imports), report.diagnostics)


def _aliases(calls: Mapping[str, Call]) -> tuple[dict[str, str], dict[str, Module]]:
    """How files are called, by their path in imports, and what they are. No layer is called so."""
    aliases: dict[str, str] = {}
    imports: dict[str, Module] = {}
    for call in calls.values():
        path = call.family.path
        if path not in aliases:
            taken, base = {*calls, *aliases.values()}, path.rpartition(".")[2]
            names = (base if k == 1 else f"{base}_{k}" for k in range(1, len(taken) + 2))
            aliases[path] = next(name for name in names if name not in taken)
            imports[path] = call.family.module
    return aliases, imports


def _lines(
    calls: Mapping[str, Call], used: Mapping[str, Sequence[str]], aliases: Mapping[str, str]
) -> Iterator[str]:
    yield "tnn 1\n"
    if used:
        yield "# What `tnc compress` replaced layers by; `tnc compile` makes the module of it.\n\n"
    for path, alias in aliases.items():
        yield f"import {path} as {alias}\n"
    for name, call in calls.items():
        yield f"\n## {', '.join(used[name])}\n" if name in used else "\n"
        yield f"let {name} = {call.text(aliases[call.family.path])}\n"


def files_of(unit: Unit) -> dict[str, str]:
    """The text and every text that it imports, the standard library excepted, by the names of files
    under which they find each other."""
    found = {FILE: unit.source.text}

    def visit(module: Module, folder: str) -> None:
        for path, inner in module.imports.items():
            dots = len(path) - len(path.lstrip("."))
            if path.startswith("std.") and not dots:
                continue
            parts = [*folder.split("/")[: len(folder.split("/")) - dots + 1]] if dots else []
            place = "/".join([*filter(None, parts), *path.lstrip(".").split(".")])
            name = f"{place}.tnn"
            if name not in found:
                found[name] = inner.source.text
                visit(inner, place.rpartition("/")[0])

    visit(unit.module, "")
    return found
