"""A device profile from measured times: least squares of logarithms.

The error of a prediction is relative, so logarithms of times are compared; the unknowns are
logarithms too, as rates are positive. A prior keeps what the measurements do not tell.

Source: Levenberg–Marquardt with ridge towards the prior.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tnc.plan.hollow import Work
from tnc.plan.profile import KINDS, PICOSECONDS, Kind, Profile, Rate
from tnc.record import record

Array = NDArray[np.float64]

STEPS = 60
PRIOR = 0.3
"""The weight of the prior: a rate wrong by a factor of e weighs as much as a time by 1.35."""


@record
class Sample:
    """What was done, summed over the calls of each kind: (multiply-adds, bytes, calls); the calls
    of routines; the seconds that it took."""

    work: Mapping[Kind, tuple[int, int, int]]
    routines: int
    seconds: float


def summed(work: Sequence[Work]) -> dict[Kind, tuple[int, int, int]]:
    """The work of many calls by kind."""
    found: dict[Kind, tuple[int, int, int]] = {}
    for each in work:
        macs, moved, calls = found.get(each.kind, (0, 0, 0))
        found[each.kind] = macs + each.macs, moved + each.bytes, calls + 1
    return found


def fit(samples: Sequence[Sample], prior: Profile, name: str) -> Profile:
    """The profile that predicts the times of the samples best."""
    features = np.array([_features(sample) for sample in samples])
    times = np.log([sample.seconds for sample in samples])
    start = np.log(_parameters(prior))
    found = start.copy()
    damping, error = 1e-2, _error(features, times, found, start)
    for _ in range(STEPS):
        parts = features * np.exp(found)
        total = parts.sum(axis=1, keepdims=True)
        slopes = parts / total
        residual = np.log(total[:, 0]) - times
        normal = slopes.T @ slopes + (PRIOR**2 + damping) * np.eye(len(found))
        gradient = slopes.T @ residual + PRIOR**2 * (found - start)
        step = np.linalg.solve(normal, gradient)
        if (new := _error(features, times, found - step, start)) < error:
            found, error, damping = found - step, new, damping / 3
        else:
            damping *= 4
    return _profile(np.exp(found), name)


def predicted(sample: Sample, profile: Profile) -> float:
    """Seconds."""
    return float(np.dot(_features(sample), _parameters(profile)))


@record
class Quality:
    """How well a profile predicts. `median` and `worst`: ratios of predicted and measured times,
    or their inverses, above 1. Of the `groups` of alternatives, `near` are those in which what is
    predicted to be quickest takes less than `CLOSE` times the least measured."""

    median: float
    worst: float
    near: int
    groups: int


CLOSE = 1.1


def judged(groups: Sequence[Sequence[Sample]], profile: Profile) -> Quality:
    """How well a profile predicts the samples; those of a group do the same in different ways."""
    ratios = sorted(
        max(ratio, 1 / ratio)
        for ratio in (predicted(each, profile) / each.seconds for group in groups for each in group)
    )
    several = [group for group in groups if len(group) > 1]
    near = sum(
        min(group, key=lambda each: predicted(each, profile)).seconds
        < CLOSE * min(each.seconds for each in group)
        for group in several
    )
    return Quality(ratios[len(ratios) // 2], ratios[-1], near, len(several))


def _error(features: Array, times: Array, found: Array, start: Array) -> float:
    residual = np.log(features @ np.exp(found)) - times
    return float(residual @ residual + PRIOR**2 * (found - start) @ (found - start))


def _features(sample: Sample) -> list[float]:
    """Calls of routines; then macs, bytes and calls of each kind."""
    work = [sample.work.get(kind, (0, 0, 0)) for kind in KINDS]
    return [sample.routines, *(float(each[k]) for k in range(3) for each in work)]


def _parameters(profile: Profile) -> list[float]:
    """Seconds per feature."""
    rates = [profile.rate(kind) for kind in KINDS]
    return [
        profile.routine / PICOSECONDS,
        *(2 / rate.flops for rate in rates),
        *(1 / rate.bandwidth for rate in rates),
        *(rate.launch / PICOSECONDS for rate in rates),
    ]


def _profile(seconds: Array, name: str) -> Profile:
    """Rates to three digits, so that a file can be read."""
    routine = seconds[0]
    flops, bytes_, launches = seconds[1:].reshape(3, len(KINDS))
    rates = tuple(
        (kind, Rate(_rounded(2 / one), _rounded(1 / two), _rounded(three * PICOSECONDS)))
        for kind, one, two, three in zip(KINDS, flops, bytes_, launches, strict=True)
    )
    return Profile(name, rates, _rounded(routine * PICOSECONDS))


def _rounded(number: float) -> int:
    return int(float(f"{number:.3g}"))
