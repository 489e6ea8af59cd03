"""Between offsets in a text and the positions of the protocol.

A position is a line and a column in units of an encoding which client and server agree on: of
UTF-16 unless the client has others. There, `𝒜` is two units wide.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import field

from lsprotocol.types import Position, Range

from tnc.diagnostics import Span
from tnc.record import record

_LINE_END = re.compile(r"\r\n|\n|\r")
_WIDTH = {"utf-8": 1, "utf-16": 2, "utf-32": 4}


@record
class Positions:
    """The positions of one text."""

    text: str
    encoding: str = "utf-16"
    starts: tuple[int, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        ends = (found.end() for found in _LINE_END.finditer(self.text))
        object.__setattr__(self, "starts", (0, *ends))

    def offset(self, position: Position) -> int:
        """The offset of a position; beyond the end of a line, of that end."""
        if position.line >= len(self.starts):
            return len(self.text)
        start = self.starts[position.line]
        after = position.line + 1
        end = self.starts[after] if after < len(self.starts) else len(self.text)
        line = self.text[start:end].rstrip("\r\n")
        if line.isascii():
            return start + min(position.character, len(line))
        units = 0
        for at, letter in enumerate(line):
            if units >= position.character:
                return start + at
            units += self._units(letter)
        return start + len(line)

    def position(self, offset: int) -> Position:
        """The position of an offset."""
        line = bisect_right(self.starts, offset) - 1
        before = self.text[self.starts[line] : offset]
        return Position(line, len(before) if before.isascii() else self._units(before))

    def range(self, span: Span) -> Range:
        """A stretch of this text."""
        return Range(self.position(span.start), self.position(span.end))

    def _units(self, text: str) -> int:
        encoding = self.encoding if self.encoding == "utf-8" else f"{self.encoding}-le"
        return len(text.encode(encoding, "surrogatepass")) // _WIDTH[self.encoding]
