"""Nodes in ranks, and edges as strands that pass every rank between: what a layered layout orders
and places.

Source: Sugiyama, Tagawa, Toda 1981; labels take part as nodes of their own (Gansner et al. 1993).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from tnc.record import record

Role = Literal["node", "label", "bend", "end"]
"""A node, the label of an edge, where one passes a rank, and the end of one that dangles."""


@record
class Box:
    """Something that takes room: `depth` along the flow, `breadth` across it. Edges `enter` and
    `leave` it so far from its middle."""

    depth: float
    breadth: float
    enter: float = 0.0
    leave: float = 0.0
    role: Role = "node"


@record
class Link:
    """An edge between two nodes; the room of its label, if it has one."""

    source: str
    target: str
    label: Box | None = None


@record
class Strand:
    """A link with the items on its way, both nodes included; `label` is one of them. `flat`: both
    nodes are in one rank, next to each other; `arc`: in one rank, apart."""

    path: tuple[str, ...]
    label: str | None
    shape: Literal["through", "flat", "arc"] = "through"


Block = tuple[str, ...]
"""Items of one rank that stay together in this order, or in the reverse."""


@dataclass(slots=True)
class Lattice:
    """`boxes` of all items, the `ranks` of blocks in order, and the strands of the links."""

    boxes: dict[str, Box]
    rank: dict[str, int]
    blocks: list[list[Block]] = field(default_factory=list)
    strands: list[Strand] = field(default_factory=list)

    def items(self, rank: int) -> list[str]:
        return [item for block in self.blocks[rank] for item in block]

    def neighbours(self) -> dict[str, list[str]]:
        """The items of other ranks to which each leads."""
        found: dict[str, list[str]] = {item: [] for item in self.boxes}
        for strand in self.strands:
            if strand.shape != "flat":
                for one, other in pairwise(strand.path):
                    found[one].append(other)
                    found[other].append(one)
        return found


BEND = Box(0, 6, role="bend")


def lattice(boxes: Mapping[str, Box], rank: Mapping[str, int], links: Sequence[Link]) -> Lattice:
    """The lattice of nodes in given ranks, in the order in which they are given."""
    made = Lattice(dict(boxes), dict(rank))
    flat = [link for link in links if rank[link.source] == rank[link.target]]
    chains = _chains(list(boxes), flat)
    inline = {(a, b) for chain in chains for a, b in pairwise(chain)}
    between: dict[tuple[str, str], str] = {}
    for number, link in enumerate(links):
        ends = link.source, link.target
        pair = ends if ends in inline else ends[::-1]
        if rank[link.source] != rank[link.target]:
            made.strands.append(_through(made, link, number))
        elif pair in inline and pair not in between:
            between[pair] = _added(made, f"label {number}", link.label or BEND, rank[ends[0]])
            path = link.source, between[pair], link.target
            made.strands.append(Strand(path, between[pair] if link.label else None, "flat"))
        else:
            turn = _added(made, f"label {number}", link.label or BEND, rank[ends[0]] + 1)
            made.strands.append(Strand((link.source, turn, link.target), turn, "arc"))
    _fill(made, [_interleaved(chain, between) for chain in chains])
    return made


def _added(made: Lattice, name: str, box: Box, rank: int) -> str:
    made.boxes[name] = box
    made.rank[name] = rank
    return name


def _through(made: Lattice, link: Link, number: int) -> Strand:
    """A label stands in the first rank on the way."""
    start, stop = made.rank[link.source], made.rank[link.target]
    step = 1 if stop > start else -1
    between = [*range(start + step, stop, step)]
    label = f"label {number}" if link.label and between else None
    names = [
        _added(made, label, link.label, at)
        if label and link.label and k == 0
        else _added(made, f"bend {number} {at}", BEND, at)
        for k, at in enumerate(between)
    ]
    return Strand((link.source, *names, link.target), label)


def _fill(made: Lattice, chains: Iterable[Block]) -> None:
    """The ranks, chains first whole, then what is alone, in the order in which they were made."""
    made.blocks = [[] for _ in range(max(made.rank.values(), default=-1) + 1)]
    inside = {item: chain for chain in chains for item in chain}
    for item in made.boxes:
        block = inside.get(item, (item,))
        if item == block[0]:
            made.blocks[made.rank[item]].append(block)


# ---------------------------------------------------------------- chains


def _chains(names: Sequence[str], flat: Sequence[Link]) -> list[Block]:
    """Nodes of one rank that links join, as chains; where they branch, or close to a ring, some
    links are in no chain."""
    joined: dict[str, list[str]] = {}
    for link in flat:
        joined.setdefault(link.source, []).append(link.target)
        joined.setdefault(link.target, []).append(link.source)
    order = {name: k for k, name in enumerate(names)}
    ends = sorted(joined, key=lambda name: (len(set(joined[name])) > 1, order[name]))
    seen: set[str] = set()
    return [(*_followed(end, joined, seen, order),) for end in ends if end not in seen]


def _followed(
    name: str, joined: Mapping[str, list[str]], seen: set[str], order: Mapping[str, int]
) -> Iterator[str]:
    while True:
        seen.add(name)
        yield name
        further = [other for other in joined[name] if other not in seen]
        if not further:
            return
        name = min(further, key=lambda other: (len(set(joined[other]) - seen), order[other]))


def _interleaved(chain: Block, between: Mapping[tuple[str, str], str]) -> Block:
    found = [chain[0]]
    for one, other in pairwise(chain):
        found += [between[one, other], other]
    return tuple(found)
