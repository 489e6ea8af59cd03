"""The stopwatch that tuning measures with: what it runs, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import tnc
from tnc.api.tuning import Stopwatch, setting
from tnc.driver.tuner import Contest, Unmeasurable

MODULE = """
import torch
CALLS = []

class L(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.A = torch.nn.Parameter(torch.randn(3, 3))

    def forward(self, x):
        CALLS.append((tuple(x.shape), x.is_contiguous(), torch.get_num_threads()))
        return {result}
"""
GOOD = MODULE.format(result="x * self.A.sum()")
SLOW = MODULE.format(result="[x * self.A.sum() for _ in range(3000)][0]")


def contest(formats: int = 1, **texts: str) -> Contest:
    return Contest("L", texts, ((2, 3, 4, 5),), formats, 1.0)


@pytest.fixture
def watch() -> Stopwatch:
    return Stopwatch(setting("cpu", 0.05, 1))


def calls(text: str) -> list[tuple[tuple[int, ...], bool, int]]:
    from tnc.emit.load import load_module

    found: list[tuple[tuple[int, ...], bool, int]] = load_module(text).CALLS
    return found


def test_every_order_is_run_in_both_formats(watch: Stopwatch) -> None:
    other = GOOD + "# other\n"
    times = watch.seconds(contest(2, one=GOOD, two=other))
    assert set(times) == {"one", "two"}
    assert all(seconds > 0 for seconds in times.values())
    for text in (GOOD, other):
        assert {call[:2] for call in calls(text)} == {((2, 3, 4, 5), True), ((2, 3, 4, 5), False)}


def test_hopeless_orders_are_dropped(watch: Stopwatch) -> None:
    assert set(watch.seconds(contest(one=GOOD, two=SLOW))) == {"one"}


def test_random_numbers_and_threads_are_left_as_they_were(watch: Stopwatch) -> None:
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    watch.seconds(contest(one=GOOD))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("result", ["x.index_select(9, x)", "x.detach()"])
def test_what_cannot_be_measured(watch: Stopwatch, result: str) -> None:
    with pytest.raises(Unmeasurable):
        watch.seconds(contest(one=MODULE.format(result=result)))


def test_the_machine_is_named() -> None:
    settings = [(1.0, 1), (1.0, 2), (60.0, 1)]
    names = {Stopwatch(setting("cpu", *each)).machine for each in settings}
    assert len(names) == 3
    assert all(torch.__version__ in name for name in names)


def test_from_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    given = {"S": 4, "T": 4, "R": 2}
    plain = tnc.compile("std.convolution", "CP", set=given)
    tuned = tnc.compile("std.convolution", "CP", set=given, tune=0.05)
    assert (plain.plan.profile, tuned.plan.profile) == ("cpu", "cpu, tuned")
    x = torch.randn(2, 4, 5, 5)
    torch.manual_seed(0)
    one = plain.module.CP()
    two = tuned.module.CP()
    two.load_state_dict(one.state_dict())
    torch.testing.assert_close(one(x), two(x))
    assert tnc.compile("std.convolution", "CP", set=given, tune=0.05).source == tuned.source
    assert tnc.compile("std.convolution", "CP", set=given).source == plain.source


def test_objectives_other_than_time_are_refused() -> None:
    with pytest.raises(ValueError, match="tuning measures time"):
        tnc.compile("std.convolution", "CP", objective="macs", tune=True)
