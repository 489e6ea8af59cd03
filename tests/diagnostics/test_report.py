"""Collecting diagnostics: sorted, once each, raised together."""

import pytest

from tnc.diagnostics import CompileError, Help, Label, Report, Source

SOURCE = Source("f.tnn", "abc\ndef\n")


def test_sorted_by_position_and_said_once() -> None:
    report = Report()
    report.error("E0102", "second", SOURCE.span(4, 5), "here")
    report.warning("W0102", "first", SOURCE.span(0, 1), "here")
    report.error("E0102", "second", SOURCE.span(4, 5), "here")
    report.error("E0101", "other file", Source("e.tnn", "abcdefgh").span(7, 8), "here")
    assert [each.message for each in report.diagnostics] == ["other file", "first", "second"]


def test_the_first_label_is_the_primary_one() -> None:
    report = Report()
    other = Label(SOURCE.span(4, 5), "there")
    report.error("E0104", "twice", SOURCE.span(0, 1), "here", other, notes=["n"], help=[Help("h")])
    (diagnostic,) = report.diagnostics
    assert [(label.text, label.primary) for label in diagnostic.labels] == [
        ("here", True),
        ("there", False),
    ]
    assert diagnostic.span == SOURCE.span(0, 1)
    assert (diagnostic.severity, diagnostic.notes, diagnostic.help) == (
        "error", ("n",), (Help("h"),),
    )  # fmt: skip


def test_warnings_do_not_fail() -> None:
    report = Report()
    report.warning("W0001", "old", SOURCE.span(0, 0), "here")
    assert not report.failed
    report.raise_errors()
    report.error("E0001", "bad", SOURCE.span(0, 1), "here")
    assert report.failed
    with pytest.raises(CompileError) as raised:
        report.raise_errors()
    assert [each.code for each in raised.value.diagnostics] == ["W0001", "E0001"]


def test_a_compile_error_reads_like_the_command_line() -> None:
    report = Report()
    report.error("E0001", "unexpected character `a`", SOURCE.span(0, 1), "here")
    assert str(CompileError(report.diagnostics)) == (
        "error[E0001]: unexpected character `a`\n --> f.tnn:1:1\n  |\n1 | abc\n  | ^ here"
    )
