"""`tnc bench`: what a layer takes, beside what its plan says and beside the dense layer."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tnc.cli import building, devices, sources, terminal, values
from tnc.cli.configuration import configured
from tnc.cli.exits import Exit, Stop
from tnc.record import record

if TYPE_CHECKING:
    from tnc.api.figures import Figures, Setting
    from tnc.api.timing import Timing
    from tnc.driver.front import Unit
    from tnc.driver.options import Options, Request
    from tnc.ir.plan import Plan

SUMMARY = "measure a layer beside its plan's prediction and the dense layer"
DESCRIPTION = """\
Measure time and memory of the generated module: forward without gradients, and a step of
training, which is forward and the gradients of inputs and weights. Beside it, in the same run:

  dense            the layer with one full kernel wherever the weights stand for one
  plain autograd   the same plan with PyTorch's own gradient, not the derived one

Inputs are random float32 numbers of the sizes in --bind (32 for modes that are not bound). Times
are medians over rounds, in each of which the order is another. Memory is the most that is
allocated at once besides inputs, weights and the incoming cotangent. Predictions are the plan's."""
EPILOG = """\
examples:
  tnc bench conv.tnn:CPConv --set S=64,T=64 --bind n=32,h=32,w=32
  tnc bench conv.tnn:CPConv --set S=64,T=64 --channels-last
  tnc bench std.nets:ResNet20 --set 'Conv=CP(ratio: 0.1)' --bind n=32,h=32,w=32 --seconds 60
  tnc bench conv.tnn:CPConv --set S=64,T=64 --tune
  tnc bench conv.tnn:CPConv --set S=64,T=64 --json | jq .layers.dense.training.seconds

On Linux small layers are two to three times as fast with MALLOC_TRIM_THRESHOLD_=4294967296 and
MALLOC_MMAP_THRESHOLD_=4294967296 in the environment, here as in training.

exit codes: 0 ok, 1 errors in the layer, 2 wrong usage, 3 the file cannot be read,
4 a limit cannot be met, 130 interrupted"""

SCHEMA = "tnc.bench/1"
QUIET = "99"
"""Above all levels of PyTorch's profiler, which reports on stderr; read when PyTorch is loaded."""

TIME = ("time", "forward", "× dense", "training", "× dense", "predicted")
MEMORY = ("memory", "forward", "training", "predicted", "saved", "predicted")
NOISY = 0.1
"""Of times that vary by more, it is said that they do."""


@record
class Row:
    """One of the layers that are compared. `plan` predicts what it takes, where there is one."""

    name: str
    plan: Plan | None
    figures: Figures


def add(parser: argparse.ArgumentParser) -> None:
    building.add_target(parser)
    building.add(parser)
    parser.add_argument(
        "--seconds", default="10", metavar="S", help="for how long to measure (default: 10)"
    )
    parser.add_argument(
        "--threads", default="1", metavar="N", help="threads of PyTorch on the CPU (default: 1)"
    )
    parser.add_argument(
        "--device", choices=("cpu", "cuda"), default="cpu", help="where to measure (default: cpu)"
    )
    parser.add_argument(
        "--channels-last", action="store_true", help="images and kernels in that memory format"
    )
    parser.add_argument(
        "--json", action="store_true", help="the figures as JSON instead (schema tnc.bench/1)"
    )


def run(arguments: argparse.Namespace) -> int:
    setting = _setting(arguments)
    options = building.options(arguments, configured())
    target = sources.target(arguments.target)
    unit = sources.unit(target.file)
    given = values.parameters(arguments.set)
    layer = target.layer or building.only(unit, target.file, given)
    (request,) = building.requests(unit, [layer], given)
    rows = _measured(unit, request, options, setting, arguments.bind)
    if arguments.json:
        terminal.data(json.dumps(_json(rows, setting), indent=2, ensure_ascii=False))
    else:
        terminal.data(_text(rows, setting))
    return Exit.OK


def _setting(arguments: argparse.Namespace) -> Setting:
    threads = values.whole("--threads", arguments.threads)
    seconds = values.positive("--seconds", arguments.seconds)
    os.environ.setdefault("KINETO_LOG_LEVEL", QUIET)
    from tnc.api.figures import Setting

    devices.check(arguments.device)
    return Setting(arguments.device, threads, arguments.channels_last, budget=seconds)


