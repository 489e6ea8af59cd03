"""`tnc check`: every static diagnostic of every layer."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from tnc.cli import sources, terminal
from tnc.cli.configuration import CHOICES, configured
from tnc.cli.exits import Exit, Stop, usage
from tnc.diagnostics import Diagnostic, Source
from tnc.diagnostics.render import short

SUMMARY = "report every mistake that can be found without building anything"
DESCRIPTION = """\
Report every static diagnostic of every layer, all at once and in order of position.
Parameters without a value are taken as unknown; nothing is planned and no code is written.

Diagnostics go to stderr; with --format json, sarif or github they are the output, on stdout.
`tnc explain CODE` says more about a diagnostic."""
EPILOG = """\
examples:
  tnc check conv.tnn                      one file
  tnc check --deny warnings layers/       every .tnn file below a folder; warnings count
  tnc check --fix conv.tnn                do what the help messages propose
  tnc check --format sarif . >tnc.sarif   for code scanning
  cat conv.tnn | tnc check -              a text from elsewhere

exit codes: 0 no errors, 1 errors, 2 wrong usage, 3 a file cannot be read or written"""


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a .tnn file, a folder (every .tnn file below it), std or std.nets (the standard "
        "library), or - for stdin",
    )
    parser.add_argument(
        "--format",
        choices=CHOICES["format"],
        help="how to show diagnostics (default: human)",
    )
    parser.add_argument(
        "--deny", choices=CHOICES["deny"], help="let warnings, too, make the check fail"
    )
    parser.add_argument(
        "--fix",
        action="store_true",
        help="apply the edits that help messages propose, report them, and check what results",
    )


def run(arguments: argparse.Namespace) -> int:
    configuration = configured()
    style = configuration.choice("format", arguments.format, "human")
    deny = configuration.choice("deny", arguments.deny, "nothing")
    names = sources.expanded(arguments.files)
    if arguments.fix and sources.STDIN in names:
        raise usage("`--fix` changes files, it cannot change stdin")
    if arguments.fix and any(map(sources.is_standard, names)):
        raise usage("`--fix` does not change the standard library")
    said: list[Diagnostic] = []
    code = Exit.OK
    for name in names:
        try:
            said += _checked(sources.read(name), arguments.fix)
        except Stop as stop:  # the other files are checked all the same
            terminal.tell(str(stop))
            code = stop.code
    _show(said, style)
    failed = any(each.severity == "error" or deny == "warnings" for each in said)
    return code or (Exit.REFUSED if failed else Exit.OK)


def _checked(source: Source, mend: bool) -> Sequence[Diagnostic]:
    from tnc.driver.front import check

    if not mend:
        return check(source)
    from tnc.cli.fix import fix
    from tnc.cli.writing import rewrite

    fixed = fix(source, check)
    if fixed.source.text != source.text:
        rewrite(source, fixed.source.text)
        for each in fixed.done:
            terminal.tell(each)
    return fixed.remaining


def _show(said: Sequence[Diagnostic], style: str) -> None:
    if style not in {"human", "short"}:
        from tnc.diagnostics.formats import RENDERINGS

        if text := RENDERINGS[style](said):
            terminal.data(text)
    elif said and style == "human":
        terminal.show(said)
        terminal.tell(f"\n{_counts(said)}; `tnc explain {said[0].code}` says more")
    elif said:
        terminal.tell(f"{short(said)}\n{_counts(said)}")


def _counts(said: Sequence[Diagnostic]) -> str:
    counts = [(sum(each.severity == kind for each in said), kind) for kind in ("error", "warning")]
    return ", ".join(f"{n} {kind}{'s' if n != 1 else ''}" for n, kind in counts if n)
