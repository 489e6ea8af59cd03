"""Ranges of sizes in which one of several ways is good."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tnc.driver.cover import Range, cover

SIZES = tuple(1 << k for k in range(13))
Lines = list[tuple[int, int]]


def price(lines: Lines, way: int, size: int) -> int:
    start, slope = lines[way]
    return start + slope * size


def test_one_way_that_is_good_enough_is_all() -> None:
    lines = [(100, 10), (99, 10), (0, 11)]
    assert cover(SIZES, 2, lambda way, n: price(lines, way, n), 1.1, 0) == (Range(1, None, 0),)


def test_the_next_way_begins_where_it_is_better() -> None:
    lines = [(0, 10), (1000, 1)]
    found = cover(SIZES, 2, lambda way, n: price(lines, way, n), 1.1, 0)
    assert found == (Range(1, 112, 0), Range(112, None, 1))


def test_a_difference_within_the_slack_is_none() -> None:
    lines = [(20, 1), (0, 1)]
    assert len(cover(SIZES, 2, lambda way, n: price(lines, way, n), 1.1, 20)) == 1
    assert cover(SIZES, 2, lambda way, n: price(lines, way, n), 1.1, 10)[0].way == 1


def test_at_the_planned_size_the_plan_runs() -> None:
    lines = [(105, 10), (0, 10)]
    found = cover(SIZES, 2, lambda way, n: price(lines, way, n), 1.1, 0, own=4)
    (own,) = (each for each in found if each.least <= 4 and (each.below or 5) > 4)
    assert own.way == 0


def test_it_does_even_where_the_next_way_would_be_a_little_better() -> None:
    lines = [(100, 10), (104, 8)]
    found = cover(SIZES, 2, lambda way, n: price(lines, way, n), 1.1, 0, own=4)
    assert found == (Range(1, 5, 0), Range(5, None, 1))


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 1000)), min_size=1, max_size=5))
def test_ranges_cover_all_sizes_with_little_regret(lines: Lines) -> None:
    found = cover(SIZES, len(lines), lambda way, n: price(lines, way, n), 1.1, 0, most=5)
    assert found[0].least == 1
    assert found[-1].below is None
    assert all(one.below == other.least for one, other in pairwise(found))
    for n in SIZES:
        way = next(each.way for each in reversed(found) if each.least <= n)
        assert price(lines, way, n) <= 1.1 * min(price(lines, k, n) for k in range(len(lines)))
