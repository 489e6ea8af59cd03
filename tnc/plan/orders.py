"""Orders that need no search: the ones a person would write, and greedy ones."""

from __future__ import annotations

from collections.abc import Sequence

from tnc.plan.cost import Cost, Costs
from tnc.plan.network import Tree


def left_to_right(numbers: Sequence[int]) -> Tree:
    """((a b) c) d."""
    first, *rest = numbers
    tree: Tree = first
    for number in rest:
        tree = (tree, number)
    return tree


def greedy(costs: Costs, parts: Sequence[int]) -> Tree | None:
    """Always the cheapest step next, where cheap means: least cost, then the smallest result.

    None where the greedy way ends with no primitive step left.
    """
    pending: dict[int, Tree] = {part: _number(part) for part in parts}
    steps: dict[tuple[int, int], Cost | None] = {}
    while len(pending) > 1:
        masks = sorted(pending)
        for n, two in enumerate(masks):
            for one in masks[:n]:
                if (one, two) not in steps:
                    steps[one, two] = costs.step(one, two)
        possible = [
            (cost, costs.elements(costs.legs(one | two)), one, two)
            for (one, two), cost in steps.items()
            if cost is not None and one in pending and two in pending
        ]
        if not possible:
            return None
        _, _, one, two = min(possible)
        pending[one | two] = (pending.pop(one), pending.pop(two))
    return pending.popitem()[1]


def _number(part: int) -> Tree:
    return part.bit_length() - 1
