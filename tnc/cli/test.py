"""`tnc test`: run the `test` blocks of files."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tnc.cli import sources, terminal
from tnc.cli.exits import Exit, Stop, usage
from tnc.diagnostics import CompileError, Diagnostic

if TYPE_CHECKING:
    from tnc.driver.front import Unit
    from tnc.elaborate import Shapes
    from tnc.syntax import tree

SUMMARY = "run the tests that files contain"
DESCRIPTION = """\
Run every `test "title" { ... }` of the files. An assert may compare whatever is known
when a layer is compiled, and ask

  params(L(R: 4))                 how many parameters the layer has
  shape(L(R: 4), [2, 3])          the shape of its result for an input of this shape; for several
                                  inputs several lists, of several results a list of lists
  macs(L(R: 4), [2, 3])           multiply-adds of the planned forward
  close(a, b, tol: 1e-6)          numbers, or lists of them, that differ by at most a part of tol
  gradcheck(L(R: 4), [2, 3])      whether gradients agree with differences, in float64

Only gradcheck needs PyTorch. What fails is shown with both sides and its place; the other tests
run all the same. Results go to stdout, what failed and the progress to stderr."""
EPILOG = """\
examples:
  tnc test net.tnn                every test of a file
  tnc test layers/ -k shape       those below a folder with `shape` in their title
  tnc test std                    those of the standard library

exit codes: 0 every test passed, 1 a test failed or a file has errors, 2 wrong usage,
3 a file cannot be read"""


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a .tnn file, a folder (every .tnn file below it), std or std.nets (the standard "
        "library), or - for stdin",
    )
    parser.add_argument(
        "-k",
        dest="pattern",
        default="",
        metavar="PATTERN",
        help="only tests with this in their title, in whatever case",
    )


def run(arguments: argparse.Namespace) -> int:
    from tnc.driver.testing import run_test

    code, chosen = _chosen(sources.expanded(arguments.files), arguments.pattern)
    count = sum(len(tests) for _, tests in chosen)
    if arguments.pattern and not count and code is Exit.OK:
        raise usage(f"no test has `{arguments.pattern}` in its title")
    progress = terminal.Progress(count)
    said: list[Diagnostic] = []
    failed = 0
    for unit, tests in chosen:
        lines = [f"{unit.source.name}:"]
        for test in tests:
            progress.step(test.title.value)
            outcome = run_test(unit, test, _gradcheck)
            said += outcome.errors
            failed += not outcome.passed
            lines.append(f"  {'ok    ' if outcome.passed else 'failed'}  {test.title.value}")
        progress.clear()
        if tests:
            terminal.data("\n".join(lines))
    terminal.show(said)
    terminal.data(f"{count - failed} passed{f', {failed} failed' if failed else ''}")
    return max(code, Exit.REFUSED if failed else Exit.OK)


def _chosen(
    names: Sequence[str], pattern: str
) -> tuple[Exit, list[tuple[Unit, tuple[tree.Test, ...]]]]:
    """The tests of each file; files that cannot be read or parsed are told, and make the code."""
    from tnc.driver.testing import selected

    code = Exit.OK
    found = []
    for name in names:
        try:
            unit = sources.unit(name)
            found.append((unit, selected(unit, pattern)))
        except Stop as stop:
            terminal.tell(str(stop))
            code = max(code, stop.code)
        except CompileError as error:
            terminal.show(error.diagnostics)
            code = max(code, Exit.REFUSED)
    return code, found


def _gradcheck(text: str, layer: str, shapes: Shapes) -> str:
    from tnc.api.gradients import gradcheck

    return gradcheck(text, layer, shapes)
