"""Orders of a network: the searched one, and those that a person would write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tnc.plan import exact
from tnc.plan.cost import Costs, costs
from tnc.plan.network import Tree
from tnc.plan.search import search

EXACT = 10
"""Up to so many operands the search is exhaustive."""

QUICK = 8
"""The same where the search shall not be thorough: it then takes some hundredths of a second."""

SUBTREE = 8
"""Above that, subtrees of so many parts are made optimal."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order with what it costs: forward multiply-adds and bytes, and the time of a step of
    training (forward and gradients) in picoseconds, or of the forward alone."""

    name: str
    macs: int
    bytes: int
    picoseconds: int


def best(table: Costs, thorough: bool = True) -> Tree | None:
    """The cheapest order; None where no order has primitive steps only. Not `thorough`: above
    `QUICK` operands only of those orders that need no search."""
    known = {
        tree: cost
        for tree in (left_to_right(table.network.written), reconstruct_first(table), greedy(table))
        if tree is not None and (cost := table.total(tree)) is not None
    }
    if len(table.network.operands) > (EXACT if thorough else QUICK):
        tree = search(table, SUBTREE) if thorough else None
        if tree is not None and (cost := table.total(tree)):
            known[tree] = cost
        return min(known, key=lambda tree: (known[tree], str(tree))) if known else None
    found = exact.search(table, _parts(table), min(known.values()) if known else None)
    everything = table.network.everything
    return exact.tree(found, everything) if everything in found else None


def left_to_right(numbers: Sequence[int]) -> Tree:
    """((a b) c) d."""
    first, *rest = numbers
    tree: Tree = first
    for number in rest:
        tree = (tree, number)
    return tree


def reconstruct_first(table: Costs) -> Tree | None:
    """All weights into one kernel, in the cheapest way, then the data with it; None where there
    is no kernel, or where that takes steps that are not primitive."""
    network = table.network
    data = network.bits(network.data)
    weights = network.everything & ~network.data
    if not data or not weights & (weights - 1):
        return None
    parts = [1 << k for k in network.bits(weights)]
    if len(parts) > EXACT:
        kernel = greedy(table, weights)
        return None if kernel is None else (left_to_right(data), kernel)
    found = exact.search(table, parts)
    return (left_to_right(data), exact.tree(found, weights)) if weights in found else None


def greedy(table: Costs, subset: int | None = None) -> Tree | None:
    """Always the cheapest step next; of equally cheap ones, that with the smallest result. None
    where the greedy way ends with no primitive step left."""
    chosen = table.network.everything if subset is None else subset
    pending: dict[int, Tree] = {1 << k: k for k in table.network.bits(chosen)}
    while len(pending) > 1:
        masks = sorted(pending)
        steps = [
            (cost, table.elements(table.legs(one | two)), one, two)
            for n, two in enumerate(masks)
            for one in masks[:n]
            if (cost := table.step(one, two)) is not None
        ]
        if not steps:
            return None
        _, _, one, two = min(steps)
        pending[one | two] = (pending.pop(one), pending.pop(two))
    return pending.popitem()[1]


def scored(table: Costs, tree: Tree) -> tuple[Order, ...]:
    """The chosen order, and others to compare it with; see `alternatives` of a plan."""
    known = [("chosen", tree), ("left to right", left_to_right(table.network.written))]
    if (kernel := reconstruct_first(table)) is not None:
        known.append(("reconstruct first", kernel))
    forward = costs(table.network, replace(table.measure, objective="macs", training=False))
    time = costs(table.network, replace(table.measure, objective="time"))
    found = []
    for name, order in known:
        macs, seconds = forward.total(order), time.total(order)
        if macs is not None and seconds is not None:
            found.append(Order(name, macs.value, macs.bytes, seconds.value))
    if kernel is not None and found[-1].name == "reconstruct first":
        data, weights = table.network.data, table.network.everything & ~table.network.data
        given = forward.step(data, weights), time.step(data, weights)
        if given[0] is not None and given[1] is not None:
            found.append(Order("dense", given[0].value, given[0].bytes, given[1].value))
    return tuple(found)


def _parts(table: Costs) -> list[int]:
    return [1 << k for k in range(len(table.network.operands))]
