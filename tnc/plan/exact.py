"""The best order of few operands: dynamic programming over subsets.

Every subset is made from two disjoint parts in the cheapest way, outer products included; ties go
to the fewest bytes, then to the smallest mask. Sets of operands are bit masks, costs integers.

Source: Bellman's recursion for matrix chains, over subsets as in Lam et al. 1997; bounded by the
cost of an order that is already known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tnc.plan.cost import FREE, Cost, Costs
from tnc.plan.network import Tree

Best = dict[int, tuple[Cost, int]]
"""For every subset that was reached: its cost, and the mask of its first part."""


def search(costs: Costs, parts: Sequence[int], bound: Cost | None = None) -> Best:
    """The cheapest way to each union of `parts` (disjoint subsets of operands, at no cost);
    subsets that cost more than `bound` are left out."""
    count = len(parts)
    union = [0] * (1 << count)
    for chosen in range(1, 1 << count):
        low = chosen & -chosen
        union[chosen] = union[chosen ^ low] | parts[low.bit_length() - 1]
    best: Best = {1 << k: (FREE, 0) for k in range(count)}
    for chosen in range(1, 1 << count):
        if chosen & (chosen - 1) and (found := _split(costs, union, best, chosen, bound)):
            best[chosen] = found
    return {union[chosen]: (cost, union[first]) for chosen, (cost, first) in best.items()}


def _split(
    costs: Costs, union: Sequence[int], best: Best, chosen: int, bound: Cost | None
) -> tuple[Cost, int] | None:
    """The cheapest two parts of one subset; the first has its lowest element."""
    low = chosen & -chosen
    rest = chosen ^ low
    found, limit = None, bound
    others = rest
    while others:
        one, two = best.get(chosen ^ others), best.get(others)
        if one is not None and two is not None:
            known = one[0].plus(two[0])
            if limit is None or known <= limit:
                step = costs.step(union[chosen ^ others], union[others])
                if step is not None:
                    key = (known.plus(step), chosen ^ others)
                    if (limit is None or key[0] <= limit) and (found is None or key < found):
                        found, limit = key, key[0]
        others = (others - 1) & rest
    return found


def tree(best: Best, subset: int, parts: Mapping[int, Tree]) -> Tree:
    """The order that the search found for a subset, given those of its parts."""
    first = best[subset][1]
    if not first:
        return parts[subset]
    return tree(best, first, parts), tree(best, subset ^ first, parts)


def merges(best: Best, subset: int) -> list[tuple[int, int]]:
    """The same as pairs of subsets, in an order in which they can be done."""
    first = best[subset][1]
    if not first:
        return []
    second = subset ^ first
    return [*merges(best, first), *merges(best, second), (first, second)]
