"""`tnc plan`: in which order a layer is computed, and what that costs."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from tnc.cli import building, sources, terminal, values
from tnc.cli.configuration import configured
from tnc.cli.exits import Exit, usage

if TYPE_CHECKING:
    from tnc.ir.plan import Plan

SUMMARY = "show in which order a layer is computed, and what that costs"
DESCRIPTION = """\
Show the plan of a layer: its pairwise steps with their named modes, multiply-adds (MACs) forward
and per gradient, bytes, what is kept for the gradient, and what all this adds up to.
Nothing is written. :LAYER may be left out where only one layer has all its parameters."""
EPILOG = """\
examples:
  tnc plan conv.tnn:CPConv --set S=64,T=64 --bind n=128,h=32,w=32
  tnc plan conv.tnn:CPConv --set S=64,T=64 --compare      other orders and the dense layer
  tnc plan conv.tnn:CPConv --set S=64,T=64 --math         every step as a sum over indices
  tnc plan conv.tnn:CPConv --set S=64,T=64 --json | jq .macs
  tnc plan conv.tnn:CPConv --set S=64,T=64 --tune         orders measured, not predicted
  tnc plan std.nets:LeNet5 --bind n=128                   a network of the standard library

exit codes: 0 ok, 1 errors in the layer, 2 wrong usage, 3 the file cannot be read,
4 a limit cannot be met"""


def add(parser: argparse.ArgumentParser) -> None:
    building.add_target(parser)
    building.add(parser)
    parser.add_argument(
        "--compare", action="store_true", help="add other orders of the same layer, and the dense"
    )
    parser.add_argument("--math", action="store_true", help="add the index form of every step")
    parser.add_argument(
        "--json", action="store_true", help="the plan as JSON instead (schema tnc.plan/1)"
    )


def run(arguments: argparse.Namespace) -> int:
    if arguments.json and (arguments.compare or arguments.math):
        raise usage("`--json` holds everything: it goes without `--compare` and `--math`")
    plan = _planned(arguments)
    if arguments.json:
        terminal.data(json.dumps(plan.to_json(), indent=2, ensure_ascii=False))
        return Exit.OK
    from tnc.plan import report

    parts = [report.table(plan)]
    parts += [report.envelope(plan)] if plan.branches else []
    parts += [report.compare(plan)] if arguments.compare else []
    parts += [report.math(plan)] if arguments.math else []
    terminal.data("\n\n".join(part.rstrip("\n") for part in parts))
    return Exit.OK


def _planned(arguments: argparse.Namespace) -> Plan:
    from tnc.driver import build
    from tnc.driver.comparison import compared

    options = building.options(arguments, configured())
    target = sources.target(arguments.target)
    unit = sources.unit(target.file)
    given = values.parameters(arguments.set)
    layer = target.layer or building.only(unit, target.file, given)
    output = build.compile_unit(unit, building.requests(unit, [layer], given), options)
    building.check_binding([each.layer for each in output.built], arguments.bind)
    terminal.show(output.diagnostics)
    built = output.built[0]
    if arguments.compare or arguments.json:
        return compared(built.layer, built.plan, options)
    return built.plan
