"""Factorised layers on a GPU, in every order worth running, beside the dense layer.

    python -m benchmarks.accelerator -o gpu.json     measure: some minutes
    python -m benchmarks.accelerator gpu.json        what was measured, as tables

Times are forward + backward in float32 without tf32: as Python calls them, and captured as a graph
of launches, in which no time of Python's is left. Modules are made by several processes first, so
that the device does not wait for the compiler. The file holds the work of each program as well: the
profile that fits the times of Python's calls is printed last, to be rounded by hand into
tnc/plan/profile.py.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from benchmarks import networks
from benchmarks.cases import CONVOLUTIONS, DENSE, IMAGES, SHARES, Case, convolution, dense
from benchmarks.measure import training
from tnc.api.calibration import Measured, Subject, trials
from tnc.api.figures import Setting
from tnc.api.timing import Run, interleaved
from tnc.cli.calibrate import told
from tnc.emit.load import load_module
from tnc.plan.clock import worked
from tnc.plan.fit import Sample, fit, predicted, summed
from tnc.plan.profile import BUILT_IN, KINDS, Kind, Profile

SCHEMA = "tnc.accelerator/1"
DEVICE = "cuda"
BATCH = 128
DENSE_BATCHES = (1, 32, 128, 512)
FORMATS = ("contiguous", "channels last")
CALLED, CAPTURED = "called", "captured"
"""A step as Python calls it, and one that is replayed as a graph of launches, without Python."""
ROUNDS, SHORTEST, BUDGET = 7, 0.004, 6.0


@dataclass(frozen=True, slots=True)
class Form:
    """A layer in one order: the text of its module, and what it does in each memory format."""

    order: str
    text: str
    work: tuple[tuple[Mapping[Kind, tuple[int, int, int]], int], ...]


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds of a layer in one order, and of the dense layer in the same run. `how`: called or
    captured."""

    case: Mapping[str, Any]
    order: str
    format: str
    how: str
    dense: float
    sample: Sample

    @property
    def ratio(self) -> float:
        """Time in units of the dense layer's."""
        return self.sample.seconds / self.dense

    def to_json(self) -> list[object]:
        """One line of the file."""
        sample = self.sample
        work = [[KINDS.index(kind), *numbers] for kind, numbers in sample.work.items()]
        times = [float(f"{each:.4g}") for each in (self.dense, sample.seconds)]
        return [dict(self.case), self.order, self.format, self.how, *times, sample.routines, work]

    @classmethod
    def from_json(cls, line: Sequence[Any]) -> Timed:
        """What `to_json` made."""
        case, order, format_, how, base, seconds, routines, work = line
        found = {KINDS[k]: (macs, moved, calls) for k, macs, moved, calls in work}
        return cls(case, order, format_, how, base, Sample(found, routines, seconds))


# ---------------------------------------------------------------- measuring


def cases(quick: bool) -> list[Case]:
    """The grid of convolutions and dense layers, at a batch that keeps a GPU busy."""
    images, shares = (IMAGES[2:3], (0.1,)) if quick else (IMAGES, SHARES)
    found = [
        convolution(family, image, share, BATCH)
        for image in images
        for family in CONVOLUTIONS
        for share in shares
    ]
    batches, shares = (DENSE_BATCHES[:1], (0.1,)) if quick else (DENSE_BATCHES, (0.02, 0.1))
    return found + [
        dense(family, share, batch) for batch in batches for family in DENSE for share in shares
    ]


def forms(subject: Subject) -> list[Form]:
    """A layer in every order worth running. It runs in a process of its own."""
    torch.set_num_threads(1)
    found = []
    for each in trials(subject, BUILT_IN[DEVICE]):
        done = [worked(program, subject.binding) for program in each.program.formats]
        work = tuple((summed(one.everything), one.routines) for one in done)
        found.append(Form(each.order, each.text, work))
    return found


def timed(case: Case, made: Sequence[Form], device: str) -> Iterator[Timed]:
    """All orders of a layer beside the dense one, in every memory format that it has."""
    layers = {form.order: getattr(load_module(form.text), case.layer)().to(device) for form in made}
    for number, name in enumerate(FORMATS[: max(len(form.work) for form in made)]):
        last = torch.channels_last if number else torch.contiguous_format
        x = case.input(last).to(device)
        base = case.dense().to(device).to(memory_format=last)
        runs: dict[str, Run] = {"": training(base, x)}
        runs |= {form.order: training(layers[form.order], x) for form in made}
        for how in (CALLED, CAPTURED) if device == DEVICE else (CALLED,):
            if how == CAPTURED:
                runs = {key: captured(run) for key, run in runs.items()}
            clock = Setting(device).clock
            times = interleaved(runs, ROUNDS, budget=BUDGET, clock=clock, shortest=SHORTEST)
            for form in made:
                work, routines = form.work[min(number, len(form.work) - 1)]
                sample = Sample(work, routines, times[form.order].seconds)
                yield Timed(case.to_json(), form.order, name, how, times[""].seconds, sample)


