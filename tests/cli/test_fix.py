"""The edits of help messages, applied to texts. The checks here are made up; see test_check.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from tnc.diagnostics import Diagnostic, Edit, Help, Label, Source
from tnc.driver import front
from tnc.driver.fix import applied, choose, fix

Change = tuple[int, int, str]


def diagnostic(source: Source, *ways: Sequence[Change]) -> Diagnostic:
    help = tuple(
        Help("do this", tuple(Edit(source.span(a, b), new) for a, b, new in way)) for way in ways
    )
    labels = (Label(source.span(0, 1), "here", primary=True),)
    return Diagnostic("E0101", "error", "wrong", labels, (), help)


def edited(text: str, *changes: Sequence[Change]) -> str:
    """One round: each of `changes` are the edits of one diagnostic."""
    source = Source("a.tnn", text)
    chosen = choose(source, [diagnostic(source, each) for each in changes])
    return applied(source, [edit for _, edits in chosen for edit in edits])


def replacing(table: dict[str, str]) -> Callable[[Source], list[Diagnostic]]:
    """A check which wants each key replaced, as long as it is there."""

    def check(source: Source) -> list[Diagnostic]:
        return [
            diagnostic(source, [(at, at + len(old), new)])
            for old, new in table.items()
            if (at := source.text.find(old)) >= 0
        ]

    return check


def test_edits_apply_together() -> None:
    assert edited("abcdef", [(0, 1, "xyz")], [(2, 4, "")], [(6, 6, "!")]) == "xyzbef!"


def test_the_edits_of_one_diagnostic_apply_all_or_none() -> None:
    assert edited("abcdef", [(0, 2, "x")], [(1, 3, "y"), (5, 6, "z")]) == "xcdef"


@pytest.mark.parametrize(
    "second", [(1, 3), (0, 2), (0, 1), (1, 1), (0, 0), (2, 2)], ids=lambda each: str(each)
)
def test_overlapping_edits_wait(second: tuple[int, int]) -> None:
    assert edited("abcdef", [(0, 2, "x")], [(*second, "y")]) == "xcdef"


def test_neighbours_do_not_overlap() -> None:
    assert edited("abcdef", [(2, 4, "y")], [(0, 2, "x")], [(4, 6, "z")]) == "xyz"


def test_a_diagnostic_with_overlapping_edits_is_left_alone() -> None:
    assert edited("abc", [(0, 2, "x"), (1, 3, "y")]) == "abc"


def test_the_same_edit_from_two_diagnostics_applies_once() -> None:
    assert edited("abc", [(1, 1, ")")], [(1, 1, ")"), (2, 3, "d")]) == "a)bd"


def test_of_several_ways_out_none_is_taken() -> None:
    source = Source("a.tnn", "abc")
    assert choose(source, [diagnostic(source, [(0, 1, "x")], [(0, 1, "y")])]) == []


def test_edits_of_other_files_are_not_applied() -> None:
    source, other = Source("a.tnn", "abc"), Source("b.tnn", "abc")
    assert choose(source, [diagnostic(other, [(0, 1, "x")])]) == []


def test_line_ends_and_byte_order_mark_stay() -> None:
    assert edited("\ufeffa\r\nb\r\n", [(0, 0, "tnn 1\n")]) == "\ufefftnn 1\r\na\r\nb\r\n"
    assert edited("a\nb\n", [(0, 0, "tnn 1\n")]) == "tnn 1\na\nb\n"


def test_rounds_go_on_until_nothing_is_left() -> None:
    fixed = fix(Source("a.tnn", "one"), replacing({"one": "two", "two": "three"}))
    assert fixed.source.text == "three"
    assert fixed.remaining == ()
    assert fixed.done == (
        "fixed E0101 at a.tnn:1:1: `one` is now `two`",
        "fixed E0101 at a.tnn:1:1: `two` is now `three`",
    )


def test_edits_that_undo_each_other_end() -> None:
    fixed = fix(Source("a.tnn", "a"), replacing({"a": "b", "b": "a"}))
    assert fixed.source.text == "b"
    assert len(fixed.remaining) == 1


def test_edits_that_never_end_are_stopped() -> None:
    fixed = fix(Source("a.tnn", "a"), replacing({"a": "aa"}))
    assert len(fixed.done) == 10


def test_edits_that_make_errors_are_left_out() -> None:
    def check(source: Source) -> list[Diagnostic]:
        found = replacing({"bad": "worse", "one": "two", "three": "four"})(source)
        made = "worse" in source.text or ("two" in source.text) != ("four" in source.text)
        new = replace(diagnostic(source), code="E0201")
        return [*found, new] if made else found

    fixed = fix(Source("a.tnn", "bad one three"), check)
    assert fixed.source.text == "bad two four"  # these two need one another
    assert [each.code for each in fixed.remaining] == ["E0101"]
    assert len(fixed.done) == 2
    assert fix(Source("a.tnn", "bad"), check).source.text == "bad"


def test_warnings_may_come_of_edits() -> None:
    def check(source: Source) -> list[Diagnostic]:
        warning = replace(diagnostic(source), code="W0101", severity="warning")
        return replacing({"one": "two"})(source) or [warning]

    assert fix(Source("a.tnn", "one"), check).source.text == "two"


NAMES = """tnn 1
layer A1(D: int) {
  mode n, d: D
  input x[n, d]
  output y[n, d] = tanh(x)
}
layer A(D: int) {
  mode n, d: D
  input x[n, d]
  weight W1[d], W2[d], b1[d]
  output y[n, d] = EXPR
}
"""


@pytest.mark.parametrize(
    ("written", "fixed"),
    [
        ("Relu(x) * W1 * W2 + b1", "relu(x) * W1 * W2 + b1"),
        ("x * W3 + b2", None),
        ("x * W1 * X + W2 + b1", "x * W1 * x + W2 + b1"),
        ("x |> A2(D)", "x |> A1(D)"),  # not `A`, which is this layer
    ],
)
def test_names_are_replaced_only_where_one_is_meant(written: str, fixed: str | None) -> None:
    source = Source("a.tnn", NAMES.replace("EXPR", written))
    assert fix(source, front.check).source.text == NAMES.replace("EXPR", fixed or written)


def test_the_report_names_insertions_and_removals() -> None:
    def check(source: Source) -> list[Diagnostic]:
        changes = [(0, 1, ""), (2, 2, "\n)")]
        return [diagnostic(source, changes)] if source.text == "abc" else []

    fixed = fix(Source("a.tnn", "abc"), check)
    assert fixed.done == ("fixed E0101 at a.tnn:1:1: removed `a`, inserted `)`",)
