"""The tokens of a text."""

from __future__ import annotations

from typing import Self


class Token(str):
    """A stretch of text with the type of terminal that it is, from `start` up to `end`.

    The text is that of the source, unless something was read in its place.
    """

    __slots__ = ("end", "start", "type")
    type: str
    start: int
    end: int

    def __new__(cls, type_: str, text: str, start: int, end: int) -> Self:
        made = str.__new__(cls, text)  # twice as quick as by `super()`
        made.type, made.start, made.end = type_, start, end
        return made

    def read_as(self, type_: str, text: str | None = None) -> Token:
        """What stands here, read as another type of token, or as another text."""
        return Token(type_, str(self) if text is None else text, self.start, self.end)
