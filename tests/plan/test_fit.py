"""A profile from times: rates that are known are found again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest

from tnc.plan.fit import Sample, fit, judged, predicted, summed
from tnc.plan.hollow import Work
from tnc.plan.profile import CPU, KINDS, Kind, Profile, Rate


def machine(seed: int) -> Profile:
    """A machine whose rates differ from the built-in ones by factors up to 3."""
    chance = Random(seed)

    def other(number: int) -> int:
        return int(number * 3 ** chance.uniform(-1, 1))

    rates = tuple(
        (kind, Rate(other(rate.flops), other(rate.bandwidth), other(rate.launch)))
        for kind, rate in CPU.rates
    )
    return Profile("theirs", rates, other(CPU.routine))


def timed(work: list[Work], routines: int, profile: Profile) -> Sample:
    """What the clock shows on a machine: integers, one call after the other."""
    calls = sum(profile.picoseconds(each.kind, each.macs, each.bytes) for each in work)
    return Sample(summed(work), routines, (calls + routines * profile.routine) / 1e12)


def samples(profile: Profile, count: int, kinds: tuple[Kind, ...] = KINDS) -> Iterator[Sample]:
    """Work of all magnitudes, so that now this and now that rate decides."""
    chance = Random(1)
    for _ in range(count):
        work = [
            Work(kind, int(10 ** chance.uniform(1, 8)), int(10 ** chance.uniform(1, 8)))
            for kind in chance.sample(kinds, chance.randint(1, 2))
            for _ in range(chance.randint(1, 4))
        ]
        yield timed(work, chance.choice((0, 0, 1)), profile)


def numbers(profile: Profile) -> list[int]:
    return [
        number for _, rate in profile.rates for number in (rate.flops, rate.bandwidth, rate.launch)
    ]


@pytest.mark.parametrize("seed", range(3))
def test_rates_are_found_again(seed: int) -> None:
    theirs = machine(seed)
    found = fit(list(samples(theirs, 3000)), CPU, "found")
    assert found.name == "found"
    assert numbers(found) == pytest.approx(numbers(theirs), rel=0.1)
    assert found.routine == pytest.approx(theirs.routine, rel=0.1)


def test_it_predicts_what_it_has_not_seen() -> None:
    theirs = machine(7)
    every = list(samples(theirs, 600))
    found = fit(every[:400], CPU, "found")
    unseen = judged([[each] for each in every[400:]], found)
    before = judged([[each] for each in every[400:]], CPU)
    assert unseen.median < 1.02 < 1.3 < before.median
    assert unseen.worst < 1.5 < before.worst


def test_what_was_not_measured_stays() -> None:
    some: tuple[Kind, ...] = ("matrix product", "copy", "sum")
    found = fit(list(samples(machine(0), 100, some)), CPU, "found")
    for kind in set(KINDS) - set(some):
        assert numbers(replace(found, rates=((kind, found.rate(kind)),))) == pytest.approx(
            numbers(replace(CPU, rates=((kind, CPU.rate(kind)),))), rel=1e-2
        )
    assert found.rate("copy") != CPU.rate("copy")


def test_predictions_are_those_of_the_clock() -> None:
    work = [Work("convolution", 10**7, 10**6), Work("copy", 0, 4096), Work("copy", 0, 4)]
    sample = timed(work, 2, CPU)
    assert sample.work == {"convolution": (10**7, 10**6, 1), "copy": (0, 4100, 2)}
    assert predicted(sample, CPU) == pytest.approx(sample.seconds, rel=1e-6)


def test_how_well_it_predicts_is_counted() -> None:
    """Two ways of the same: by the profile the first is quicker, by the clock it is not."""
    quick, slow = (timed([Work("copy", 0, size)], 1, CPU) for size in (10**6, 10**7))
    wrong = [replace(quick, seconds=9 * quick.seconds), replace(slow, seconds=slow.seconds / 2)]
    found = judged([[quick, slow], wrong, [quick]], CPU)
    assert (found.near, found.groups) == (1, 2)
    assert found.worst == pytest.approx(9, rel=1e-3)
    assert found.median == pytest.approx(1, rel=1e-3)
