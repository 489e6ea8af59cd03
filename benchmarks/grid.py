"""Every layer of the grid beside the dense layer that it replaces: where factorising costs time.

    python -m benchmarks.grid --quick            some minutes
    python -m benchmarks.grid --only '64→64'     some of the layers
    python -m benchmarks.grid --inference        forward only, without gradients

Times are forward + backward on one thread. Ratios are to the dense layer in the same memory format,
measured in the same run. The layers that take longer than the dense one come first.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import torch

from benchmarks.cases import Case, everything
from benchmarks.measure import Run, inference, interleaved, steady, training

TRAINING, INFERENCE = "training", "inference"
SLOWER = 1.1
"""From this ratio on a layer is listed as slower than the dense one; less is noise."""
LONGEST = 2.0
"""Seconds per round, on average, after which no further round begins."""
CLOSE = 1.05
"""From this ratio on a layer is measured again, with more rounds."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """Seconds of a layer and of the dense one; `predicted`: of a step of training, by the plan.
    `what`: training or inference."""

    case: Case
    format: str
    what: str
    seconds: float
    dense: float
    predicted: float

    @property
    def value(self) -> float:
        """Time in units of the dense layer's."""
        return self.seconds / self.dense

    def to_json(self) -> dict[str, Any]:
        """A dictionary of plain values."""
        figures = {"seconds": self.seconds, "dense": self.dense, "predicted": self.predicted}
        return {**self.case.to_json(), "format": self.format, "what": self.what, **figures}

    def __str__(self) -> str:
        millis, dense, said = (1e3 * each for each in (self.seconds, self.dense, self.predicted))
        return (
            f"{self.value:6.2f}  {millis:9.3f} ms  dense {dense:9.3f} ms"
            f"  predicted {said:9.3f} ms  {self.case}  {self.format}"
        )


def measured(cases: Sequence[Case], last: bool, rounds: int, what: str) -> Iterator[Ratio]:
    """The ratios of cases of one group."""
    name = "channels last" if last else "contiguous"
    memory = torch.channels_last if last else torch.contiguous_format
    x = cases[0].input(memory)
    make = inference if what == INFERENCE else training
    runs: dict[str, Run] = {"dense": make(cases[0].dense().to(memory_format=memory), x)}
    predicted = {}
    for case in cases:
        output = case.output()
        runs[str(case)] = make(case.module(output).to(memory_format=memory), x)
        predicted[str(case)] = output.built[0].plan.seconds
    timings = interleaved(runs, rounds, budget=rounds * LONGEST)
    times = {key: timing.seconds for key, timing in timings.items()}
    for case in cases:
        key = str(case)
        yield Ratio(case, name, what, times[key], times["dense"], predicted[key])


def sweep(cases: Sequence[Case], rounds: int, what: str) -> Iterator[Ratio]:
    """All cases, in groups of one family; those that are slower than the dense one twice."""
    for _, group in groupby(cases, lambda case: (case.kind, case.group, case.family)):
        members = list(group)
        for last in (False, True) if members[0].kind == "convolution" else (False,):
            ratios = {str(one.case): one for one in measured(members, last, rounds, what)}
            again = [one.case for one in ratios.values() if one.value > CLOSE]
            if again:
                second = measured(again, last, 3 * rounds, what)
                ratios |= {str(one.case): one for one in second}
            yield from ratios.values()


def report(ratios: Sequence[Ratio]) -> str:
    """What is slower than the dense layer, worst first; then all, in their order."""
    worst = sorted((one for one in ratios if one.value > SLOWER), key=lambda one: -one.value)
    lines = [f"{len(worst)} of {len(ratios)} take more than {SLOWER} times the dense layer's time"]
    lines += [*map(str, worst), "", "all", *map(str, ratios)]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print while measuring, and write the report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="few rounds, and one batch size")
    parser.add_argument("--only", default="", help="layers whose title matches this")
    parser.add_argument("--inference", action="store_true", help="forward without gradients")
    parser.add_argument("-o", "--output", type=Path, help="where the report goes (default: stdout)")
    arguments = parser.parse_args()
    steady()
    cases = everything((32,) if arguments.quick else (32, 8))
    what = INFERENCE if arguments.inference else TRAINING
    wanted = [case for case in cases if re.search(arguments.only, str(case))]
    found = []
    for ratio in sweep(wanted, 5 if arguments.quick else 15, what):
        print(ratio, file=sys.stderr, flush=True)
        found.append(ratio)
    text = report(found)
    if arguments.output:
        arguments.output.write_text(text, encoding="utf-8")
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
