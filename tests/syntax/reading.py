"""Shorthands: parse a text, and what was said about it."""

from __future__ import annotations

from pathlib import Path

from tnc.diagnostics import Diagnostic, Report, Source
from tnc.syntax import tree
from tnc.syntax.parse import parse, parse_einsum, parse_expression

PROGRAMS = sorted((Path(__file__).parents[1] / "programs" / "network").glob("*.tnn"))


def read(text: str) -> tuple[tree.File, tuple[Diagnostic, ...]]:
    """The tree, and everything that was said."""
    report = Report()
    return parse(Source("m.tnn", text), report), report.diagnostics


def clean(text: str) -> tree.File:
    """The tree of a text about which nothing is said."""
    file, said = read(text)
    assert said == ()
    return file


def body(text: str) -> tuple[tree.Statement, ...]:
    """The statements of a layer in which nothing is wrong."""
    (layer,) = clean(f"tnn 1\nlayer L {{\n{text}\n}}").items
    assert isinstance(layer, tree.Layer)
    return layer.body


def expression(text: str) -> tree.Expr:
    """The tree of an expression in which nothing is wrong."""
    report = Report()
    found = parse_expression(Source("e", text), report)
    assert report.diagnostics == ()
    assert found is not None
    return found


def einsum(text: str) -> tuple[tree.Einsum, tuple[Diagnostic, ...]]:
    """The tree of an equation, and everything that was said."""
    report = Report()
    return parse_einsum(Source("<einsum>", text), report), report.diagnostics


def places(text: str) -> list[str]:
    """The diagnostics as `code line:column`."""
    return [f"{each.code} {each.span.line}:{each.span.column}" for each in read(text)[1]]
