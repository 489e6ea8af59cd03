"""This machine's profile: layers in several orders are measured, and rates fitted to the times."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby

import torch

from tnc.api.figures import Setting, training
from tnc.api.timing import Run, interleaved
from tnc.diagnostics import Report
from tnc.driver.candidates import candidates
from tnc.driver.front import opened
from tnc.driver.options import Options, Request
from tnc.driver.project import ordered
from tnc.driver.requests import elaborated
from tnc.driver.trial import Trial, shapes, trial
from tnc.emit.load import load_module
from tnc.ir.program import Program
from tnc.plan.clock import price, worked
from tnc.plan.fit import Sample, fit, summed
from tnc.plan.profile import BUILT_IN, Profile
from tnc.record import record

QUICKEST, FEWEST_MACS = 3, 2
"""So many orders of each layer are measured, besides those that a person would try."""
HOPELESS = 6
"""Orders that are predicted to take so many times the least are not run."""
SHORTEST = 0.01
"""Seconds of a sample at least."""
ROUNDS = 7
LEAST = 8
"""So many layers are measured however long they take."""


@record
class Subject:
    """A layer of the standard library at one size."""

    file: str
    layer: str
    settings: Mapping[str, int | float | bool]
    binding: Mapping[str, int]

    def __str__(self) -> str:
        said = {**self.settings, **self.binding}
        return f"{self.layer} {' '.join(f'{name}={value}' for name, value in said.items())}"


@record
class Measured:
    """A step of training of a subject, in one order and one memory format."""

    subject: str
    order: str
    format: str
    sample: Sample


def convolution(
    family: str, S: int, T: int, side: int, stride: int, batch: int, ratio: float = 0.0
) -> Subject:
    """A 3×3 convolution; `ratio` of its parameters, where it is factorised."""
    settings: dict[str, int | float | bool] = {"S": S, "T": T, "stride": stride}
    sizes = {"n": batch, "h_1": side, "h_2": side}
    return Subject("std.convolution", family, settings | ({"ratio": ratio} if ratio else {}), sizes)


def dense(family: str, width: int, batch: int, ratio: float) -> Subject:
    """A factorised dense layer."""
    settings = {"S": width, "T": width, "bias": False, "ratio": ratio}
    return Subject("std.dense", family, settings, {"...": batch})


SUBJECTS = (
    convolution("CP", 64, 64, 8, 1, 32, 0.1),
    dense("TK", 1024, 32, 0.1),
    convolution("TK", 16, 16, 32, 1, 8, 0.2),
    convolution("rCP", 32, 64, 16, 2, 16, 0.2),
    dense("rTT", 1024, 512, 0.02),
    convolution("Conv", 64, 64, 16, 1, 8),
    convolution("TT", 256, 256, 14, 1, 2, 0.05),
    convolution("rTK", 64, 64, 8, 1, 32, 0.05),
    convolution("CP4", 16, 16, 32, 1, 8, 0.05),
    dense("rCP", 1024, 1, 0.1),
    convolution("CP", 256, 256, 14, 1, 2, 0.1),
    convolution("rTT", 32, 64, 16, 2, 16, 0.2),
    dense("SVD", 1024, 512, 0.1),
    convolution("TK", 64, 64, 16, 1, 8, 0.05),
    convolution("Conv", 16, 16, 32, 1, 8),
    convolution("CP4", 64, 64, 8, 1, 32, 0.2),
    dense("rTT", 1024, 1, 0.1),
    convolution("rTK", 16, 16, 32, 1, 8, 0.2),
    convolution("TT", 32, 64, 16, 2, 16, 0.1),
    dense("SVD", 1024, 1, 0.02),
    convolution("CP", 16, 16, 32, 1, 8, 0.2),
    convolution("rCP", 64, 64, 8, 1, 32, 0.05),
    dense("TK", 1024, 512, 0.02),
    convolution("Conv", 256, 256, 14, 1, 2),
)
"""Of all kinds of kernels something, the most telling first: time may not suffice for all."""


def measured(
    subjects: Sequence[Subject],
    setting: Setting,
    begin: Callable[[str], object] = lambda subject: None,
) -> list[Measured]:
    """Measure subjects while the setting's budget lasts. `begin` is called with each one."""
    before = torch.get_num_threads()
    torch.set_num_threads(setting.threads)
    try:
        return _all_measured(subjects, setting, begin)
    finally:
        torch.set_num_threads(before)


def fitted(found: Sequence[Measured], device: str, name: str) -> Profile:
    """The profile that tells the times best; what they do not tell is as in the built-in one."""
    return fit([each.sample for each in found], BUILT_IN[device], name)


def groups(found: Sequence[Measured]) -> list[list[Sample]]:
    """The samples of each subject and memory format together."""

    def key(each: Measured) -> tuple[str, str]:
        return each.subject, each.format

    together = groupby(sorted(found, key=key), key)
    return [[each.sample for each in members] for _, members in together]


def _all_measured(
    subjects: Sequence[Subject], setting: Setting, begin: Callable[[str], object]
) -> list[Measured]:
    found: list[Measured] = []
    start = time.monotonic()
    for done, subject in enumerate(subjects):
        left = setting.budget - (time.monotonic() - start)
        if left <= 0 and done >= LEAST:
            break
        begin(str(subject))
        share = max(left, 1.0) / (len(subjects) - done)
        found += _measured(subject, replace(setting, budget=share))
    return found


def _measured(subject: Subject, setting: Setting) -> Iterator[Measured]:
    runs: dict[str, Run] = {}
    about: dict[str, tuple[Trial, Program, str]] = {}
    for each in trials(subject, BUILT_IN[setting.device]):
        layer = getattr(load_module(each.text), each.layer.name)
        for last, program in enumerate(each.program.formats):
            formed = replace(setting, channels_last=bool(last))
            run = training(layer(), shapes(each.layer, subject.binding), formed)
            assert run is not None
            key = f"{each.order} {last}"
            runs[key] = run
            about[key] = each, program, "channels last" if last else "contiguous"
    times = interleaved(
        runs, setting.rounds, budget=setting.budget, clock=setting.quiet, shortest=SHORTEST
    )
    for key, (each, program, form) in about.items():
        done = worked(program, subject.binding)
        sample = Sample(summed(done.everything), done.routines, times[key].seconds)
        yield Measured(str(subject), each.order, form, sample)


def trials(subject: Subject, prior: Profile) -> list[Trial]:
    """The layer in those orders that are worth running by `prior`, the one it chooses first."""
    request = Request(subject.layer, subject.settings)
    (layer,) = elaborated(opened(subject.file), [request], Report())
    options = Options(subject.binding, profile=prior, cache=False)
    order = partial(ordered, subject.binding, options, layer)
    first = order({})
    found = [trial("first", layer, first)]
    found += [
        trial(each.name, layer, order({each.network: each.tree}))
        for each in candidates(first, QUICKEST, FEWEST_MACS)
    ]
    cost = {each.order: price(each.program, subject.binding, prior) for each in found}
    least = min(cost.values())
    return [each for each in found if cost[each.order] < HOPELESS * least]
