"""Times of several candidates against each other."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Mapping

from tnc.record import record

Run = Callable[[], object]
Clock = Callable[[], float]

SHORTEST = 0.02
"""Seconds that one sample lasts at least; quicker candidates are repeated within it."""
FEWEST = 3
"""So many rounds are measured however long they take."""


@record
class Timing:
    """Median seconds per call, and the half-width of the middle half of the samples."""

    seconds: float
    spread: float


def interleaved(
    candidates: Mapping[str, Run],
    rounds: int = 15,
    *,
    budget: float = float("inf"),
    clock: Clock = time.perf_counter,
    shortest: float = SHORTEST,
    begin: Callable[[int], object] = lambda number: None,
) -> dict[str, Timing]:
    """Time every candidate once per round, in an order shuffled anew for every round.

    A fixed order lets one candidate always inherit the caches that another has filled. No round
    begins `budget` seconds after the first one, `FEWEST` excepted. `begin` is called with the
    number of each round, from 1.
    """
    shuffled = random.Random(0)
    repeats = {name: _repeats(run, clock, shortest) for name, run in candidates.items()}
    samples: dict[str, list[float]] = {name: [] for name in candidates}
    names = list(candidates)
    start = time.perf_counter()
    for number in range(1, rounds + 1):
        if number > FEWEST and time.perf_counter() - start > budget:
            break
        begin(number)
        shuffled.shuffle(names)
        for name in names:
            samples[name].append(_sample(candidates[name], repeats[name], clock))
    return {name: _timing(values) for name, values in samples.items()}


def _repeats(run: Run, clock: Clock, shortest: float) -> int:
    """How often a candidate is called in a sample; its first call, which may prepare much, is not
    looked at."""
    run()
    return max(1, round(shortest / max(_sample(run, 1, clock), 1e-7)))


def _sample(run: Run, repeats: int, clock: Clock) -> float:
    start = clock()
    for _ in range(repeats):
        run()
    return (clock() - start) / repeats


def _timing(samples: list[float]) -> Timing:
    if len(samples) < 2:
        return Timing(samples[0], 0.0)
    first, middle, third = statistics.quantiles(samples, n=4)
    return Timing(middle, (third - first) / 2)
