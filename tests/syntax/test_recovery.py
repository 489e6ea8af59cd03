"""Whatever the text is, parsing ends, and gives a tree within the text."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.hanging import guarded
from tests.syntax.reading import PROGRAMS, einsum, read
from tnc.diagnostics import CompileError, Report, Source
from tnc.syntax import parse, tree
from tnc.syntax.grammar import KEYWORDS
from tnc.syntax.lexing import lex

PIECES = re.compile(r"\s+|#[^\n]*|\w+'*|\.\.\.|\|>|.", re.DOTALL)
TEXTS = [path.read_text(encoding="utf-8") for path in PROGRAMS]
ODD = [*KEYWORDS, *"{}()[]=:,;*|'\"$×#", "##", "...", "..", "->", "²", "\x00", "\r", "\ufeff"]


def check(text: str) -> None:
    """The laws of recovery, for any text."""
    with guarded():
        file, said = read(text)
        str(CompileError(said))
    for node in tree.walk(file):
        assert 0 <= node.span.start <= node.span.end <= len(text)
    for each in said:
        assert 0 <= each.span.start <= each.span.end <= len(text)
        assert re.fullmatch(r"E000[1-7]|W000[12]", each.code)
        assert each.message
    assert len(said) == len(set(said))


@given(st.text(max_size=200))
@example("layer M(S: int {")
@example("rom\nn import ")
@example("from import import import")
@example("layer L { mode n } mode k { } }")
@example("##\n##")
@example("tnn 1 ## doc")
@example('"')
def test_any_text(text: str) -> None:
    check(text)


@given(st.lists(st.sampled_from([*ODD, *"abAB", "int", "1", "0.5", '"s"', "\n"]), max_size=60))
@example(["layer", "a", "{", "test", '"s"', "{", "}"])
@example(["layer", "a", "(", "layer", ":", "layer", "layer"])
def test_any_tokens(tokens: list[str]) -> None:
    check(" ".join(tokens))


@pytest.mark.parametrize("seed", range(40))
def test_damaged_programs(seed: int) -> None:
    generator = random.Random(seed)
    pieces = PIECES.findall(generator.choice(TEXTS))
    for _ in range(generator.choice([1, 1, 2, 5, 30])):
        at = generator.randrange(len(pieces))
        match generator.randrange(3):
            case 0:
                del pieces[at : at + generator.choice([1, 1, 3, 20])]
            case 1:
                pieces.insert(at, generator.choice([*ODD, *pieces]))
            case _:
                other = generator.randrange(len(pieces))
                pieces[at], pieces[other] = pieces[other], pieces[at]
    check("".join(pieces))


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_what_is_right_needs_no_recovery(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The quick way and the careful way read the same, place for place."""
    quick, said = read(text)
    assert parse._without_mistakes(lex(quick.span.source, Report()), quick.span.source) is not None
    monkeypatch.setattr(parse, "_without_mistakes", lambda *_: None)
    careful, said_carefully = read(text)
    assert (quick, len(said)) == (careful, len(said_carefully))
    places = [[node.span.start for node in tree.walk(file)] for file in (quick, careful)]
    assert places[0] == places[1]


def test_what_is_wrong_needs_recovery() -> None:
    for text in ["tnn 1 layer L { mode n, }", "tnn 1 mode n", "mode n ## beside", "(" * 3000]:
        source = Source("a.tnn", text)
        assert parse._without_mistakes(lex(source, Report()), source) is None


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_truncated_programs(text: str) -> None:
    for end in range(0, len(text), 29):
        check(text[:end])


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_one_token_less_is_reported_and_little_is_lost(text: str) -> None:
    """Layers other than the one with the mistake stay whole, unless a brace is missing."""
    whole = [each for each in read(text)[0].items if isinstance(each, tree.Layer)]
    pieces = PIECES.findall(text)
    for at in range(0, len(pieces), 11):
        if not pieces[at].strip() or pieces[at].startswith("#") or pieces[at] in {"{", "}", '"'}:
            continue
        file, _ = read("".join([*pieces[:at], *pieces[at + 1 :]]))
        kept = {each.name.text: each for each in file.items if isinstance(each, tree.Layer)}
        assert sum(kept.get(each.name.text) == each for each in whole) >= len(whole) - 1


@pytest.mark.parametrize(
    "text",
    ["$" * 20_000, "$ a % " * 3000, ")" * 20_000, "(" * 20_000, "{" * 20_000, "layer " * 5000,
     "layer M(S: int {" * 500, "## a\n" * 5000, "mode a, " * 3000, '"' * 20_001,
     "let a = (\n" * 2000, "layer L {" + "let a = (\n" * 2000, "- " * 20_000,
     "from a\n" * 3000, "import " * 3000,
     "layer L { let a = b" + " * b" * 5000, "layer L {" + "\n  y[n] = x" * 4000],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_long_nonsense(text: str) -> None:
    check(text)


@given(st.text(alphabet="ab'. ,->|*=;12()$#in\n", max_size=60))
def test_any_equation(text: str) -> None:
    with guarded():
        equation, said = einsum(text)
    assert equation.operands or said
    for node in tree.walk(equation):
        assert 0 <= node.span.start <= node.span.end <= len(text)
