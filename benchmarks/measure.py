"""Time several candidates against each other."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Run = Callable[[], object]
SHORTEST = 0.02
"""Seconds that one sample lasts at least; quicker candidates are repeated within it."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Median seconds per call, and the half-width of the middle half of the samples."""

    seconds: float
    spread: float


def interleaved(
    candidates: Mapping[str, Run], rounds: int = 15, seed: int = 0
) -> dict[str, Timing]:
    """Time every candidate once per round, in an order shuffled anew for every round.

    A fixed order lets one candidate always inherit the caches that another has filled.
    """
    shuffled = random.Random(seed)
    repeats = {name: _repeats(run) for name, run in candidates.items()}
    samples: dict[str, list[float]] = {name: [] for name in candidates}
    names = list(candidates)
    for _ in range(rounds):
        shuffled.shuffle(names)
        for name in names:
            samples[name].append(_sample(candidates[name], repeats[name]))
    return {name: _timing(values) for name, values in samples.items()}


def _sample(run: Run, repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        run()
    return (time.perf_counter() - start) / repeats


def _repeats(run: Run) -> int:
    run()
    return max(1, round(SHORTEST / max(_sample(run, 1), 1e-7)))


def _timing(samples: list[float]) -> Timing:
    first, middle, third = statistics.quantiles(samples, n=4)
    return Timing(middle, (third - first) / 2)
