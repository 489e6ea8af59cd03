"""Steps of training in different orders, measured on this machine."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from pathlib import Path

import torch

from tnc.api.bench import RAISED
from tnc.api.figures import Setting, training
from tnc.api.timing import Run, interleaved
from tnc.driver.tuner import Contest, Unmeasurable
from tnc.emit.load import load_module
from tnc.record import record

SECONDS = 10.0
"""For a layer, unless something else is asked for."""
SHORTEST = 0.01
ROUNDS = 25
SLOW = 3.0
"""Orders whose first call takes so many times the least are not called again."""


def setting(device: str, seconds: float = SECONDS, threads: int | None = None) -> Setting:
    """How tuning measures; with as many threads as PyTorch has, unless they are given."""
    return Setting(device, threads or torch.get_num_threads(), rounds=ROUNDS, budget=seconds)


@record
class Stopwatch:
    """Implements `tnc.driver.tuner.Tuner`. `begin` is called with the name of each layer that is
    measured, `end` afterwards."""

    setting: Setting
    begin: Callable[[str], object] = field(default=lambda layer: None)
    end: Callable[[], object] = field(default=lambda: None)

    @property
    def machine(self) -> str:
        setting = self.setting
        where = _processor()
        if setting.device != "cpu":
            where = f"{torch.cuda.get_device_name()}, {where}"
        how = f"{setting.threads} threads, torch {torch.__version__}, {setting.budget:g} s a layer"
        return f"{where}, {how}"

    def seconds(self, contest: Contest) -> Mapping[str, float]:
        """Medians; where images come in both memory formats, the mean of both."""
        self.begin(contest.layer)
        before = torch.get_num_threads()
        torch.set_num_threads(self.setting.threads)
        try:
            with torch.random.fork_rng(devices=[]):
                return self._seconds(contest)
        except RAISED as error:
            raise Unmeasurable(str(error)) from error
        finally:
            torch.set_num_threads(before)
            self.end()

    def _seconds(self, contest: Contest) -> Mapping[str, float]:
        budget = contest.share * self.setting.budget
        start = time.monotonic()
        runs: dict[str, tuple[Run, ...]] = {}
        once: dict[str, float] = {}
        for name in contest.texts:
            runs[name] = self._runs(contest, name)
            once[name] = self._once(runs[name])
            if len(runs) > 1 and time.monotonic() - start > budget / 2:
                break
        least = min(once.values())
        alive = {
            f"{name} {k}": run
            for name, some in runs.items()
            if once[name] < SLOW * least
            for k, run in enumerate(some)
        }
        left = budget - (time.monotonic() - start)
        clock, rounds = self.setting.quiet, self.setting.rounds
        times = interleaved(alive, rounds, budget=left, clock=clock, shortest=SHORTEST)
        mean: dict[str, float] = {}
        for key, timing in times.items():
            name, _, _ = key.rpartition(" ")
            mean[name] = mean.get(name, 0.0) + timing.seconds / contest.formats
        return mean

    def _runs(self, contest: Contest, name: str) -> tuple[Run, ...]:
        """A step of training in each memory format."""
        made = getattr(load_module(contest.texts[name]), contest.layer)
        formed = [replace(self.setting, channels_last=bool(k)) for k in range(contest.formats)]
        found = [training(made(), contest.shapes, each) for each in formed]
        steps = tuple(run for run in found if run is not None)
        if len(steps) < len(found):
            raise Unmeasurable("nothing has a gradient")
        return steps

    def _once(self, runs: tuple[Run, ...]) -> float:
        """The second call; the first one prepares much."""
        for run in runs:
            run()
        start = self.setting.quiet()
        for run in runs:
            run()
        return self.setting.quiet() - start


def _processor() -> str:
    """The model of the processor, as far as the system tells."""
    place = Path("/proc/cpuinfo")
    if place.is_file():
        for line in place.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
