"""Where something is written: a source text, and a stretch of it."""

import re
from bisect import bisect_right
from dataclasses import field

from tnc.record import record

BYTE_ORDER_MARK = "\ufeff"
_ALONE = re.compile(r"\r(?!\n)")


@record(eq=False)
class Source:
    """A `.tnn` text with the name under which it is shown.

    Two sources are equal only if they are the same object, so hashing costs nothing.
    A byte order mark stays in `text` (offsets are offsets into `text`) but belongs to no line.
    Where lines end with a carriage return alone, `text` has a line feed instead.
    """

    name: str
    text: str = field(repr=False)
    starts: tuple[int, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", universal(self.text))
        first = 1 if self.text.startswith(BYTE_ORDER_MARK) else 0
        rest = (at + 1 for at, letter in enumerate(self.text) if letter == "\n")
        object.__setattr__(self, "starts", (first, *rest))

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both counted from 1; columns count code points."""
        line = max(1, bisect_right(self.starts, offset))
        return line, max(0, offset - self.starts[line - 1]) + 1

    def line(self, number: int) -> str:
        """The text of line `number` (from 1), without its end; "" beyond the last line."""
        if not 1 <= number <= len(self.starts):
            return ""
        start = self.starts[number - 1]
        end = self.starts[number] - 1 if number < len(self.starts) else len(self.text)
        return self.text[start:end].removesuffix("\r")

    def span(self, start: int, end: int) -> "Span":
        """The stretch from offset `start` up to, not including, `end`."""
        return Span(self, start, end)

    def everything(self) -> "Span":
        """The whole text."""
        return Span(self, 0, len(self.text))


@record
class Span:
    """The stretch `source.text[start:end]`. Lines and columns count from 1.

    `end_line` and `end_column` say where the first character after the stretch stands.
    """

    source: Source
    start: int
    end: int

    @property
    def file(self) -> str:
        """The name under which the source is shown."""
        return self.source.name

    @property
    def line(self) -> int:
        """Line of the first character."""
        return self.source.position(self.start)[0]

    @property
    def column(self) -> int:
        """Column of the first character."""
        return self.source.position(self.start)[1]

    @property
    def end_line(self) -> int:
        """Line of the position just after the last character."""
        return self.source.position(self.end)[0]

    @property
    def end_column(self) -> int:
        """Column of the position just after the last character."""
        return self.source.position(self.end)[1]

    @property
    def text(self) -> str:
        """What is written there."""
        return self.source.text[self.start : self.end]

    def to(self, other: "Span") -> "Span":
        """The shortest stretch that holds both; both must be of one source."""
        if other.source is not self.source:
            raise ValueError(f"spans of two sources: {self.file} and {other.file}")
        return Span(self.source, min(self.start, other.start), max(self.end, other.end))

    def encloses(self, other: "Span") -> bool:
        """Whether the other stretch lies within this one."""
        within = self.start <= other.start and other.end <= self.end
        return within and other.source is self.source

    def __repr__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


def universal(text: str) -> str:
    """The text with a line feed for each carriage return that has none: as long as before."""
    return _ALONE.sub("\n", text) if "\r" in text else text


NOWHERE = Span(Source("<built>", ""), 0, 0)
"""The place of what no text stands for, such as a tree built from Python."""
