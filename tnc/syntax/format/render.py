"""From the events of a document to lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum, auto
from itertools import groupby

from tnc.record import record
from tnc.syntax.format.layout import Begin, Mark
from tnc.syntax.format.trivia import Remark
from tnc.syntax.format.weave import Break, Woven

STEP = "  "


class Mode(Enum):
    """How a group is written: on one line, with every break, or with those of the writer."""

    FLAT = auto()
    BROKEN = auto()
    ROWS = auto()


@record
class Row:
    """A line of the result, and the comment at its end, which stood in `column` of the source."""

    text: str
    remark: str = ""
    column: int | None = None


def rendered(stream: Sequence[Woven], width: float) -> str:
    """The text, in lines of at most this width where that is possible."""
    return "\n".join(_aligned(Renderer(stream, width).rows())).strip("\n")


def _aligned(rows: Sequence[Row]) -> Iterator[str]:
    """Comments which stood below each other still do; any other is two blanks from its line."""
    for column, run in groupby(rows, key=lambda row: row.column):
        together = [*run]
        at = max(len(row.text.rstrip()) for row in together) + len(STEP)
        for row in together:
            yield row.text.rstrip() if column is None else row.text.rstrip().ljust(at) + row.remark


class Renderer:
    """Chooses where lines end. Widths are known beforehand, so each group is looked at once."""

    def __init__(self, stream: Sequence[Woven], width: float) -> None:
        self._stream = stream
        self._width = width
        self._ahead = [0]  # the width of all flat text before an event
        self._until = [0] * len(stream)  # the same at the next break, a comma there included
        self._end: dict[int, int] = {}
        self._breaks: dict[int, list[tuple[int, int]]] = {}  # of a group: where, and how deep
        self._forced: set[int] = set()
        self._measure()

    def _measure(self) -> None:
        level, groups = 0, [-1]
        self._breaks[-1] = []
        for k, each in enumerate(self._stream):
            width = 0
            match each:
                case str():
                    width = len(each)
                case Break():
                    width = len(each.flat)
                    self._breaks[groups[-1]].append((k, level + each.deeper))
                    self._forced.update(groups if each.hard else ())
                case Begin(forced=forced):
                    groups.append(k)
                    self._breaks[k] = []
                    self._forced.update([k] if forced else ())
                case Mark.END:
                    self._end[groups.pop()] = k
                case Mark.IN | Mark.OUT:
                    level += 1 if each is Mark.IN else -1
            self._ahead.append(self._ahead[-1] + width)
        self._measure_lines()

    def _measure_lines(self) -> None:
        until = self._ahead[-1]
        for k in reversed(range(len(self._stream))):
            if isinstance(self._stream[k], Break):
                until = self._ahead[k]
            elif self._stream[k] is Mark.COMMA:
                until += 1
            self._until[k] = until

    # ------------------------------------------------------------ how a group is written

    def _mode(self, group: int, column: int) -> Mode:
        breaks, begin = self._breaks[group], self._stream[group]
        assert isinstance(begin, Begin)
        if begin.rows and breaks and self._ends_in_source(breaks[0][0]):
            return Mode.ROWS if self._rows_fit(group, column) else Mode.BROKEN
        flat = self._until[self._end[group]] - self._ahead[group]
        fits = group not in self._forced and column + flat <= self._width
        return Mode.FLAT if fits else Mode.BROKEN

    def _ends_in_source(self, at: int) -> bool:
        each = self._stream[at]
        return isinstance(each, Break) and each.newline

    def _rows_fit(self, group: int, column: int) -> bool:
        """Whether no row is too long that could be cut."""
        start, several = group, False
        for at, level in self._breaks[group]:
            if not self._ends_in_source(at):
                several = True
                continue
            comma = self._stream[at - 2] is Mark.COMMA  # and the indentation ends
            if several and column + self._ahead[at] - self._ahead[start] + comma > self._width:
                return False
            start, several, column = at + 1, False, level * len(STEP)
        end = self._until[self._end[group]]
        return not several or column + end - self._ahead[start] <= self._width

    # ------------------------------------------------------------ lines

    def rows(self) -> list[Row]:
        """All lines."""
        found: list[Row] = []
        line, remark, column, level = "", "", None, 0
        modes = [Mode.BROKEN]
        for k, each in enumerate(self._stream):
            match each:
                case str():
                    line += each
                case Begin():
                    modes.append(self._mode(k, len(line)))
                case Mark.END:
                    modes.pop()
                case Mark.IN | Mark.OUT:
                    level += 1 if each is Mark.IN else -1
                case Mark.COMMA:
                    line += "," if modes[-1] is not Mode.FLAT else ""
                case Remark(column=None):
                    line += each.text
                case Remark():
                    remark, column = each.text, each.column
                case Break() if self._ends(each, modes[-1]):
                    found += [Row(line, remark, column), *([Row("")] if each.blank else [])]
                    line, remark, column = STEP * (level + each.deeper), "", None
                case Break():
                    line += each.flat
        return [*found, Row(line, remark, column)]

    def _ends(self, each: Break, mode: Mode) -> bool:
        if each.hard or each.forced or mode is Mode.BROKEN:
            return True
        return mode is Mode.ROWS and each.newline
