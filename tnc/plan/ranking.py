"""The cheapest orders of few operands, not only the first: for those who measure several.

Every subset keeps its `count` cheapest ways. A way is a pair of disjoint parts and, of each part,
which of its own ways; the pairs are looked at lazily, the next cheapest first, so that a subset
looks at little more than `count` of them. The least way of a subset is that of `exact.search`.

Source: k-best derivations with lazy enumeration (Huang and Chiang 2005, algorithm 2), over the
recursion of `exact`.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import NamedTuple

from tnc.plan.cost import FREE, Cost, Costs
from tnc.plan.network import Tree


class Way(NamedTuple):
    """One order of a subset: its cost; its part with the lowest operand, as a mask (0 for a single
    operand); and the places of the orders of both parts in their rankings."""

    cost: Cost
    first: int
    one: int
    two: int


Ranking = dict[int, list[Way]]
"""For every subset that has primitive orders, the cheapest of them, cheapest first."""


def cheapest(costs: Costs, count: int) -> tuple[Tree, ...]:
    """The `count` cheapest orders, cheapest first: all orders where there are fewer. Equally cheap
    ones are told apart by masks, as in the exact search."""
    everything = costs.network.everything
    ranking: Ranking = {1 << k: [Way(FREE, 0, 0, 0)] for k in range(len(costs.network.operands))}
    for subset in range(1, everything + 1):
        if subset & (subset - 1) and (ways := _ways(costs, ranking, subset, count)):
            ranking[subset] = ways
    found = ranking.get(everything, [])
    return tuple(_tree(ranking, everything, place) for place in range(len(found)))


def _ways(costs: Costs, ranking: Ranking, subset: int, count: int) -> list[Way]:
    steps: dict[int, Cost] = {}
    rest = subset & (subset - 1)
    others = rest
    while others:
        first = subset ^ others
        reached = first in ranking and others in ranking
        if reached and (step := costs.step(first, others)) is not None:
            steps[first] = step
        others = (others - 1) & rest
    pending = [_way(ranking, subset, step, (first, 0, 0)) for first, step in steps.items()]
    heapify(pending)
    found: list[Way] = []
    while pending and len(found) < count:
        way = heappop(pending)
        found.append(way)
        _, first, one, two = way
        # Each pair of places is reached in one way only: first along `two`, then along `one`.
        if one + 1 < len(ranking[first]):
            heappush(pending, _way(ranking, subset, steps[first], (first, one + 1, two)))
        if not one and two + 1 < len(ranking[subset ^ first]):
            heappush(pending, _way(ranking, subset, steps[first], (first, one, two + 1)))
    return found


def _way(ranking: Ranking, subset: int, step: Cost, choice: tuple[int, int, int]) -> Way:
    first, one, two = choice
    a, b = ranking[first][one].cost, ranking[subset ^ first][two].cost
    return Way(Cost(a.value + b.value + step.value, a.bytes + b.bytes + step.bytes), *choice)


def _tree(ranking: Ranking, subset: int, place: int) -> Tree:
    _, first, one, two = ranking[subset][place]
    if not first:
        return subset.bit_length() - 1
    return _tree(ranking, first, one), _tree(ranking, subset ^ first, two)
