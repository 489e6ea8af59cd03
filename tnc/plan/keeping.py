"""Which intermediates of a region to save for its backward, and which to compute anew.

To save less costs time: the steps that compute anew what the gradients read, those included that
these need in turn. A choice is a subset of the values of the region, as a bit mask.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from tnc.ir.graph import Value
from tnc.ir.region import Derived
from tnc.plan.price import Prices
from tnc.record import record

T = TypeVar("T")

EXACT = 10
"""Up to so many values all subsets are looked at."""


@record
class Keeping:
    """Saved values: what they take in memory, and the cost of computing anew what is not saved."""

    saved: tuple[Value, ...]
    bytes: int
    cost: int


def keepings(derived: Derived, prices: Prices) -> tuple[Keeping, ...]:
    """The choices that no other one beats in both cost and memory, the cheapest first.

    Exact up to `EXACT` values, but that a value which is another one's memory under other names
    counts as memory of its own. Above, a way from saving everything to saving nothing that gives
    up, or exchanges, what frees most bytes for its cost.
    """
    values = derived.inner
    region = _Region(
        tuple(prices.bytes(value) for value in values),
        tuple(prices.cost(value) for value in values),
        tuple(_mask(values, value.operands) for value in values),
        _mask(values, derived.read),
    )
    masks = range(1 << len(values)) if len(values) <= EXACT else region.descent()
    return tuple(
        Keeping(tuple(v for k, v in enumerate(values) if mask >> k & 1), size, cost)
        for cost, size, mask in pareto((*region.cost(mask), mask) for mask in masks)
    )


def pareto(points: Iterable[tuple[int, int, T]]) -> list[tuple[int, int, T]]:
    """Those that none beats in both of their first two numbers, by the first. Of equal ones the
    first is taken."""
    best: list[tuple[int, int, T]] = []
    for point in sorted(points, key=lambda point: point[:2]):
        if not best or point[1] < best[-1][1]:
            best.append(point)
    return best


def hull(points: Sequence[tuple[int, int, T]]) -> list[tuple[int, int, T]]:
    """Of points that none beats, those on their lower convex hull: from each to the next, what is
    gained for its price only gets less."""
    found: list[tuple[int, int, T]] = []
    for point in points:
        while len(found) > 1 and not _bends(found[-2], found[-1], point):
            found.pop()
        found.append(point)
    return found


def _bends(first: tuple[int, int, T], middle: tuple[int, int, T], last: tuple[int, int, T]) -> bool:
    """Whether the middle one lies below the line through the others."""
    before = (first[1] - middle[1]) * (last[0] - middle[0])
    return before > (middle[1] - last[1]) * (middle[0] - first[0])


def _mask(values: Sequence[Value], some: Iterable[Value]) -> int:
    chosen = set(some)
    return sum(1 << k for k, value in enumerate(values) if value in chosen)


@record
class _Region:
    """Per value, operands first: bytes, cost of its step, operands; and what is read."""

    bytes: tuple[int, ...]
    costs: tuple[int, ...]
    operands: tuple[int, ...]
    read: int

    def cost(self, saved: int) -> tuple[int, int]:
        """What is computed anew costs, and bytes; only what is needed is saved."""
        cost = size = 0
        needed = self.read
        for k in reversed(range(len(self.bytes))):
            if needed >> k & 1:
                if saved >> k & 1:
                    size += self.bytes[k]
                else:
                    cost += self.costs[k]
                    needed |= self.operands[k]
        return cost, size

    def descent(self) -> list[int]:
        """Choices from everything to nothing, each by one step from the one before."""
        mask = self.read
        found = [mask]
        while mask:
            cost, size = self.cost(mask)
            smaller = []
            for other in self._beside(mask):
                more, less = self.cost(other)
                if less < size:
                    smaller.append(((max(more - cost, 0) / (size - less), less), other))
            if not smaller:
                break
            mask = min(smaller)[1]
            found.append(mask)
        return found

    def _beside(self, mask: int) -> Iterable[int]:
        """One value less, or its operands in its place."""
        for k in range(len(self.bytes)):
            if mask >> k & 1:
                without = mask & ~(1 << k)
                yield without
                yield without | self.operands[k]
