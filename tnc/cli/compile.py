"""`tnc compile`: from layers to a PyTorch module."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tnc.cli import building, outputs, sources, terminal, values
from tnc.cli.configuration import CHOICES, configured
from tnc.cli.exits import Exit, reason, unreadable, usage
from tnc.cli.writing import write_whole
from tnc.diagnostics import CompileError, Diagnostic
from tnc.record import record

if TYPE_CHECKING:
    from tnc.driver.options import Built, Options, Output

SUMMARY = "write the PyTorch module of one or several layers"
DESCRIPTION = """\
Plan the contraction, derive the gradient, and write both as one Python module that needs
PyTorch only. Without :LAYER every layer is compiled whose parameters all have values.

The module is written beside the .tnn file unless -o says otherwise, whole or not at all; the
same input gives the same bytes on every machine, unless what was measured on one is asked for
(--tune, --profile machine)."""
EPILOG = """\
examples:
  tnc compile conv.tnn:CPConv --set S=64,T=64        writes conv.py
  tnc compile dense.tnn --set 'S=[4,4],T=[4,4]' -o - | less
  tnc compile conv.tnn --bind n=128,h=32,w=32 --objective memory
  tnc compile zoo.tnn:TTDense zoo.tnn:CPDense        both layers in zoo.py
  tnc compile a.tnn b.tnn -o build/                  build/a.py and build/b.py
  tnc compile conv.tnn --check                       is conv.py what would be written?
  tnc compile std.nets:ResNet20 --set 'Conv=CP(ratio: 0.1)'      the standard library: nets.py
  tnc compile conv.tnn --bind n=128 --tune           measured here, not predicted
  tnc compile net.tnn:Net --set 'Stage.R=8,Stage.CP.k=5'         parameters of layers inside

exit codes: 0 written, 1 errors in the layer or a difference under --check, 2 wrong usage,
3 a file cannot be read or written, 4 a limit cannot be met"""

SHORT = 40
"""Lines of a difference that `--check` shows."""


@record
class Module:
    """What one file gives: where it goes (None: stdout) and the text."""

    path: Path | None
    output: Output

    @property
    def content(self) -> bytes:
        """The bytes of the file."""
        return self.output.text.encode()


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "targets",
        nargs="+",
        metavar="FILE[:LAYER]",
        help="a .tnn file (- for stdin) or a module of the standard library, or one layer of it",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="PATH",
        help="the file to write, a folder, or - for stdout (default: FILE with the ending .py)",
    )
    building.add(parser)
    parser.add_argument(
        "--backward",
        choices=CHOICES["backward"],
        help="emit the derived gradient, leave it to autograd, or take what is better "
        "(default: derived)",
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; compare with the file that is there"
    )
    parser.add_argument(
        "--verify", action="store_true", help="check the compiler's own work between its stages"
    )
    parser.add_argument(
        "--no-cache", action="store_true", help="search for the plan even if it is known"
    )


def run(arguments: argparse.Namespace) -> int:
    files: dict[str, list[str | None]] = {}
    for word in arguments.targets:
        target = sources.target(word)
        files.setdefault(target.file, []).append(target.layer)
    places = outputs.places([*files], arguments.output)
    if arguments.check and None in places:
        raise usage("`--check` compares with a file, not with stdout")
    configuration = configured()
    options = building.options(
        arguments,
        configuration,
        backward=configuration.choice("backward", arguments.backward, "derived"),
        cache=not arguments.no_cache,
        verify=arguments.verify,
    )
    made = _compiled(files, values.parameters(arguments.set), options)
    building.check_binding([each.layer for output in made for each in output.built], arguments.bind)
    modules = [Module(*each) for each in zip(places, made, strict=True)]
    if arguments.check:
        return max([_compared(module) for module in modules])
    if arguments.output is None:
        outputs.spare(places)
    for module in modules:
        _written(module)
    return Exit.OK


def _compiled(
    files: Mapping[str, Sequence[str | None]], given: Mapping[str, values.Value], options: Options
) -> list[Output]:
    from tnc.driver import build

    units = {file: sources.unit(file) for file in files}
    parameters = {file: building.parameters_of(unit) for file, unit in units.items()}
    made: list[Output] = []
    refused: list[Diagnostic] = []
    for file, unit in units.items():
        elsewhere = set().union(*(parameters[other] for other in files if other != file))
        requests = building.requests(unit, files[file], given, elsewhere)
        try:
            made.append(build.compile_unit(unit, requests, options))
            terminal.show(made[-1].diagnostics)
        except CompileError as error:
            refused += error.diagnostics
    if refused:
        raise CompileError(refused)
    return made


def _written(module: Module) -> None:
    if module.path is None:
        terminal.exactly(module.content)
    else:
        write_whole(module.path, module.content)
    terminal.tell(f"wrote {module.path or 'stdout'}: {_told(module.output.built)}")


def _told(built: Sequence[Built]) -> str:
    return "; ".join(_layer(each) for each in built)


def _layer(built: Built) -> str:
    plan = built.plan
    sizes = ", ".join(f"{mode}={size}" for mode, size in plan.binding)
    at = f" at {sizes}" if sizes else ""
    return f"{built.layer.name} ({plan.parameters:,} parameters, {plan.macs:,} MACs forward{at})"


def _compared(module: Module) -> int:
    assert module.path is not None
    try:
        there = module.path.read_bytes()
    except FileNotFoundError:
        terminal.tell(f"{module.path} does not exist: without `--check` it is written")
        return Exit.REFUSED
    except OSError as error:
        raise unreadable(str(module.path), reason(error)) from None
    if there == module.content:
        return Exit.OK
    terminal.tell(_difference(str(module.path), there, module.content))
    return Exit.REFUSED


def _difference(name: str, there: bytes, wanted: bytes) -> str:
    lines = [
        line.rstrip("\r\n")
        for line in difflib.unified_diff(
            there.decode(errors="replace").splitlines(keepends=True),
            wanted.decode().splitlines(keepends=True),
            name,
            "what would be written",
        )
    ]
    more = [f"… and {len(lines) - SHORT} more lines"] if len(lines) > SHORT else []
    return "\n".join(
        [f"{name} differs: without `--check` it is written anew", *lines[:SHORT], *more]
    )
