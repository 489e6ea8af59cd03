"""What all nodes of the syntax tree have in common: a place, and nodes below."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields

from tnc.diagnostics.span import Span


@dataclass(frozen=True, slots=True)
class Node:
    """Anything that is written somewhere. Spans take no part in comparison."""

    span: Span = field(compare=False, repr=False)


def children(node: Node) -> Iterator[Node]:
    """The nodes directly below, in the order of their fields."""
    pending: list[object] = [getattr(node, each.name) for each in reversed(fields(node))]
    while pending:
        value = pending.pop()
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            pending.extend(reversed(value))


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, each before what it holds. Does not recurse."""
    pending = [node]
    while pending:
        found = pending.pop()
        yield found
        pending.extend(reversed(tuple(children(found))))