def steps(device: str, rounds: int) -> dict[str, dict[str, float]]:
    """Seconds and bytes of a step of training of ResNet-32; captured ones without Python."""
    runs: dict[str, Run] = {}
    for name, conv in networks.NETWORKS.items():
        options = {"profile": BUILT_IN[DEVICE]}
        if name == networks.FULL:
            options = {"backward": "autograd"}
        network = networks.compiled("ResNet32", conv, BATCH, **options)
        runs[name] = networks.step(network, BATCH, device)
        if device == DEVICE:
            network = networks.compiled("ResNet32", conv, BATCH, **options)
            runs[f"{name}, {CAPTURED}"] = captured(networks.step(network, BATCH, device))
    times = interleaved(runs, rounds, clock=Setting(device).clock)
    return {
        name: {"seconds": times[name].seconds}
        | ({} if name.endswith(CAPTURED) else {"peak": Setting(device).peak(run)})
        for name, run in runs.items()
    }


def captured(run: Run) -> Run:
    """A step as a graph of launches, which reads the tensors of the step where they are."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            run()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run()

    def replay(_: Run = run) -> None:  # the tensors of the step must outlive the graph
        graph.replay()

    return replay


def measure(device: str, quick: bool, processes: int) -> Iterator[str]:
    """The lines of the file, as they are found."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    name = torch.cuda.get_device_name() if device == DEVICE else device
    about = {"schema": SCHEMA, "device": name, "torch": torch.__version__}
    yield json.dumps(about)
    wanted = cases(quick)
    subjects = [Subject(each.file, each.layer, each.settings, each.bind) for each in wanted]
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        prepared = list(pool.map(forms, subjects))
    print(f"{len(subjects)} layers are compiled", file=sys.stderr, flush=True)
    for case, made in zip(wanted, prepared, strict=True):
        for each in timed(case, made, device):
            yield json.dumps(each.to_json(), separators=(",", ":"))
    yield json.dumps({"steps": steps(device, 3 if quick else 15)})


# ---------------------------------------------------------------- telling


def tables(lines: Sequence[str]) -> Iterator[str]:
    """What the file says, for people."""
    about, *rest = map(json.loads, lines)
    assert about["schema"] == SCHEMA, about
    every = [Timed.from_json(each) for each in rest if isinstance(each, list)]
    yield f"{about['device']}, PyTorch {about['torch']}"
    found = [each for each in every if each.how == CALLED]
    new = fitted(found)
    for how in (CALLED, CAPTURED):
        yield f"{how}: ratios for the orders that `{DEVICE}` and the new profile take, the least"
        yield from ratios([each for each in every if each.how == how], [BUILT_IN[DEVICE], new])
    for each in rest:
        if isinstance(each, dict):
            base = each["steps"][networks.FULL]
            for name, figures in each["steps"].items():
                taken, memory = figures["seconds"], figures.get("peak", math.nan)
                yield (
                    f"ResNet-32 {name:18} {taken * 1e3:8.2f} ms  {taken / base['seconds']:5.2f}"
                    f"  memory {memory / base['peak']:5.2f}"
                )
    measured = [Measured(str(e.case), e.order, e.format, e.sample) for e in found]
    yield told(new, measured, DEVICE)


def fitted(found: Sequence[Timed]) -> Profile:
    """The profile that fits the times."""
    return fit([each.sample for each in found], BUILT_IN[DEVICE], "fit")


def ratios(found: Sequence[Timed], profiles: Sequence[Profile]) -> Iterator[str]:
    """Per layer: the order that each profile would take, and the quickest, beside the dense one;
    then how often each profile takes one within a tenth of the quickest."""
    near = [0] * len(profiles)
    groups = 0
    key = lambda each: (*each.case.values(), each.format)  # noqa: E731
    for _, members in groupby(found, key):
        group = list(members)
        least = min(group, key=lambda each: each.sample.seconds)
        taken = [
            min(group, key=lambda each, profile=profile: predicted(each.sample, profile))
            for profile in profiles
        ]
        groups += 1
        for number, each in enumerate(taken):
            near[number] += each.sample.seconds < 1.1 * least.sample.seconds
        case = least.case
        yield (
            f"{case['family']:4} {case['group']:26} {case['share']:4.0%} {least.format:13} dense"
            f" {least.dense * 1e3:7.3f} ms  "
            + "  ".join(f"{each.ratio:5.2f}" for each in (*taken, least))
            + f"  {least.order}"
        )
    shares = ", ".join(f"{one}/{groups}" for one in near)
    yield f"within a tenth of the quickest order: {shares}"


def main() -> None:
    """Measure, or tell."""
    style = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=style)
    parser.add_argument("file", nargs="?", type=Path, help="what was measured")
    parser.add_argument("-o", "--output", type=Path, help="measure, into this file")
    parser.add_argument("--device", default=DEVICE, help="default: cuda")
    parser.add_argument("--quick", action="store_true", help="few layers")
    arguments = parser.parse_args()
    if arguments.output:
        processes = max(1, (os.cpu_count() or 1) - 1)
        with arguments.output.open("w", encoding="utf-8") as file:
            for line in measure(arguments.device, arguments.quick, processes):
                print(line, file=file, flush=True)
    for line in tables((arguments.file or arguments.output).read_text("utf-8").splitlines()):
        print(line)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