def _measured(
    unit: Unit, request: Request, options: Options, setting: Setting, bound: Sequence[str]
) -> list[Row]:
    from tnc.api import bench
    from tnc.driver.build import compile_unit
    from tnc.driver.tuner import Unmeasurable

    output = compile_unit(unit, [request], options)
    building.check_binding([each.layer for each in output.built], bound)
    terminal.show(output.diagnostics)
    progress = terminal.Progress(setting.rounds)
    try:
        found = bench.candidates(unit, request, options, output)
        layer = output.built[0]
        figures = bench.bench(
            found, layer, setting, lambda number: progress.step("rounds of measuring")
        )
    except Unmeasurable as error:
        raise Stop(Exit.REFUSED, f"error: {error}") from None
    finally:
        progress.clear()
    for each in found:
        if each.name not in figures:
            terminal.tell(
                f"the {each.name} layer is left out: there is not enough memory to make it"
            )
    return [Row(each.name, each.plan, figures[each.name]) for each in found if each.name in figures]


# ---------------------------------------------------------------- as JSON


def _json(rows: Sequence[Row], setting: Setting) -> dict[str, Any]:
    plan = _plan(rows)
    return {
        "schema": SCHEMA,
        "layer": plan.layer,
        "binding": dict(plan.binding),
        "profile": plan.profile,
        "device": setting.device,
        "threads": setting.threads,
        "channels_last": setting.channels_last,
        "layers": {
            row.name.replace(" ", "_"): {**asdict(row.figures), "predicted": _predicted(row.plan)}
            for row in rows
        },
    }


def _plan(rows: Sequence[Row]) -> Plan:
    """The plan of the layer itself, which is the first."""
    plan = rows[0].plan
    assert plan is not None
    return plan


def _predicted(plan: Plan | None) -> dict[str, float] | None:
    if plan is None:
        return None
    peak, saved = plan.peak_bytes, plan.saved_bytes
    return {"training": plan.seconds, "training_peak": peak, "saved": saved}


# ---------------------------------------------------------------- as text


def _text(rows: Sequence[Row], setting: Setting) -> str:
    from tnc.plan.text import aligned

    base = next((row.figures for row in rows if row.name == "dense"), None)
    time = [TIME, *(_times(row, base) for row in rows)]
    memory = [MEMORY, *(_bytes(row) for row in rows)]
    right = set(range(1, 6))
    parts = [_head(_plan(rows), setting), "", *aligned(time, right), "", *aligned(memory, right)]
    return "\n".join([*parts, *_noise(rows)])


def _head(plan: Plan, setting: Setting) -> str:
    sizes = ", ".join(f"{name} = {size}" for name, size in plan.binding) or "sizes as written"
    threads = f"{setting.threads} thread{'s' if setting.threads > 1 else ''}"
    where = threads if setting.device == "cpu" else setting.device
    last = ", channels last" if setting.channels_last else ""
    return f"{plan.layer}: {sizes}; profile {plan.profile}; measured on {where}, float32{last}"


def _times(row: Row, base: Figures | None) -> tuple[str, ...]:
    from tnc.plan.text import duration

    forward, training = row.figures.forward, row.figures.training
    return (
        row.name,
        duration(forward.seconds),
        _ratio(forward, base.forward if base else None),
        duration(training.seconds) if training else "-",
        _ratio(training, base.training if base else None),
        duration(row.plan.seconds) if row.plan else "",
    )


def _ratio(timing: Timing | None, base: Timing | None) -> str:
    return f"{timing.seconds / base.seconds:.2f}" if timing and base else "-"


def _bytes(row: Row) -> tuple[str, ...]:
    figures, plan = row.figures, row.plan
    return (
        row.name,
        _amount(figures.forward_peak),
        _amount(figures.training_peak),
        _amount(plan.peak_bytes) if plan else "",
        _amount(figures.saved),
        _amount(plan.saved_bytes) if plan else "",
    )


def _amount(number: int | None) -> str:
    from tnc.plan.text import amount

    return "-" if number is None else f"{amount(number)}B"


def _noise(rows: Sequence[Row]) -> list[str]:
    """A warning where the times say little."""
    timings = [one for row in rows for one in (row.figures.forward, row.figures.training) if one]
    worst = max(one.spread / one.seconds for one in timings)
    if worst < NOISY:
        return []
    return ["", f"times vary by ±{worst:.0%}: measure longer, or when less else is running"]
