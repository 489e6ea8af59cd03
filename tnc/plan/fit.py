"""A device profile from measured times: least squares of logarithms.

The error of a prediction is relative, so logarithms of times are compared; the unknowns are
logarithms too, as rates are positive. A prior keeps what the measurements do not tell.

Source: Levenberg–Marquardt with ridge towards the prior.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tnc.plan.hollow import Work
from tnc.plan.profile import KINDS, MULTIPLYING, PICOSECONDS, Kind, Profile, Rate

Array = NDArray[np.float64]

STEPS = 60
PRIOR = 0.05
"""The weight of the prior: a rate wrong by a factor of e weighs as much as one time by 1.05."""


@dataclass(frozen=True, slots=True)
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


def _error(features: Array, times: Array, found: Array, start: Array) -> float:
    residual = np.log(features @ np.exp(found)) - times
    return float(residual @ residual + PRIOR**2 * (found - start) @ (found - start))


def _features(sample: Sample) -> list[float]:
    """Calls of kernels, calls of routines; then macs, and bytes, of each kind."""
    none = (0, 0, 0)
    work = [sample.work.get(kind, none) for kind in KINDS]
    calls = sum(each[2] for each in work)
    macs = [float(sample.work.get(kind, none)[0]) for kind in MULTIPLYING]
    return [calls, sample.routines, *macs, *(float(each[1]) for each in work)]


def _parameters(profile: Profile) -> list[float]:
    """Seconds per feature."""
    return [
        profile.launch / PICOSECONDS,
        profile.routine / PICOSECONDS,
        *(2 / profile.rate(kind).flops for kind in MULTIPLYING),
        *(1 / profile.rate(kind).bandwidth for kind in KINDS),
    ]


def _profile(seconds: Array, name: str) -> Profile:
    """Rates to three digits, so that a file can be read."""
    launch, routine, *rest = seconds
    flops: dict[Kind, float] = dict(
        zip(MULTIPLYING, (float(2 / each) for each in rest), strict=False)
    )
    widths = dict(zip(KINDS, (float(1 / each) for each in rest[len(MULTIPLYING) :]), strict=True))
    rates = tuple(
        (kind, Rate(_rounded(flops.get(kind, wide)), _rounded(wide)))
        for kind, wide in widths.items()
    )
    return Profile(name, rates, _rounded(launch * PICOSECONDS), _rounded(routine * PICOSECONDS))


def _rounded(number: float) -> int:
    return int(float(f"{number:.3g}"))
