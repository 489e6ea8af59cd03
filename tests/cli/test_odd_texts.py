"""Texts as other systems and other people write them, and texts that are very long or deep."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import DENSE, Answer
from tests.hanging import guarded

Run = Callable[..., Answer]

WRONG = DENSE.replace("x * A", "x * B")
PLACE = "a.tnn:6:24: error[E0102]: undefined tensor `B`"
NESTED = "error[E0002]: unexpected nesting, expected at most 200 levels"


def written(text: str, tail: str = "") -> None:
    """`a.tnn`, to the byte."""
    Path("a.tnn").write_bytes((text + tail).encode())


def code_of(module: str) -> list[str]:
    """A module without the line that names the bytes of its text."""
    lines = module.splitlines()
    (sums,) = (line for line in lines if line.startswith("sha256 of the source: "))
    lines.remove(sums)
    return lines


@pytest.mark.parametrize(
    "changed",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", " # a comment\r"),
        lambda text: "\ufeff" + text,
        lambda text: "\ufeff" + text.replace("\n", "\r\n"),
        lambda text: text.rstrip("\n"),
        lambda text: text + "\n" * 100,
        lambda text: text + "# the end",
    ],
    ids=[
        "crlf",
        "cr",
        "mark",
        "mark-crlf",
        "no-last-line-end",
        "empty-lines",
        "comment-at-the-end",
    ],
)
def test_the_same_text_otherwise_written(tnc: Run, changed: Callable[[str], str]) -> None:
    written(DENSE)
    plain = tnc("compile", "a.tnn", "--set", "T=4", "-o", "-").out
    written(changed(DENSE))
    answer = tnc("compile", "a.tnn", "--set", "T=4", "-o", "-")
    assert answer.code == 0
    assert code_of(answer.out) == code_of(plain)
    written(changed(WRONG))
    answer = tnc("check", "--format", "short", "a.tnn")
    assert answer.err.splitlines()[0] == PLACE


def test_tabs_count_as_one_column_and_are_shown_as_blanks(tnc: Run) -> None:
    written(WRONG.replace("  output", "\toutput"))
    answer = tnc("check", "a.tnn")
    assert " --> a.tnn:6:23\n" in answer.err
    line, marks = answer.err.splitlines()[3:5]
    assert line == "6 |     output y[n, t] = x * B"
    assert marks.index("^") == line.index("B")


@pytest.mark.parametrize(
    ("name", "same"),
    [("größe", "größe"), ("名", "名"), ("ﬁlter", "filter"), ("𝔸", "A"), ("μ", "\u03bc")],
)
def test_names_in_other_scripts(tnc: Run, name: str, same: str) -> None:
    written(DENSE.replace("A", name, 1).replace("* A", f"* {unicodedata.normalize('NFC', same)}"))
    assert tnc("check", "a.tnn") == Answer(0, "", "")
    answer = tnc("compile", "a.tnn", "--set", "T=4", "-o", "-")
    assert answer.code == 0
    compile(answer.out, "a.py", "exec")
    assert unicodedata.normalize("NFKC", name) in answer.out


@pytest.mark.parametrize("name", ["a²", "a№", "a\u200b", "a\u2028b", "a\u00ad", "☃"])
def test_what_is_no_name_in_python_is_none_here(tnc: Run, name: str) -> None:
    written(DENSE.replace("A", name))
    answer = tnc("check", "--format", "short", "a.tnn")
    assert answer.code == 1
    assert "error[E0001]: unexpected character" in answer.err


@pytest.mark.parametrize("text", ["", "\n", "\ufeff", "# nothing\n", "\r\n\r\n", " \t "])
def test_nothing_is_written(tnc: Run, text: str) -> None:
    written(text)
    answer = tnc("check", "a.tnn")
    assert answer.code == 0
    assert "warning[W0001]" in answer.err
    answer = tnc("compile", "a.tnn")
    assert (answer.code, answer.out) == (1, "")
    assert "there is no layer in `a.tnn`" in answer.err


LAYER = "layer L{} {{\n  mode n, s: 3\n  input x[n, s]\n  weight A[s]\n  output y[n] = x * A\n}}\n"


@pytest.mark.slow
@pytest.mark.parametrize(("old", "new", "errors"), [("", "", 0), ("* A", "* B", 1667)])
def test_ten_thousand_lines(tnc: Run, old: str, new: str, errors: int) -> None:
    layers = "".join(LAYER.format(k) for k in range(1667))
    written("tnn 1\n" + (layers.replace(old, new) if old else layers))
    answer = tnc("check", "a.tnn")
    assert answer.code == bool(errors)
    assert answer.err.count("error[") == min(errors, 20)
    assert f"… and {errors - 20} more" in answer.err or not errors


def test_a_chain_of_three_thousand_equations(tnc: Run) -> None:
    lines = "".join(f"  let z{k + 1}[n] = z{k} * x\n" for k in range(3000))
    written("tnn 1\nlayer L {\n  mode n\n  input x[n]\n  let z0[n] = x\n")
    with Path("a.tnn").open("a") as file:
        file.write(lines + "  output y[n] = z3000\n}\n")
    assert tnc("check", "a.tnn") == Answer(0, "", "")


DEEP = {
    "parentheses": "(" * 10_000 + "x" + ")" * 10_000,
    "parentheses-left-open": "(" * 10_000,
    "lists": "[" * 10_000,
    "signs": "-" * 10_000 + "x",
    "functions": "relu(" * 10_000 + "x" + ")" * 10_000,
    "choices": "if true then x else " * 3000 + "x",
    "pipes": "x" + " |> relu" * 5000,
    "indices": "x" + "[n]" * 5000,
    "members": "x" + ".y" * 5000,
}


@pytest.mark.parametrize("kind", DEEP)
def test_what_is_nested_too_deeply(tnc: Run, kind: str) -> None:
    written(f"tnn 1\nlayer L {{\n  mode n\n  input x[n]\n  output y[n] = {DEEP[kind]}\n}}\n")
    with guarded():
        answer = tnc("check", "--format", "short", "a.tnn")
    assert answer.code == 1
    assert NESTED in answer.err
    assert len(answer.err.splitlines()) <= 3


@pytest.mark.parametrize("operator", ["+", "*"])
def test_long_sums_and_products_are_not_nested(tnc: Run, operator: str) -> None:
    chain = f" {operator} ".join(["x"] * 5000)
    written(f"tnn 1\nlayer L {{\n  mode n\n  input x[n]\n  output y[n] = {chain}\n}}\n")
    assert tnc("check", "a.tnn") == Answer(0, "", "")
