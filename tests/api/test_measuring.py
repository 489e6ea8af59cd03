"""Times by a clock that the test turns, and allocations that can be counted by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from tnc.api import allocations
from tnc.api.figures import Figures, Setting, measured
from tnc.api.timing import FEWEST, interleaved


class Turned:
    """A clock that only the candidates move."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls: list[str] = []

    def candidate(self, name: str, *seconds: float) -> Callable[[], None]:
        """Takes these times in turn, the last one for good."""
        waiting = list(seconds)

        def run() -> None:
            self.calls.append(name)
            self.now += waiting.pop(0) if len(waiting) > 1 else waiting[0]

        return run

    def time(self) -> float:
        return self.now


def test_medians_and_spread() -> None:
    clock = Turned()
    slow = clock.candidate("slow", 9, 9, 1, 2, 3, 4, 100)  # the first two are not samples
    fast = clock.candidate("fast", 0.5)
    times = interleaved({"slow": slow, "fast": fast}, 5, clock=clock.time)
    assert (times["slow"].seconds, times["fast"].seconds) == (3, 0.5)
    assert times["slow"].spread == pytest.approx((52 - 1.5) / 2)
    assert times["fast"].spread == 0


def test_every_candidate_once_per_round_in_changing_order() -> None:
    clock = Turned()
    names = ["a", "b", "c"]
    interleaved({name: clock.candidate(name, 1) for name in names}, 9, clock=clock.time)
    rounds = [tuple(clock.calls[6 + k : 9 + k]) for k in range(0, 27, 3)]
    assert all(sorted(each) == names for each in rounds)
    assert len(set(rounds)) > 2


def test_quick_candidates_are_repeated_within_a_sample() -> None:
    clock = Turned()
    times = interleaved({"quick": clock.candidate("quick", 0.001)}, 3, clock=clock.time)
    assert len(clock.calls) == 2 + 3 * 20
    assert times["quick"].seconds == pytest.approx(0.001)


def test_no_round_begins_when_the_time_is_over() -> None:
    begun: list[int] = []
    interleaved({"a": lambda: None}, 50, budget=0, shortest=1e-6, begin=begun.append)
    assert begun == list(range(1, FEWEST + 1))


def test_one_round() -> None:
    clock = Turned()
    times = interleaved({"a": clock.candidate("a", 2)}, 1, clock=clock.time)
    assert (times["a"].seconds, times["a"].spread) == (2, 0)


# ---------------------------------------------------------------- allocations


def test_what_is_freed_before_is_not_counted_at_once() -> None:
    def run() -> torch.Tensor:
        first = torch.ones(1000)
        second = first + 1
        del first
        return second.repeat(3)

    assert allocations.peak(run) == 4 * (1000 + 3000)


def test_the_result_counts() -> None:
    assert allocations.peak(lambda: [torch.ones(10), torch.ones(20)]) == 4 * 30


def test_what_an_operation_gives_back_itself_is_left_out() -> None:
    x, kernel = torch.randn(2, 8, 9, 9), torch.randn(4, 8, 3, 3)
    events = allocations.recorded(lambda: torch.conv2d(x, kernel))
    assert sum(max(event.bytes, 0) for event in events) > 4 * 2 * 4 * 49
    assert allocations.peak(lambda: torch.conv2d(x, kernel)) == 4 * 2 * 4 * 49


def test_what_the_first_call_keeps_for_later_is_left_out() -> None:
    kept: list[torch.Tensor] = []

    def run() -> torch.Tensor:
        if not kept:
            kept.append(torch.ones(1000))
        return kept[0].neg()

    assert allocations.peak(run) == 4000


# ---------------------------------------------------------------- figures


def figures(layer: nn.Module, *shapes: tuple[int, ...], **options: bool) -> Figures:
    setting = Setting(rounds=1, **options)
    return measured({"layer": layer}, shapes, setting)["layer"]


def test_of_a_layer_of_pytorch() -> None:
    found = figures(nn.Sequential(nn.Linear(30, 20), nn.Tanh()), (10, 30))
    assert found.training is not None
    assert (found.forward_peak, found.saved) == (4 * 400, 0)
    weights, x, y = 4 * (30 * 20 + 20), 4 * 300, 4 * 200
    assert y + x + weights <= found.training_peak <= 4 * y + x + weights


def test_modes_and_threads_are_as_they_should_be() -> None:
    seen: set[tuple[bool, bool, int]] = set()

    class Watched(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen.add((self.training, torch.is_inference_mode_enabled(), torch.get_num_threads()))
            return super().forward(x)

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        figures(Watched(3, 2), (4, 3))
        assert seen == {(True, False, 1), (False, True, 1)}
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_kernels_and_images_channels_last() -> None:
    formats: list[bool] = []

    class Watched(nn.Conv2d):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            formats.extend(
                each.is_contiguous(memory_format=torch.channels_last) for each in (x, self.weight)
            )
            return super().forward(x)

    figures(Watched(4, 4, 3), (2, 4, 6, 6), channels_last=True)
    assert set(formats) == {True}


def test_several_outputs_of_which_one_has_no_gradient() -> None:
    class Both(nn.Linear):
        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return super().forward(x), x.detach().argmax(1)

    assert figures(Both(3, 2), (4, 3)).training is not None


def test_without_any_gradient() -> None:
    class Index(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.argmax(1)

    found = figures(Index(), (4, 3))
    assert (found.training, found.training_peak) == (None, None)
