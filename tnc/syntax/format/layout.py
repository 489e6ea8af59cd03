"""What a text looks like before it is cut into lines: a document of words, groups and breaks.

After Wadler, "A prettier printer" (2003): a group is written on one line if it fits, otherwise its
breaks end lines. A document is read as a stream of events, as Oppen (1980) has it, so that neither
comments nor the choice of lines need recursion.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum, auto

from tnc.record import record


@record
class Line:
    """Where a line may end; in a group that stays on one line stands `flat` instead.

    A `hard` one always ends, and then so do those of the groups around it. Where comments or empty
    lines stand here in a text, empty lines are kept after what comes before (`head`) and before
    what follows (`tail`); `apart` asks for one.
    """

    flat: str = " "
    hard: bool = False
    head: bool = False
    tail: bool = False
    apart: bool = False


SPACE = Line()
NOTHING = Line("")
STATEMENT = Line(hard=True, head=True, tail=True)
OPENING = Line(hard=True, tail=True)
CLOSING = Line(hard=True, head=True)
APART = Line(hard=True, head=True, tail=True, apart=True)
HARD = Line(hard=True)


@record
class Group:
    """What is written on one line if it fits. With `rows`, lines of the writer's own are kept if
    there is one at the first break."""

    inner: Doc
    rows: bool = False


@record
class Indent:
    """Lines that begin in here are indented by one level more."""

    inner: Doc


class Mark(Enum):
    """A comma that is written only where the group around it is broken; and, in a stream of events,
    the ends of groups, and where lines are indented by one level more and less."""

    COMMA = auto()
    END = auto()
    IN = auto()
    OUT = auto()


@record
class Begin:
    """In a stream of events: the beginning of a group; `forced` if it is broken in any case."""

    rows: bool
    forced: bool = False


Doc = str | Line | Group | Indent | Mark | tuple["Doc", ...]
Event = str | Line | Begin | Mark


def events(doc: Doc) -> Iterator[Event]:
    """The document from left to right. Does not recurse."""
    pending: list[Doc | Begin] = [doc]
    while pending:
        match pending.pop():
            case tuple() as parts:
                pending += reversed(parts)
            case Group(inner, rows):
                pending += (Mark.END, inner, Begin(rows))
            case Indent(inner):
                pending += (Mark.OUT, inner, Mark.IN)
            case event:
                yield event


def bracketed(opening: str, items: Iterable[Doc], closing: str, *, comma: bool = True) -> Doc:
    """`(a, b)`, or an item a line with a comma after each; none after the last unless `comma`."""
    listed = [*items]
    if not listed:
        return Group((opening, NOTHING, closing))
    first, *rest = listed
    inner = (NOTHING, first, *((",", SPACE, each) for each in rest), Mark.COMMA if comma else ())
    return Group((opening, Indent(inner), NOTHING, closing), rows=True)


def filled(items: Iterable[Doc]) -> Doc:
    """`a, b`, as many on a line as fit."""
    first, *rest = items
    return first, Indent(tuple((",", Group((SPACE, each))) for each in rest))
