"""`tnc graph`: a layer as a diagram."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tnc.cli import building, outputs, sources, terminal, values
from tnc.cli.configuration import configured
from tnc.cli.exits import Exit, usage
from tnc.cli.writing import write_whole
from tnc.diagnostics import Report
from tnc.draw.choices import FORMATS, STAGES, SUFFIXES, Format

if TYPE_CHECKING:
    from tnc.draw.diagram import Diagram
    from tnc.driver.front import Unit
    from tnc.driver.options import Request

SUMMARY = "draw a layer: its tensors and modes, its plan, or its gradient"
DESCRIPTION = """\
Draw a layer. As it is written (--stage source): a circle per tensor, an edge per mode, a diamond
per convolution, loose ends for the result; a network as blocks with shapes on the arrows. As it
is planned (--stage planned): the steps of the contraction with their costs, and --stage backward
those of the derived gradient.

Parameters may be left out: their sizes are drawn as letters, and lists as three long.
SVG needs no other program, and follows light and dark schemes."""
EPILOG = """\
examples:
  tnc graph conv.tnn:CPConv -o conv.svg
  tnc graph conv.tnn:CPConv --set S=64,T=64               as text, on a terminal
  tnc graph conv.tnn:CPConv --set S=64,T=64 --stage planned --bind n=128 -o plan.svg
  tnc graph std.nets:ResNet32 -o resnet.svg               a network as blocks
  tnc graph std.nets:ResNet32 --depth 0 --format mermaid  without what is inside of its layers
  tnc graph conv.tnn:CPConv --format dot | dot -Tpdf >conv.pdf

exit codes: 0 ok, 1 errors in the layer, 2 wrong usage, 3 a file cannot be read or written,
4 a limit cannot be met"""


def add(parser: argparse.ArgumentParser) -> None:
    building.add_target(parser)
    parser.add_argument(
        "-o",
        "--output",
        metavar="PATH",
        default=outputs.STDOUT,
        help="the file to write, or - for stdout (default)",
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help="default: what the name of the file ends with; on stdout txt for a terminal, else svg",
    )
    parser.add_argument(
        "--stage", choices=STAGES, default="source", help="what to draw (default: source)"
    )
    parser.add_argument(
        "--depth",
        metavar="N",
        help="levels of layers inside that are opened (default: as many as are readable, and what "
        "looks like one before only once)",
    )
    parser.add_argument("--units", action="store_true", help="draw modes of size 1 too")
    building.add(parser)


def run(arguments: argparse.Namespace) -> int:
    style = _format(arguments)
    places = outputs.places([sources.target(arguments.target).file], arguments.output)
    diagram = _drawn(arguments)
    from tnc.draw.render import rendered

    content = rendered(diagram, style).encode()
    if places[0] is None:
        terminal.exactly(content)
    else:
        write_whole(places[0], content)
        terminal.tell(f"wrote {places[0]}")
    return Exit.OK


def _format(arguments: argparse.Namespace) -> Format:
    if arguments.format is not None:
        chosen: Format = arguments.format
        return chosen
    if arguments.output == outputs.STDOUT:
        return "txt" if on_terminal() else "svg"
    suffix = Path(arguments.output).suffix
    if suffix not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise usage(f"what is `{arguments.output}`? Give a `--format`, or a name that ends {known}")
    return SUFFIXES[suffix]


def on_terminal() -> bool:
    """Whether stdout is read by a person."""
    return sys.stdout is not None and sys.stdout.isatty()


def _depth(text: str | None) -> int | None:
    if text is not None and not text.isdecimal():
        raise usage(f"`--depth {text}`: expected a number of levels, such as 0 or 2")
    return None if text is None else int(text)


def _drawn(arguments: argparse.Namespace) -> Diagram:
    target = sources.target(arguments.target)
    unit = sources.unit(target.file)
    given = values.parameters(arguments.set)
    name = target.layer or building.only(unit, target.file, given)
    (request,) = building.requests(unit, [name], given)
    lacking = {each.name: each.missing(given) for each in building.layers_of(unit)}
    if arguments.stage == "source":
        return _source(unit, request, lacking.get(name, ()), arguments)
    from tnc.draw.stages import staged

    depth, options = _depth(arguments.depth), building.options(arguments, configured())
    diagram, layer, said = staged(unit, request, options, arguments.stage, depth=depth)
    building.check_binding([layer], arguments.bind)
    terminal.show(said)
    return diagram


def _source(
    unit: Unit, request: Request, lacking: Sequence[str], arguments: argparse.Namespace
) -> Diagram:
    """The layer before it is planned, for which nothing need be known of sizes."""
    from tnc.draw.source import source
    from tnc.driver.requests import elaborated

    report, depth = Report(), _depth(arguments.depth)
    layers = elaborated(unit, [request], report, sketch=bool(lacking))
    report.raise_errors()
    if not layers:
        needed = ", ".join(f"`{name}`" for name in lacking)
        raise usage(
            f"what `{request.layer}` contains depends on parameters that lack a value: {needed}; "
            "set them with `--set`"
        )
    building.check_binding(layers, arguments.bind)
    binding = values.sizes(configured().binding(arguments.bind))
    return source(layers[0], binding, depth=depth, units=arguments.units)
