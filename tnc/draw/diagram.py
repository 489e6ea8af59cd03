"""A diagram: what is connected to what, before anything has a place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from tnc.record import record

Kind = Literal[
    "input",  # tensors, as they are declared
    "weight",
    "buffer",
    "value",  # a tensor that was computed elsewhere
    "more",  # members of a family that are left out
    "mode",  # a mode of more than two tensors: a hyperedge
    "relation",  # a convolution
    "sum",  # the end of a mode that one tensor alone has, and that is summed
    "layer",  # a layer inside
    "function",
    "step",  # of a plan
    "network",  # a contraction, drawn inside
]
TENSORS: frozenset[Kind] = frozenset({"input", "weight", "buffer", "value"})

Flow = Literal["right", "down"]


@record
class Node:
    """`name` is unique in its diagram. `lines` stand below the label. `inside` is what the node
    holds, `times` how often it stands there, one after the other. `macs`: multiply-adds, of all
    times together, where it was planned."""

    name: str
    kind: Kind
    label: str
    lines: tuple[str, ...] = ()
    inside: Diagram | None = None
    times: int = 1
    macs: int = 0


@record
class Edge:
    """A mode of two tensors, or, `directed`, a value that one node gives to another."""

    source: str
    target: str
    label: str = ""
    directed: bool = False


@record
class Dangling:
    """An edge of the interface: it leads `out` of the diagram, or comes `in`, at `node`."""

    node: str
    label: str
    side: Literal["in", "out"] = "out"
    directed: bool = False


@record
class Diagram:
    """Nodes, what connects them, and what leads out of them. Tensor networks flow to the `right`,
    blocks `down`."""

    title: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    dangling: tuple[Dangling, ...]
    flow: Flow = "right"
    lines: tuple[str, ...] = ()  # below the title

    def __getitem__(self, name: str) -> Node:
        return next(node for node in self.nodes if node.name == name)

    def walk(self) -> Iterator[Node]:
        """The nodes, and those inside of them."""
        for node in self.nodes:
            yield node
            if node.inside is not None:
                yield from node.inside.walk()
