"""Drawing source lines with marks below them, after the manner of rustc."""

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, groupby, pairwise

from tnc.diagnostics.diagnostic import Label
from tnc.diagnostics.span import Source
from tnc.record import record

TAB = " " * 4
WIDEST = 160
"""The most cells of a source line that are shown."""

GUTTER = "gutter"
PRIMARY = "primary"
SECONDARY = "secondary"

Row = tuple[tuple[str, str], ...]
"""Pieces of text, each with its style: GUTTER, PRIMARY, SECONDARY or ""."""


@record
class Mark:
    """A label on its line, in screen cells from 0; `end` is exclusive and at least `start + 1`."""

    line: int
    start: int
    end: int
    text: str
    style: str


def draw(source: Source, labels: Iterable[Label], gutter: int) -> Iterator[Row]:
    """The lines that `labels` mark, each followed by its marks; `gutter` digits for numbers.

    One line between two marked ones is shown, more are elided as `...`.
    """
    marks = sorted((_mark(source, label) for label in labels), key=lambda each: each.line)
    lines = {line: tuple(group) for line, group in groupby(marks, key=lambda each: each.line)}
    gaps = {after: after - before for before, after in pairwise(lines)}
    for line, group in lines.items():
        if gaps.get(line, 0) == 2:
            yield _source_row(line - 1, _cropped(shown(source.line(line - 1)), ())[0], gutter)
        elif gaps.get(line, 0) > 2:
            yield (("...", GUTTER),)
        text, visible = _cropped(shown(source.line(line)), group)
        yield _source_row(line, text, gutter)
        for row in _mark_rows(visible):
            yield (*empty(gutter), (" ", ""), *row)


def empty(gutter: int) -> Row:
    """The gutter of a row that shows no source line."""
    return ((" " * (gutter + 1) + "|", GUTTER),)


def shown(text: str) -> str:
    """The text as a terminal can show it: tabs as blanks, control characters as `�`."""
    expanded = text.replace("\t", TAB)
    return "".join("�" if unicodedata.category(each) == "Cc" else each for each in expanded)


def width(text: str) -> int:
    """How many terminal cells `shown` text takes."""
    return sum(_cells(each) for each in text)


def _cells(letter: str) -> int:
    if unicodedata.category(letter) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in {"W", "F"} else 1


def _mark(source: Source, label: Label) -> Mark:
    span = label.span
    line = source.line(span.line)
    last = span.end_column - 1 if span.end_line == span.line else len(line)
    start = width(shown(line[: span.column - 1]))
    end = width(shown(line[:last]))
    style = PRIMARY if label.primary else SECONDARY
    return Mark(span.line, start, max(end, start + 1), label.text, style)


def _source_row(line: int, text: str, gutter: int) -> Row:
    number = (f"{line:>{gutter}} |", GUTTER)
    return (number, (f" {text.rstrip()}", "")) if text.rstrip() else (number,)


def _cropped(text: str, marks: Sequence[Mark]) -> tuple[str, Sequence[Mark]]:
    """The part of a very long line around its primary mark, and the marks moved accordingly."""
    if width(text) <= WIDEST:
        return text, marks
    wanted = [each.start for each in marks if each.style == PRIMARY] or [
        each.start for each in marks
    ]
    low = max(0, min(wanted, default=0) - WIDEST // 3)
    cells = list(accumulate((_cells(each) for each in text), initial=0))
    first, last = bisect_left(cells, low), bisect_right(cells, low + WIDEST) - 1
    before, after = "…" if first else "", "…" if last < len(text) else ""
    shift = len(before) - cells[first]
    high = cells[last] + shift

    def moved(mark: Mark) -> Mark:
        start = min(max(mark.start + shift, 0), high)
        return replace(mark, start=start, end=min(max(mark.end + shift, start + 1), high + 1))

    return before + text[first:last] + after, [moved(each) for each in marks]


def _mark_rows(marks: Sequence[Mark]) -> Iterator[Row]:
    """The row of underlines with the rightmost text beside it, then a row for each other text."""
    ordered = sorted(marks, key=lambda each: (each.start, each.end))
    last = ordered[-1]
    beside = all(other.end < last.end for other in ordered[:-1])
    underlines = _underlines(ordered)
    waiting = [each for each in ordered if each.text]
    if beside and last.text:
        waiting.remove(last)
        yield (*underlines, (f" {last.text}", last.style))
    else:
        yield underlines
    if waiting:
        yield _bars(waiting)
    while waiting:
        mark = waiting.pop()
        bars = _bars([each for each in waiting if each.start < mark.start])
        blank = " " * (mark.start - width("".join(text for text, _ in bars)))
        yield (*bars, (blank, ""), (mark.text, mark.style))


def _underlines(marks: Sequence[Mark]) -> Row:
    cells = [(" ", "")] * max(each.end for each in marks)
    # Primary marks are drawn last so that nothing covers them.
    for mark in sorted(marks, key=lambda each: each.style == PRIMARY):
        letter = "^" if mark.style == PRIMARY else "-"
        cells[mark.start : mark.end] = [(letter, mark.style)] * (mark.end - mark.start)
    return _joined(cells)


def _bars(marks: Sequence[Mark]) -> Row:
    cells = [(" ", "")] * max((each.start + 1 for each in marks), default=0)
    for mark in marks:
        cells[mark.start] = ("|", mark.style)
    return _joined(cells)


def _joined(cells: Sequence[tuple[str, str]]) -> Row:
    runs = groupby(cells, key=lambda each: each[1])
    return tuple(("".join(letter for letter, _ in run), style) for style, run in runs)
