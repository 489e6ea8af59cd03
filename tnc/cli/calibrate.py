"""`tnc calibrate`: how fast this machine is, as the planner needs to know it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tnc.cli import devices, terminal, values
from tnc.cli.exits import Exit, reason, unwritable, usage
from tnc.cli.writing import write_whole

if TYPE_CHECKING:
    from tnc.api.calibration import Measured
    from tnc.plan.profile import Profile

SUMMARY = "measure this machine, so that plans can be made for it"
DESCRIPTION = """\
Measure a step of training of some layers of the standard library, each in several orders and
memory formats, and fit a device profile to the times: what each kind of kernel takes per
operation, per byte and per call. What the times do not tell is taken from the built-in profile.

The profile is kept for `--profile machine`, or in FILE for `--profile FILE`, whole or not at
all. Let nothing else run meanwhile."""
EPILOG = """\
examples:
  tnc calibrate                               then: tnc compile conv.tnn --profile machine
  tnc calibrate --device cuda -o gpu.json     then: tnc compile conv.tnn --profile gpu.json
  tnc calibrate --threads 8 --seconds 120     longer, with all cores

exit codes: 0 written, 2 wrong usage, 3 the file cannot be written, 130 interrupted"""

SUFFIX = ".json"


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="the .json file to write, or - for stdout (default: what `--profile machine` reads)",
    )
    parser.add_argument(
        "--device", choices=devices.DEVICES, default="cpu", help="what to measure (default: cpu)"
    )
    parser.add_argument(
        "--seconds", default="40", metavar="S", help="for about how long (default: 40)"
    )
    parser.add_argument(
        "--threads", default="1", metavar="N", help="threads of PyTorch on the CPU (default: 1)"
    )


def run(arguments: argparse.Namespace) -> int:
    seconds = values.positive("--seconds", arguments.seconds)
    threads = values.whole("--threads", arguments.threads)
    place = _place(arguments.output)
    devices.check(arguments.device)
    found = _measured(arguments.device, seconds, threads)
    from tnc.api.calibration import fitted
    from tnc.driver.profiles import MACHINE

    profile = fitted(found, arguments.device, place.stem if arguments.output and place else MACHINE)
    text = json.dumps(profile.as_json(), indent=2) + "\n"
    if place is None:
        terminal.exactly(text.encode())
        terminal.tell(told(profile, found, arguments.device))
        return Exit.OK
    _write(place, text, given=arguments.output is not None)
    terminal.data(told(profile, found, arguments.device))
    terminal.tell(f"wrote {place}: use it with `--profile {arguments.output or MACHINE}`")
    return Exit.OK


def _place(output: str | None) -> Path | None:
    """Where the profile goes; None is stdout. What cannot be written is refused
    before anything is measured."""
    from tnc.driver.profiles import machine_file

    if output == "-":
        return None
    if output is None:
        place = machine_file()
        if place is None:
            raise usage("there is no home to keep the profile in: name a file with `-o`")
        return place
    place = Path(output)
    if place.suffix != SUFFIX:
        raise usage(f"`-o {output}`: the name of a profile's file ends with {SUFFIX}")
    if place.is_dir():
        raise unwritable(output, "is a directory")
    if not place.parent.is_dir():
        raise unwritable(output, f"there is no folder `{place.parent}`")
    return place


def _write(place: Path, text: str, given: bool) -> None:
    if not given:
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(str(place), reason(error)) from None
    write_whole(place, text.encode())


def _measured(device: str, seconds: float, threads: int) -> list[Measured]:
    from tnc.api.calibration import ROUNDS, SUBJECTS, measured
    from tnc.api.figures import Setting

    progress = terminal.Progress(len(SUBJECTS))
    setting = Setting(device, threads, rounds=ROUNDS, budget=seconds)
    try:
        return measured(SUBJECTS, setting, progress.step)
    finally:
        progress.clear()


# ---------------------------------------------------------------- as text


def told(profile: Profile, found: Sequence[Measured], device: str) -> str:
    """The rates, and how well they predict what was measured."""
    from tnc.plan.profile import BUILT_IN
    from tnc.plan.text import aligned

    rows = [("kind of kernel", "Gflop/s", "GB/s", "µs per call")]
    for kind, rate in profile.rates:
        flops, bandwidth = (f"{number / 1e9:,.3g}" for number in (rate.flops, rate.bandwidth))
        rows.append((kind, flops, bandwidth, f"{rate.launch / 1e6:.3g}"))
    rows.append(("a layer, with its backward", "", "", f"{profile.routine / 1e6:.3g}"))
    judgements = [_judged(found, each) for each in (profile, BUILT_IN[device])]
    layers = len({each.subject for each in found})
    about = [("profile", "median error", "worst", "best order found (within 10 %)")]
    about += [(name, *said) for name, said in zip(("this", f"`{device}`"), judgements, strict=True)]
    head = f"{layers} layers in {len(found)} ways: times as predicted and as measured"
    return "\n".join([*aligned(rows, {1, 2, 3}), "", head, *aligned(about, {1, 2})])


def _judged(found: Sequence[Measured], profile: Profile) -> tuple[str, str, str]:
    from tnc.api.calibration import groups
    from tnc.plan.fit import judged

    quality = judged(groups(found), profile)
    near = f"{quality.near} of {quality.groups}"
    return f"× {quality.median:.2f}", f"× {quality.worst:.2f}", near
