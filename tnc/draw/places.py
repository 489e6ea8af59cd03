"""Coordinates: every item as near as the order allows to the middle of what it is connected to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from tnc.draw.lattice import Lattice
from tnc.draw.picture import Point
from tnc.record import record

PASSES = 60
STEEP = 0.2
"""Of the greatest difference across two ranks that their distance is at least."""


@record
class Spacing:
    """Between items of a rank; between ranks, at least and at most."""

    items: float
    ranks: float
    most: float


def placed(lattice: Lattice, spacing: Spacing) -> dict[str, Point]:
    """The middle of every item, along and across the flow."""
    across = _closed(_across(lattice, spacing), lattice, spacing)
    along: dict[str, float] = {}
    edge = 0.0
    near = lattice.neighbours()
    for rank in range(len(lattice.blocks)):
        items = lattice.items(rank)
        depth = max((lattice.boxes[item].depth for item in items), default=0.0)
        for item in items:
            along[item] = edge + depth / 2
        steep = max(
            (
                abs(across[item] - across[other])
                for item in items
                for other in near[item]
                if lattice.rank[other] == rank + 1
            ),
            default=0.0,
        )
        edge += depth + min(max(spacing.ranks, STEEP * steep), spacing.most)
    return {item: (along[item], across[item]) for item in along}


def _across(lattice: Lattice, spacing: Spacing) -> dict[str, float]:
    near = lattice.neighbours()
    ranks = [lattice.items(rank) for rank in range(len(lattice.blocks))]
    place: dict[str, float] = {}
    for items in ranks:
        gaps = _gaps(items, lattice, spacing)
        total = 0.0
        for item, gap in zip(items, gaps, strict=True):
            total += gap
            place[item] = total
        for item in items:
            place[item] -= total / 2
    for number in range(PASSES):
        both = number >= PASSES - 4
        sides = [-1, 1] if both else [-1] if number % 2 == 0 else [1]
        for items in ranks if number % 2 == 0 else reversed(ranks):
            wishes = [_wish(item, sides, near, lattice, place) for item in items]
            found = separated(wishes, _gaps(items, lattice, spacing))
            place.update(zip(items, found, strict=True))
        if number >= PASSES // 2:
            _straighten(lattice, ranks, spacing, place)
    return place


def _straighten(
    lattice: Lattice, ranks: Sequence[Sequence[str]], spacing: Spacing, place: dict[str, float]
) -> None:
    """Bring every long strand to one place across, as far as there is room: level with the node
    from which it dangles, or with the mean of its bends."""
    for strand in lattice.strands:
        loose = [item for item in strand.path if lattice.boxes[item].role in {"bend", "end"}]
        fixed = [item for item in (strand.path[0], strand.path[-1]) if item not in loose]
        if not loose or (len(fixed) == 2 and len(loose) < 2):
            continue
        rooms = [_room(item, lattice, ranks, spacing, place) for item in loose]
        least, most = max(low for low, _ in rooms), min(high for _, high in rooms)
        wish = sum(place[item] for item in loose) / len(loose)
        if len(fixed) == 1:
            box = lattice.boxes[fixed[0]]
            wish = place[fixed[0]] + (box.leave if fixed[0] == strand.path[0] else box.enter)
        if least <= most:
            for item in loose:
                place[item] = min(max(wish, least), most)


def _room(
    item: str,
    lattice: Lattice,
    ranks: Sequence[Sequence[str]],
    spacing: Spacing,
    place: Mapping[str, float],
) -> tuple[float, float]:
    """How far an item can move between those beside it."""
    items = ranks[lattice.rank[item]]
    k, half = items.index(item), lattice.boxes[item].breadth / 2 + spacing.items
    low, high = -1e9, 1e9
    if k:
        low = place[items[k - 1]] + lattice.boxes[items[k - 1]].breadth / 2 + half
    if k + 1 < len(items):
        high = place[items[k + 1]] - lattice.boxes[items[k + 1]].breadth / 2 - half
    return low, high


def _closed(place: Mapping[str, float], lattice: Lattice, spacing: Spacing) -> dict[str, float]:
    """Without empty bands along the whole flow, between parts that nothing connects."""
    found: dict[str, float] = {}
    order = sorted(place, key=lambda item: place[item] - lattice.boxes[item].breadth / 2)
    shift, filled = 0.0, None
    for item in order:
        half = lattice.boxes[item].breadth / 2
        start = place[item] - half
        if filled is not None:
            shift += max(0.0, start - filled - 2 * spacing.items)
        filled = place[item] + half if filled is None else max(filled, place[item] + half)
        found[item] = place[item] - shift
    return found


def _gaps(items: Sequence[str], lattice: Lattice, spacing: Spacing) -> list[float]:
    """The least distance of each item to the one before."""
    sizes = [lattice.boxes[item].breadth for item in items]
    pairs = pairwise(sizes)
    return [0.0, *((one + other) / 2 + spacing.items for one, other in pairs)][: len(items)]


def _wish(
    item: str,
    sides: Sequence[int],
    near: Mapping[str, Sequence[str]],
    lattice: Lattice,
    place: Mapping[str, float],
) -> tuple[float, float]:
    """Where an item would like to be, and how much."""
    rank = lattice.rank[item]
    own = lattice.boxes[item]
    total, weighed = 0.01, 0.01 * place[item]
    for other in near[item]:
        side, box = lattice.rank[other] - rank, lattice.boxes[other]
        if side in sides:
            off = box.leave - own.enter if side < 0 else box.enter - own.leave
            pull = _stiffness(item, other, lattice)
            weighed += (place[other] + off) * pull
            total += pull
    return weighed / total, total


def _stiffness(one: str, other: str, lattice: Lattice) -> float:
    """How much an edge wants to be straight: more where it passes, and where it has a label."""
    roles = [lattice.boxes[item].role for item in (one, other)]
    bends = roles.count("bend")
    return 8.0 if bends == 2 else 0.5 if bends else 4.0 if "label" in roles else 1.0


def separated(wishes: Sequence[tuple[float, float]], gaps: Sequence[float]) -> list[float]:
    """The places nearest to what is wished for, in this order and at least `gaps` apart: least
    squares, by pooling neighbours that collide (Ayer et al. 1955)."""
    pools: list[tuple[float, float, int]] = []  # sum, weight, count
    offset, offsets = 0.0, []
    for (wish, weight), gap in zip(wishes, gaps, strict=True):
        offset += gap
        offsets.append(offset)
        pools.append(((wish - offset) * weight, weight, 1))
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] >= pools[-1][0] / pools[-1][1]:
            (a, v, m), (b, w, n) = pools[-2:]
            pools[-2:] = [(a + b, v + w, m + n)]
    means = [total / weight for total, weight, count in pools for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]
