"""The best order of few operands: dynamic programming over subsets.

Every subset is made from two disjoint parts in the cheapest way, outer products included; ties go
to the fewest bytes, then to the smallest mask. Sets of operands are bit masks, costs integers.
Subsets of many operands are searched some thousand times in the search for large networks, so the
inner loop works on lists and on costs that are packed into one integer.

Source: Bellman's recursion for matrix chains, over subsets as in Lam et al. 1997; bounded by the
cost of an order that is already known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tnc.plan.cost import NEVER, Cost, Costs
from tnc.plan.network import Tree

Best = dict[int, int]
"""For every subset that was reached: the mask of its first part, 0 for what was given."""


def search(costs: Costs, parts: Sequence[int], bound: Cost | None = None) -> Best:
    """The cheapest way to each union of `parts` (disjoint subsets of operands, at no cost);
    subsets that no order within `bound` has are left out."""
    count = len(parts)
    union = [0] * (1 << count)
    for chosen in range(1, 1 << count):
        low = chosen & -chosen
        union[chosen] = union[chosen ^ low] | parts[low.bit_length() - 1]
    worst = NEVER if bound is None else bound.packed + 1
    # Before the last step, its cost has to be left over.
    before = worst if bound is None else worst - costs.floor(union[-1])
    cost, first = [before] * (1 << count), [-1] * (1 << count)
    cost[-1] = worst
    for k in range(count):
        cost[1 << k] = first[1 << k] = 0
    for chosen in range(1, 1 << count):
        if chosen & (chosen - 1):
            _split(costs, union, cost, first, chosen)
    return {union[chosen]: union[part] for chosen, part in enumerate(first) if part >= 0 and chosen}


def _split(costs: Costs, union: list[int], cost: list[int], first: list[int], chosen: int) -> None:
    """The cheapest two parts of one subset; the first has its lowest element."""
    packed, floor, found = costs.packed, costs.floor(union[chosen]), -1
    limit = cost[chosen] - floor
    rest = chosen & (chosen - 1)
    others = rest
    while others:
        one = chosen ^ others
        known = cost[one] + cost[others]
        if known < limit:
            key = union[one], union[others]
            step = packed.get(key) or costs.pack(*key)
            if known + step - floor < limit:
                limit, found = known + step - floor, one
        others = (others - 1) & rest
    cost[chosen], first[chosen] = NEVER if found < 0 else limit + floor, found


def tree(best: Best, subset: int, parts: Mapping[int, Tree]) -> Tree:
    """The order that the search found for a subset, given those of its parts."""
    first = best[subset]
    if not first:
        return parts[subset]
    return tree(best, first, parts), tree(best, subset ^ first, parts)


def merges(best: Best, subset: int) -> list[tuple[int, int]]:
    """The same as pairs of subsets, in an order in which they can be done."""
    first = best[subset]
    if not first:
        return []
    second = subset ^ first
    return [*merges(best, first), *merges(best, second), (first, second)]
