"""Printing a tree and parsing the text gives an equal tree."""

from pathlib import Path

import pytest

from tnc.diagnostics import NOWHERE, Report, Source
from tnc.syntax import tree
from tnc.syntax.parse import parse
from tnc.syntax.unparse import file_text, text

PROGRAMS = sorted((Path(__file__).parent.parent / "programs").rglob("*.tnn"))


def parsed(text: str) -> tree.File:
    report = Report()
    file = parse(Source("printed.tnn", text), report)
    assert not report.failed, report.diagnostics
    return file


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_programs_survive_printing(path: Path) -> None:
    file = parsed(path.read_text())
    printed = file_text(file)
    assert parsed(printed) == file
    assert file_text(parsed(printed)) == printed


@pytest.mark.parametrize(
    "expression",
    [
        "(a + b) * c - d / (e // 2)",
        "-(a * b) + -c[n, (s...)]",
        "(if a then b else c) |> f |> repeat (g in 1..3) G(g, x: [1, 2])",
        "if not a and (b or c == 2) then 1.5e-07 else [i for i in 1..d]",
        "sum(x * A[i] for i in 1..d - 1)",
        'f(..., "a\\n\\"b\\"", K..., true).g(over: [n, m])',
        "a - (b - c) - d",
        "(a |> f) * b",
    ],
)
def test_expressions_survive_printing(expression: str) -> None:
    text = f"tnn 1\nlayer L {{\n  output y[n] = {expression}\n}}\n"
    assert file_text(parsed(text)) == text.replace("{\n  output", "{\n  output", 1).replace(
        "tnn 1\nlayer", "tnn 1\n\nlayer"
    )


def test_documented_parameters_survive_printing() -> None:
    text = """tnn 1

## What it is,
## at length.
layer L(
  ## How many.
  classes: [int] = [1, 2],
  R: int,
) {
  ## The kernel.
  weight(init: normal(std: 0.1)) K[i in 1..2][r, (s...)]
}
"""
    assert file_text(parsed(text)) == text


def test_parentheses_are_put_where_the_tree_needs_them() -> None:
    """Trees that are made, not parsed, have no groups."""
    a, b, c = (tree.Name(NOWHERE, name) for name in "abc")
    inner = tree.Binary(NOWHERE, "-", b, c)
    assert text(tree.Binary(NOWHERE, "-", a, inner)) == "a - (b - c)"
    assert text(tree.Binary(NOWHERE, "-", inner, a)) == "b - c - a"
    assert text(tree.Binary(NOWHERE, "*", inner, a)) == "(b - c) * a"
    assert text(tree.Compare(NOWHERE, "<", inner, a)) == "b - c < a"
    assert text(tree.Subscript(NOWHERE, inner, (a,))) == "(b - c)[a]"
