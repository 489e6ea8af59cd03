"""What all nodes of the syntax tree have in common: a place, and nodes below."""

from collections.abc import Iterator
from dataclasses import field, fields

from tnc.diagnostics.span import Span
from tnc.record import record


@record
class Node:
    """Anything that is written somewhere. Spans take no part in comparison."""

    span: Span = field(compare=False, repr=False)


def children(node: Node) -> list[Node]:
    """The nodes directly below, in the order of their fields."""
    below: list[Node] = []
    for name in _holding(node.__class__):
        value = getattr(node, name)
        if value.__class__ is tuple:
            _list(value, below)
        elif isinstance(value, Node):
            below.append(value)
    return below


_HOLDING: dict[type[Node], tuple[str, ...]] = {}
"""The fields of each class that may hold nodes. Those of names and numbers, which are most nodes,
do not."""
_PLAIN = {Span, str, int, float, bool, str | None}


def _holding(cls: type[Node]) -> tuple[str, ...]:
    if (holding := _HOLDING.get(cls)) is None:
        holding = tuple(each.name for each in fields(cls) if each.type not in _PLAIN)
        _HOLDING[cls] = holding
    return holding


def _list(values: tuple[object, ...], below: list[Node]) -> None:
    for value in values:
        if isinstance(value, Node):
            below.append(value)
        elif isinstance(value, tuple):
            _list(value, below)


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, each before what it holds. Does not recurse."""
    pending = [node]
    while pending:
        found = pending.pop()
        yield found
        if _holding(found.__class__):
            below = children(found)
            below.reverse()
            pending += below
