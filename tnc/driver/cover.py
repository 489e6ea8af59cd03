"""Which of several ways serve all sizes: the fewest ranges, in each of which one way is good."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

MOST = 3
"""Ranges at most."""

STEP = 1.1
"""By how much ways may be worse, once more and again, until fewer ranges suffice."""


class Range(NamedTuple):
    """Way number `way` from the size `least` on, and below the size `below` (None: for all)."""

    least: int
    below: int | None
    way: int


Price = Callable[[int, int], int]
"""The time of a way, by its number, at a size."""


def cover(
    sizes: Sequence[int],
    count: int,
    price: Price,
    worth: float,
    slack: int,
    own: int = 0,
    most: int = MOST,
) -> tuple[Range, ...]:
    """The fewest ranges in which one of `count` ways takes nowhere `worth` times the least time of
    all, or `slack` more. Of ways that serve a range, the first; at the size `own` none but that.
    Where this takes more ranges than `most`, ways may be worse."""
    ways = range(count)
    times = [[price(way, size) for size in sizes] for way in ways]
    least = [min(column) for column in zip(*times, strict=True)]
    while True:
        good = [
            [
                time <= max(worth * best, best + slack) and (way == 0 or size != own)
                for time, best, size in zip(times[way], least, sizes, strict=True)
            ]
            for way in ways
        ]
        good[0] = [fine or size == own for fine, size in zip(good[0], sizes, strict=True)]
        if len(found := _stretches(good, len(sizes))) <= most:
            break
        worth *= STEP
    return tuple(_ranges(sizes, found, price, own))


def _stretches(good: Sequence[Sequence[bool]], count: int) -> list[tuple[int, int]]:
    """Start and way of each stretch: from each start, the way that stays good longest."""
    found, start = [], 0
    while start < count:
        reach = [next((k for k in range(start, count) if not fine[k]), count) for fine in good]
        way = reach.index(max(reach))
        found.append((start, way))
        start = reach[way]
    return found


def _ranges(
    sizes: Sequence[int], found: Sequence[tuple[int, int]], price: Price, own: int
) -> list[Range]:
    """The stretches, each up to where the next way becomes the better one for good; the size `own`
    stays in its stretch."""
    ranges, least = [], 1
    for (first, way), (start, after) in pairwise(found):
        while start > first + 1 and sizes[start - 1] != own:
            if price(after, sizes[start - 1]) > price(way, sizes[start - 1]):
                break
            start -= 1
        below = _crossing(sizes[start - 1], sizes[start], way, after, price)
        ranges.append(Range(least, below, way))
        least = below
    return [*ranges, Range(least, None, found[-1][1])]


def _crossing(low: int, high: int, before: int, after: int, price: Price) -> int:
    """The first size above `low` at which the way `after` is no worse; `high` at most."""
    while high - low > 1:
        middle = (low + high) // 2
        if price(after, middle) <= price(before, middle):
            high = middle
        else:
            low = middle
    return high
