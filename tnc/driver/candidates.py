"""The plans of a layer among which the best is chosen: its networks in different orders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tnc.plan.cost import Costs, costs
from tnc.plan.network import Network, Tree
from tnc.plan.orders import canonical, left_to_right, reconstruct_first, several, taps_merged
from tnc.plan.planner import Planned
from tnc.record import record

Pinned = Mapping[Network, Tree]


@record
class Candidate:
    """An order of one network of a layer, by the name under which it is reported."""

    name: str
    network: Network
    tree: Tree


def candidates(planned: Planned, quickest: int, fewest: int = 0) -> Iterator[Candidate]:
    """Other orders of each network of a planned graph: the `quickest` ones by the time of their
    steps, those with the `fewest` multiply-adds, and the ones that a person would think of."""
    for choice in dict.fromkeys(planned.choices):
        table = costs(choice.network, planned.measure)
        seen = {canonical(choice.tree)}
        for name, tree in named(table, quickest, fewest):
            if canonical(tree) not in seen and table.total(tree) is not None:
                seen.add(canonical(tree))
                yield Candidate(name, choice.network, tree)


def named(table: Costs, quickest: int, fewest: int) -> Iterator[tuple[str, Tree]]:
    """Orders of one network by their names, not all of which can be followed."""
    special = (
        ("reconstruct first", reconstruct_first(table)),
        ("taps merged", taps_merged(table)),
        ("left to right", left_to_right(table.network.written)),
    )
    yield from ((name, tree) for name, tree in special if tree is not None)
    for k, tree in enumerate(several(table, quickest) if quickest else ()):
        yield f"time {k + 1}", tree
    macs = costs(table.network, replace(table.measure, objective="macs"))
    for k, tree in enumerate(several(macs, fewest) if fewest else ()):
        yield f"macs {k + 1}", tree
