"""Orders of a network: the searched one, and those that a person would write."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from operator import itemgetter

from tnc.plan import exact, ranking
from tnc.plan.cost import Cost, Costs, costs
from tnc.plan.network import Network, Tree
from tnc.plan.search import search
from tnc.record import record

EXACT = 10
"""Up to so many operands the search is exhaustive."""

QUICK = 8
"""The same where the search shall not be thorough: it then takes some hundredths of a second."""

SUBTREE = 8
"""Above that, subtrees of so many parts are made optimal."""

Parts = dict[int, Tree]
"""Disjoint subsets of operands, and the order in which each was made."""


@record
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
    network = table.network
    if len(network.operands) > (EXACT if thorough else QUICK):
        return next(iter(_ranked(table, _candidates(table) if thorough else _plain(table))), None)
    known = [cost for tree in _plain(table) if (cost := table.total(tree)) is not None]
    found = _cheapest(table, _alone(network), min(known) if known else None)
    return None if found is None else found[network.everything]


def several(table: Costs, count: int) -> tuple[Tree, ...]:
    """At most `count` different orders, cheapest first: the `count` cheapest ones up to `EXACT`
    operands, above that the cheapest of all that `best` looks at."""
    if len(table.network.operands) <= EXACT:
        return ranking.cheapest(table, count)
    return _ranked(table, _candidates(table))[:count]


def _candidates(table: Costs) -> list[Tree]:
    merged = taps_merged(table)
    return [*search(table, SUBTREE), *_plain(table), *([] if merged is None else [merged])]


def _plain(table: Costs) -> list[Tree]:
    """Orders that take no search."""
    written, kernel = left_to_right(table.network.written), reconstruct_first(table)
    found = (written, kernel, greedy(table, _alone(table.network)))
    return [tree for tree in found if tree is not None]


def _ranked(table: Costs, trees: Iterable[Tree]) -> tuple[Tree, ...]:
    """The different ones of some orders that have primitive steps only, cheapest first."""
    different = {canonical(tree): table.total(tree) for tree in trees}
    legal = {tree: cost for tree, cost in different.items() if cost is not None}
    return tuple(sorted(legal, key=lambda tree: (legal[tree], str(tree))))


def canonical(tree: Tree) -> Tree:
    """The same computation with the lowest operand of every product in its first part."""
    return _lowest(tree)[1]


def _lowest(tree: Tree) -> tuple[int, Tree]:
    if isinstance(tree, int):
        return tree, tree
    (lowest, first), (_, second) = sorted(map(_lowest, tree), key=itemgetter(0))
    return lowest, (first, second)


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
    found = _cheapest(table, _alone(network, weights))
    return None if found is None else (left_to_right(data), found[weights])


def taps_merged(table: Costs) -> Tree | None:
    """Factors of taps into one kernel, in the cheapest way, then the cheapest order of that and
    of all else; None where no two such factors share a mode, or where that takes steps that are
    not primitive.

    A factor of taps is a weight that carries a tap of a relation and no channel of its own: all
    its other modes connect it to weights. In a CP convolution those are the factors of height and
    width, in a tensor train the cores between those of the channels.
    """
    network = table.network
    parts = _alone(network)
    for factors in _groups_of_taps(network):
        merged = _cheapest(table, _alone(network, factors))
        if merged is not None:
            parts = {mask: tree for mask, tree in parts.items() if not mask & factors} | merged
    found = None if len(parts) == len(network.operands) else _cheapest(table, parts)
    return None if found is None else found[network.everything]


def _groups_of_taps(network: Network) -> list[int]:
    """The sets of at least two factors of taps that shared modes connect."""
    taps = carrying = 0
    for axis in network.axes:
        for tap, carriers in list(enumerate(axis.carriers))[2:]:
            taps |= axis.partial[1 << tap]
            carrying |= carriers & ~network.data
    groups: list[int] = []
    for factor in network.bits(carrying):
        bonds = [network.carriers[mode] for mode in network.bits(network.operands[factor] & ~taps)]
        if any(not bond & ~network.data & ~(1 << factor) for bond in bonds):
            continue
        connected = [group for group in groups if any(bond & group for bond in bonds)]
        groups = [group for group in groups if group not in connected]
        groups.append(sum(connected) | 1 << factor)
    return sorted(group for group in groups if group & (group - 1))


def greedy(table: Costs, parts: Parts) -> Tree | None:
    """Always the cheapest step next; of equally cheap ones, that with the smallest result. None
    where the greedy way ends with no primitive step left."""
    pending = dict(parts)
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


def _alone(network: Network, subset: int | None = None) -> Parts:
    """Every operand by itself."""
    return {1 << k: k for k in network.bits(network.everything if subset is None else subset)}


def _cheapest(table: Costs, parts: Parts, bound: Cost | None = None) -> Parts | None:
    """The parts as one: the cheapest way up to `EXACT` parts, the greedy way above that."""
    whole = sum(parts)
    if len(parts) > EXACT:
        tree = greedy(table, parts)
        return None if tree is None else {whole: tree}
    found = exact.search(table, sorted(parts), bound)
    return {whole: exact.tree(found, whole, parts)} if whole in found else None


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
