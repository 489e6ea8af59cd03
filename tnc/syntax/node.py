"""What all nodes of the syntax tree have in common: a place, and nodes below."""

from collections.abc import Iterator
from dataclasses import Field, dataclass, field, fields
from typing import TypeVar, dataclass_transform

from tnc.diagnostics.span import Span

_Class = TypeVar("_Class")


@dataclass_transform(frozen_default=True, field_specifiers=(field, Field))
def node(cls: type[_Class]) -> type[_Class]:
    """A frozen, slotted dataclass that is compared, hashed and shown as `Node` says.

    Fifty classes with their own generated methods would be a tenth of what `check` takes to start.
    """
    return dataclass(frozen=True, slots=True, eq=False, repr=False)(cls)


@node
class Node:
    """Anything that is written somewhere. Spans take no part in comparison."""

    span: Span = field(compare=False)

    def _meaning(self) -> tuple[object, ...]:
        return tuple(getattr(self, each.name) for each in fields(self) if each.compare)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Node) or other.__class__ is not self.__class__:
            return NotImplemented
        return self._meaning() == other._meaning()

    def __hash__(self) -> int:
        return hash(self._meaning())

    def __repr__(self) -> str:
        compared = (each.name for each in fields(self) if each.compare)
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in compared)
        return f"{type(self).__name__}({shown})"


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
