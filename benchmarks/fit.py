"""The built-in profile `cpu`: rates fitted to the times of layers, which are kept in fit.json.

    python -m benchmarks.fit              the rates that fit the times in fit.json
    python -m benchmarks.fit --measure    measure anew first: five to ten minutes on a quiet machine

What is printed is rounded by hand into tnc/plan/profile.py. `tnc calibrate` does the same with
fewer layers, for one machine.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tnc.api.calibration import ROUNDS, Measured, Subject, convolution, dense, measured
from tnc.api.figures import Setting
from tnc.cli.calibrate import told
from tnc.plan.fit import Sample, fit
from tnc.plan.profile import KINDS, Kind, Profile, Rate

FILE = Path(__file__).parent / "fit.json"
SCHEMA = "tnc.fit/1"
SECONDS = 900.0

FAMILIES = ("CP", "CP4", "TK", "TT", "rCP", "rTK", "rTT")
IMAGES = (
    (16, 16, 32, 1, 8),
    (32, 64, 16, 2, 16),
    (64, 64, 8, 1, 32),
    (64, 64, 16, 1, 8),
    (256, 256, 14, 1, 2),
    (512, 512, 7, 1, 4),
)
"""Channels before and after, side, stride, batch."""
SHARES = (0.05, 0.2)

PRIOR: dict[Kind, tuple[float, float, float]] = {
    "matrix product": (80, 10, 4),
    "batched product": (60, 10, 5),
    "convolution": (75, 6, 25),
    "signal gradient": (75, 6, 25),
    "tap gradient": (75, 6, 25),
    "grouped convolution": (10, 6, 25),
    "grouped signal gradient": (10, 6, 25),
    "grouped tap gradient": (5, 6, 25),
    "depthwise convolution": (100, 7, 25),
    "depthwise signal gradient": (100, 6, 25),
    "depthwise tap gradient": (100, 7, 25),
    "outer product": (12, 10, 4),
    "elementwise": (12, 10, 4),
    "sum": (12, 8, 5),
    "copy": (12, 5, 4),
}
"""What a core does by its data sheet and by single kernels: Gflop/s, GB/s, microseconds."""
ROUTINE = 60


def subjects() -> Iterator[Subject]:
    """Convolutions and dense layers of all families."""
    for image in IMAGES:
        yield convolution("Conv", *image)
        for family in FAMILIES:
            yield from (convolution(family, *image, share) for share in SHARES)
    for family in ("SVD", "TK", "rCP", "rTT"):
        for share in (0.02, 0.1):
            yield from (dense(family, 1024, batch, share) for batch in (1, 32, 512))


def prior() -> Profile:
    """The profile before anything was measured."""
    rates = tuple(
        (kind, Rate(int(flops * 1e9), int(moved * 1e9), int(launch * 1e6)))
        for kind, (flops, moved, launch) in PRIOR.items()
    )
    return Profile("prior", rates, int(ROUTINE * 1e6))


def save(found: Sequence[Measured], path: Path) -> None:
    """One sample a line."""
    lines = [json.dumps(_record(each), separators=(",", ":")) for each in found]
    head = f'{{"schema":"{SCHEMA}","kinds":{json.dumps(KINDS)},"samples":[\n'
    path.write_text(head + ",\n".join(lines) + "\n]}\n", encoding="utf-8")


def load(path: Path) -> list[Measured]:
    """The samples of a file. Errors: ValueError if it is of another kind."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    if stored["schema"] != SCHEMA:
        raise ValueError(f"the schema of {path} is {stored['schema']}, not {SCHEMA}")
    kinds: list[Kind] = stored["kinds"]
    return [
        Measured(
            subject,
            order,
            form,
            Sample({kinds[k]: (macs, moved, n) for k, macs, moved, n in work}, routines, seconds),
        )
        for subject, order, form, routines, seconds, work in stored["samples"]
    ]


def _record(each: Measured) -> list[object]:
    sample = each.sample
    work = [[KINDS.index(kind), *numbers] for kind, numbers in sample.work.items()]
    seconds = float(f"{sample.seconds:.4g}")
    return [each.subject, each.order, each.format, sample.routines, seconds, work]


def main() -> None:
    """Measure, if asked for; then fit, and print."""
    style = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=style)
    parser.add_argument("--measure", action="store_true", help="measure anew")
    parser.add_argument("--samples", type=Path, default=FILE, help="the file of the times")
    arguments = parser.parse_args()
    if arguments.measure:
        wanted = list(subjects())
        setting = Setting(rounds=ROUNDS, budget=SECONDS)
        found = measured(wanted, setting, lambda subject: print(subject, file=sys.stderr))
        save(found, arguments.samples)
    found = load(arguments.samples)
    print(told(fit([each.sample for each in found], prior(), "fit"), found, "cpu"))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
