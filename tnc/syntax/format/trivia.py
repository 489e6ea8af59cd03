"""What stands between the tokens of a text and means nothing: comments, line ends, empty lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from tnc.diagnostics import Source
from tnc.record import record
from tnc.syntax.token import Token
from tnc.syntax.tree import Comment

DOCUMENTATION = "##"


@record
class Remark:
    """A comment. `column` is where it stands at the end of a line, or below such a one that it goes
    on from; None on a line of its own. `blank`: an empty line is before it."""

    text: str
    column: int | None
    blank: bool


@record
class Gap:
    """What stands before a token. `newline`: it is on another line than the token before;
    `blank`: an empty line is directly before it."""

    remarks: tuple[Remark, ...] = ()
    newline: bool = False
    blank: bool = False

    def __add__(self, after: Gap) -> Gap:
        """Two gaps, between which a token is left out."""
        added = after.remarks
        if self.remarks:  # what was at the end of a line is no longer
            added = tuple(replace(each, column=None) for each in added)
        newline = self.newline or after.newline
        return Gap(self.remarks + added, newline, self.blank or after.blank)

    @property
    def spaced(self) -> bool:
        """Whether there is an empty line."""
        return self.blank or any(each.blank for each in self.remarks)

    @property
    def documentation(self) -> bool:
        """Whether `##` stands here, which might document something elsewhere."""
        return any(each.text.startswith(DOCUMENTATION) for each in self.remarks)


_PLAIN = (Gap(), Gap(newline=True), Gap(newline=True, blank=True))
"""Gaps without comments, by their number of line ends."""


def gaps(source: Source, tokens: Sequence[Token], comments: Iterable[Comment]) -> list[Gap]:
    """What stands before each of the tokens."""
    pending = iter([*comments, None])
    comment = next(pending)
    found: list[Gap] = []
    end = 0
    for token in tokens:
        here: list[Comment] = []
        while comment is not None and comment.span.start < token.start:
            here.append(comment)
            comment = next(pending)
        found.append(_gap(source, end, here, token))
        end = token.end
    return found


def _gap(source: Source, end: int, comments: Sequence[Comment], token: Token) -> Gap:
    text = source.text
    if not comments:
        lines = text.count("\n", end, token.start)
        return _PLAIN[min(lines, 2)]
    remarks = tuple(_remarks(source, end, comments, token))
    return Gap(remarks, True, text.count("\n", comments[-1].span.end, token.start) > 1)


def _remarks(
    source: Source, end: int, comments: Sequence[Comment], token: Token
) -> Iterator[Remark]:
    below = source.position(token.start)[1]
    column: int | None = None
    for k, each in enumerate(comments):
        lines = source.text.count("\n", end, each.span.start)
        place = each.span.column
        beside = not lines and end > 0 and not k
        goes_on = lines == 1 and place == column and place != below
        column = place if beside or goes_on else None
        yield Remark(each.text.rstrip(), column, lines > 1)
        end = each.span.end
