"""A document of a tree, together with what the text has that the tree has not.

The words of the document are the tokens of the text, in their order; so each comment has its place
between two words. It stays there, except that it gives way to a comma before it, and an operator
after which a line would end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from tnc.record import record
from tnc.syntax.format.layout import Begin, Event, Line, Mark
from tnc.syntax.format.trivia import Gap, Remark
from tnc.syntax.grammar import DOC, END
from tnc.syntax.lexing import scan
from tnc.syntax.token import Token

_CLOSING = frozenset(")]}")
_OPERATORS = frozenset({
    "+", "-", "*", "/", "//", "mod", "and", "or", "|>", "==", "!=", "<=", ">=", "<", ">",
})  # fmt: skip
_LEFT_OUT = {"RPAR": {"COMMA"}, "RSQB": {"COMMA"}, "LBRACE": {"LPAR", "RPAR"}}
"""What the canonical form leaves out before a token: last commas, and empty parentheses."""


@record
class Break:
    """Where a line may end. `hard`: it ends, and so do the groups around it; `forced`: it ends, for
    a comment stands here; `newline`: it ends in the text. `deeper` indents the next line."""

    flat: str = ""
    hard: bool = False
    forced: bool = False
    newline: bool = False
    blank: bool = False
    deeper: bool = False


_INSERTED = Line("")
"""Where no line may end but a comment stands."""

Woven = str | Break | Begin | Mark | Remark


def unwoven(stream: Iterable[Event]) -> list[Woven]:
    """A document without a text: of a tree that was made, not parsed."""
    return [_plain(each) if isinstance(each, Line) else each for each in stream]


def _plain(line: Line) -> Break:
    return Break(line.flat, line.hard, blank=line.apart)


class Weaver:
    """Takes events, and gives them back with the comments of a text between them."""

    def __init__(self, tokens: Sequence[Token], gaps: Sequence[Gap]) -> None:
        self._tokens = tokens
        self._gaps = [*gaps]
        self._at = 0
        self._woven: list[Woven] = []
        self._between: list[Event] = []
        self._groups: list[int] = []

    def woven(self, stream: Iterable[Event]) -> list[Woven]:
        """All events of the document of a whole file."""
        for event in stream:
            if isinstance(event, str):
                self._words(event)
            else:
                self._between.append(event)
        self._between.append(Line(hard=True, head=True))
        self._close(self._gap(END))
        return self._woven

    # ------------------------------------------------------------ words

    def _words(self, text: str) -> None:
        if text and not text.strip("."):  # `. .` and `..` are the same path
            self._dots(len(text))
            return
        for type_, word in _pieces(text):
            if type_:
                gap = self._gap(type_)
                self._close(gap, word in _CLOSING)
                self._woven.append(self._written(type_, word))
            else:
                self._between.append(word)

    def _dots(self, count: int) -> None:
        gap = Gap()
        found = 0
        while found < count:
            gap += self._gaps[self._at]
            found += len(self._tokens[self._at])
            self._at += 1
        assert found == count, "the dots of the text are those of the document"
        self._close(gap)
        self._woven.append("." * count)

    def _written(self, type_: str, word: str) -> str:
        """The token as it stands in the text: `007`, `1e-3`, a string with its escapes."""
        token = self._tokens[self._at]
        self._at += 1
        assert token.type == type_, f"{token} in the text is {word} in the document"
        if type_ != DOC:
            return token
        return token.rstrip() if token[2:3] in {" ", "\t", "#"} else f"## {token[2:]}".rstrip()

    def _gap(self, type_: str) -> Gap:
        """What stands before the next token, which is of this type."""
        gap = self._gaps[self._at]
        while self._tokens[self._at].type in _LEFT_OUT.get(type_, ()):
            self._at += 1
            gap += self._gaps[self._at]
        after = self._at + 1
        if type_ == "COMMA" and _may_pass(gap, self._gaps[after]):
            self._gaps[after] = gap + self._gaps[after]
            return Gap()
        if self._tokens[self._at] in _OPERATORS and self._breaks():
            gap += self._gaps[after]
            self._gaps[after] = Gap()
        return gap

    def _breaks(self) -> bool:
        return any(isinstance(each, Line) for each in self._between)

    # ------------------------------------------------------------ what is between two words

    def _close(self, gap: Gap, closing: bool = False) -> None:
        """Put the comments of a gap among what the document has there."""
        before, self._between = self._between, []
        if not self._woven:
            self._begin(gap)
            gap = Gap()
        if gap.remarks and not any(isinstance(each, Line) for each in before):
            before = [_INSERTED, *(each for each in before if not isinstance(each, str))]
        around, remarks = len(self._groups), gap.remarks
        for event in before:
            if isinstance(event, Line):
                self._end_line(event, gap, closing)
                gap = Gap()
                continue
            if isinstance(event, Begin):
                self._groups.append(len(self._woven))
            elif event is Mark.END:
                self._groups.pop()
                around = min(around, len(self._groups))
            self._woven.append(event)
        if remarks:
            for at in self._groups[:around]:
                self._woven[at] = Begin(rows=False, forced=True)

    def _begin(self, gap: Gap) -> None:
        """The comments above everything else."""
        for remark in gap.remarks:
            self._woven += (Break(hard=True, blank=remark.blank), remark)
        self._woven.append(Break(hard=True, blank=gap.blank))

    def _end_line(self, line: Line, gap: Gap, closing: bool) -> None:
        inserted, ended = line is _INSERTED, False
        apart = line.apart and not gap.spaced
        for k, remark in enumerate(gap.remarks):
            if remark.column is None or k:
                kept = remark.blank and (line.head or (ended and line.tail))
                blank = kept or (apart and remark.column is None)
                self._woven.append(Break(forced=True, blank=blank, deeper=inserted or closing))
                apart, ended = apart and not blank, True
            self._woven.append(remark)
        blank = apart or (gap.blank and line.tail and (line.head or ended))
        newline, forced = gap.newline or closing, bool(gap.remarks)
        self._woven.append(Break(line.flat, line.hard, forced, newline, blank, inserted))


def _may_pass(gap: Gap, after: Gap) -> bool:
    """Whether comments before a comma may stand behind it: not if they might document something."""
    return not gap.remarks or not (gap.documentation or after.documentation)


@lru_cache(maxsize=4096)
def _pieces(text: str) -> tuple[tuple[str, str], ...]:
    """The tokens in a text of the document, each after its type, and the blanks between."""
    found: list[tuple[str, str]] = []
    end = 0
    for token in scan(text):
        if token.start > end:
            found.append(("", text[end : token.start]))
        found.append((token.type, str(token)))
        end = token.end
    return (*found, ("", text[end:])) if end < len(text) else tuple(found)
