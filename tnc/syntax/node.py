"""What all nodes of the syntax tree have in common: a place, and nodes below."""

from collections.abc import Iterator
from dataclasses import field

from tnc.diagnostics.span import Span
from tnc.record import record


@record
class Node:
    """Anything that is written somewhere. Spans take no part in comparison."""

    span: Span = field(compare=False, repr=False)


def children(node: Node) -> list[Node]:
    """The nodes directly below, in the order of their fields."""
    below: list[Node] = []
    for name in node.__match_args__:
        value = getattr(node, name)
        if isinstance(value, Node):
            below.append(value)
        elif value.__class__ is tuple:
            below += _listed(value)
    return below


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
