"""The curves of edges: across a rank they run along the flow, between ranks they bend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from tnc.draw.lattice import Strand
from tnc.draw.picture import Point
from tnc.record import record

FAN = 0.25
"""How far edges that leave a node for the side begin from its middle, of how far they go."""

BULGE = 1.2
"""Of the distance between two ranks, how far an arc that stays in one rank reaches."""


@record
class Spot:
    """An item in its place. `depth` and `breadth`: from its middle to where lines begin; `free`:
    how far from its middle across the flow they may; `rank`: from the middle to the border of the
    rank, `gap`: from there to the next. `enter`, `out`: where lines do, where it has doors."""

    along: float
    across: float
    depth: float
    breadth: float
    free: float
    rank: float
    gap: float
    enter: float = 0.0
    out: float = 0.0
    round: bool = False

    def door(self, side: int) -> float:
        return self.out if side > 0 else self.enter

    def leave(self, side: int, towards: float) -> list[Point]:
        """Where a line begins that leads to the next rank (`side` 1) or to the one before (-1), and
        where it has left this rank."""
        off = FAN * (towards - self.across)
        off = min(max(off, -self.free), self.free) + self.door(side)
        depth = (self.depth**2 - off**2) ** 0.5 if self.round else self.depth
        start = self.along + side * depth, self.across + off
        border = self.along + side * self.rank, self.across + off
        return [start, border] if self.rank > depth else [start]


def curves(
    strand: Strand, spot: Callable[[str], Spot], nesting: float = 1.0
) -> list[tuple[Point, ...]]:
    """The parts of an edge, cut where its label stands; points along and across the flow: one, then
    three for each cubic curve. `nesting`: how much of the way an arc reaches out."""
    spots = [spot(item) for item in strand.path]
    if strand.shape == "flat":
        return [_straight(one, other) for one, other in pairwise(spots)]
    if strand.shape == "arc":
        return [_arc(spots[0], spots[-1], nesting)]
    parts: list[list[Point]] = [[]]
    for (name, one), (_, other) in pairwise(zip(strand.path, spots, strict=True)):
        if name == strand.label:
            parts.append([])
        parts[-1] += _step(one, other, parts[-1])
    return [tuple(part) for part in parts]


def _step(one: Spot, other: Spot, before: Sequence[Point]) -> list[Point]:
    """From an item to one of the next rank."""
    side = 1 if other.along > one.along else -1
    start = one.leave(side, other.across + other.door(-side))
    end = other.leave(-side, one.across + one.door(side))[::-1]
    points = start[:1] if not before else _line(before[-1], start[0])
    for a, b in pairwise(start):
        points += _line(a, b)
    points += _bend(start[-1], end[0])
    for a, b in pairwise(end):
        points += _line(a, b)
    return points


def _bend(one: Point, other: Point) -> list[Point]:
    half = (one[0] + other[0]) / 2
    return [(half, one[1]), (half, other[1]), other]


def _line(one: Point, other: Point) -> list[Point]:
    """As a curve, which is none."""
    return [one, other, other]


def _straight(one: Spot, other: Spot) -> tuple[Point, ...]:
    """Across the flow, to the next item of the rank."""
    side = 1 if other.across > one.across else -1
    start = one.along, one.across + side * one.breadth
    return (start, *_line(start, (other.along, other.across - side * other.breadth)))


def _arc(one: Spot, other: Spot, nesting: float) -> tuple[Point, ...]:
    """Out of the rank and back."""
    start, end = one.leave(1, other.across), other.leave(1, one.across)[::-1]
    reach = start[-1][0] + BULGE * one.gap * nesting
    points = [start[0]]
    for a, b in pairwise(start):
        points += _line(a, b)
    points += [(reach, start[-1][1]), (reach, end[0][1]), end[0]]
    for a, b in pairwise(end):
        points += _line(a, b)
    return tuple(points)
