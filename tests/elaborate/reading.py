"""Programs of these tests: a layer `L` from its body, and what is said about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tnc.diagnostics import Diagnostic, Report, Source
from tnc.elaborate import Elaborator, check
from tnc.ir.graph import Value
from tnc.ir.layer import Layer
from tnc.ops import Contract, Leaf, Rename
from tnc.syntax.module import Module
from tnc.syntax.parse import parse


def program(body: str, params: str = "") -> str:
    """A file with the layer `L`; the first line of `body` is line 3 of the file."""
    return f"tnn 1\nlayer L({params}) {{\n{body}\n}}\n"


def elaborated(
    text: str, name: str = "L", settings: Mapping[str, object] | None = None
) -> tuple[Layer | None, tuple[Diagnostic, ...]]:
    source, report = Source("t.tnn", text), Report()
    file = parse(source, report)
    assert not report.failed, report.diagnostics
    module = Module("", source, file, {})
    made = Elaborator(report).layer(module, name, settings or {})
    return made, report.diagnostics


def layer(body: str, params: str = "", **settings: Any) -> Layer:
    """The layer of a program without errors."""
    made, said = elaborated(program(body, params), "L", settings)
    assert made is not None, said
    return made


def checked(text: str) -> tuple[Diagnostic, ...]:
    source, report = Source("t.tnn", text), Report()
    file = parse(source, report)
    assert not report.failed, report.diagnostics
    check(Module("", source, file, {}), report)
    return report.diagnostics


def places(said: tuple[Diagnostic, ...]) -> list[tuple[str, int, int]]:
    return [(each.code, each.span.line, each.span.column) for each in said]


def contraction(value: Value) -> tuple[set[str], list[str], tuple[str, ...], list[str]]:
    """What a contraction multiplies, its patterns, and what it keeps: names of leaves, with their
    modes where they are renamed."""
    assert isinstance(value.op, Contract), value
    factors = [_factor(operand) for operand in value.operands]
    patterns = [str(pattern) for pattern in value.op.patterns]
    return set(factors), patterns, tuple(map(str, value.op.keep)), sorted(factors)


def _factor(value: Value) -> str:
    if isinstance(value.op, Leaf):
        return value.op.name
    if isinstance(value.op, Rename):
        (inner,) = value.operands
        return f"{_factor(inner)}{value.type}"
    return type(value.op).__name__
