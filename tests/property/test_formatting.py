"""Texts in which everything between the tokens is drawn: white space, comments, documentation."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.syntax.reading import read
from tnc.diagnostics import Report, Source
from tnc.syntax import tree
from tnc.syntax.format import WIDTH, formatted
from tnc.syntax.lexing import lex

ROOT = Path(__file__).parents[2]
PROGRAMS = sorted(
    path
    for folder in ("tnc/std", "examples", "tests/programs/network")
    for path in (ROOT / folder).glob("*.tnn")
)

ODDITIES = """
from ... zoo.tt import CP as cp, TT
import . . .. far
let Q = G(1, f(2) . g..., 007, 1e-3, "a\\tb", [x for i in 1 .. d], )
layer Empty() {}
layer Bare {}
extern(kind: pointwise) swish(beta: [[int]] = [[1, 2], [3]]) = a.b(beta)
extern N: [n, c], [...] -> [n, (c, d)], [] = (if a then b else if c then d else e)
layer L(S, act: layer, T: int = -1,) {
  mode n[i in 0..d - 1]: S[i], c = (s..., t), u
  conv(stride: (1, 2), pad: same) h'[a] for a in 1..D = h[a] * f[a] * g, w' = w * j
  weight(init: normal(std: 0.1)) K[i in 1..2][r, (s...)], B[]
  require not a == b and (c or d) or a mod 2 < 3 // 4, "why"
  let a, b[n] = (if p then x else y) |> f |> repeat (3) repeat (g in 1..3) G(g) |> h
  output y[n] = -(a - b - (c - d)) * sum(x * A[i] for i in 1..d, over: [n]) / 2 + (z)[n, t]
}
test "title" { let a = 1 assert a != 2, "no" }
"""


def texts() -> list[str]:
    """Single items of real programs, so that what fails is small; and what they do not contain."""
    found = [ODDITIES]
    for path in PROGRAMS:
        text = path.read_text(encoding="utf-8")
        found += [item.span.text for item in read(text)[0].items]
    return found


COMMENTS = ["# c\n", "\n# o\n", "\n\n# o\n \n# o\n", "## s\n", "\n  ## d\n"]
TRIVIA = st.sampled_from([" "] * 24 + ["\n"] * 3 + ["\n\n\n", *COMMENTS])


@st.composite
def layouts(draw: st.DrawFn) -> str:
    """One of the texts, with something else between its tokens."""
    source = Source("a.tnn", draw(st.sampled_from(TEXTS)))
    parts: list[str] = []
    for number, token in enumerate(lex(source, Report()).tokens):
        trivia = draw(TRIVIA)
        parts += [trivia.replace(" o", f" {number}").replace(" c", f" {number}"), token]
        if token.startswith("##"):
            parts.append("\n")
        elif token == "," and draw(st.booleans()):
            parts.append(draw(st.sampled_from(["  # aligned\n", "\n", "\n        # aligned\n"])))
    return "".join([*parts, draw(TRIVIA)])


TEXTS = texts()


def comments(file: tree.File) -> list[str]:
    return [each.text.rstrip() for each in file.comments]


@given(layouts())
def test_what_is_written_stays(text: str) -> None:
    before, said = read(text)
    assert all(each.severity == "warning" for each in said), said
    result = formatted(Source("a.tnn", text))
    after, _ = read(result)
    assert after == before
    assert comments(after) == comments(before)


@given(layouts())
def test_formatting_again_changes_nothing(text: str) -> None:
    once = formatted(Source("a.tnn", text))
    assert formatted(Source("a.tnn", once)) == once


@given(layouts())
def test_the_form(text: str) -> None:
    result = formatted(Source("a.tnn", text))
    lines = result.split("\n")
    assert result.endswith("\n")
    assert "\n\n\n" not in result
    assert not result.startswith("\n")
    assert all(line == line.rstrip() for line in lines)
    assert all(len(line) <= WIDTH for line in lines if "#" not in line and '"' not in line)
