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
    cls = node.__class__
    if (holding := _HOLDING.get(cls)) is None:
        holding = _HOLDING[cls] = _fields(cls)
    below: list[Node] = []
    for name in holding:
        value = getattr(node, name)
        if isinstance(value, Node):
            below.append(value)
        elif value.__class__ is tuple:
            below += _listed(value)
    return below


_HOLDING: dict[type[Node], tuple[str, ...]] = {}
"""The fields of each class that may hold nodes. Those of names and numbers, which are most nodes,
do not."""
_PLAIN = {Span, str, int, float, bool, str | None}


def _fields(cls: type[Node]) -> tuple[str, ...]:
    return tuple(each.name for each in fields(cls) if each.type not in _PLAIN)


def _listed(values: tuple[object, ...]) -> Iterator[Node]:
    for value in values:
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            yield from _listed(value)


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, each before what it holds. Does not recurse."""
    pending = [node]
    while pending:
        found = pending.pop()
        yield found
        pending += reversed(children(found))
