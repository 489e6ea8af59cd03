"""The canonical form of a text: what `tnc fmt` and editors write."""

from __future__ import annotations

from tnc.diagnostics import Report, Source
from tnc.diagnostics.span import BYTE_ORDER_MARK
from tnc.syntax.format.layout import events
from tnc.syntax.format.render import rendered
from tnc.syntax.format.statements import file
from tnc.syntax.format.trivia import gaps
from tnc.syntax.format.weave import Weaver
from tnc.syntax.parse import read

WIDTH = 100
"""Columns, where a line can be broken at all."""


def formatted(source: Source) -> str:
    """The text in its canonical form, with every comment; line ends and byte order mark stay.

    The tree is that of the text, and formatting again changes nothing.

    Errors: CompileError where the text does not parse.
    """
    report = Report()
    tree, every = read(source, report)
    report.raise_errors()
    comments = {each.span.start for each in tree.comments}
    tokens = [each for each in every if each.start not in comments]
    weaver = Weaver(tokens, gaps(source, tokens, tree.comments))
    text = rendered(weaver.woven(events(file(tree))), WIDTH)
    return _as_in(source, f"{text}\n" if text else "")


def _as_in(source: Source, text: str) -> str:
    """With the byte order mark of a text, and the line ends with which it begins."""
    first = source.text.find("\n")
    if first > 0 and source.text[first - 1] == "\r":
        text = text.replace("\n", "\r\n")
    return (BYTE_ORDER_MARK if source.text.startswith(BYTE_ORDER_MARK) else "") + text
