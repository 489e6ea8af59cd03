"""`tnc check`: every static diagnostic of every layer."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

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
  tnc check --watch layers/               again whenever something changes
  tnc check --format sarif . >tnc.sarif   for code scanning
  cat conv.tnn | tnc check -              a text from elsewhere

exit codes:
  0 no errors, 1 errors, 2 wrong usage, 3 a file cannot be read or written, 130 interrupted"""


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
    parser.add_argument(
        "--watch",
        action="store_true",
        help="check again whenever a file, or one that it imports, changes; Ctrl-C ends",
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
    if arguments.watch:
        _watch(arguments, style)
    checked = _check(names, arguments.fix)
    _show(checked.said, style)
    failed = any(each.severity == "error" or deny == "warnings" for each in checked.said)
    return checked.code or (Exit.REFUSED if failed else Exit.OK)


@dataclass(slots=True)
class _Outcome:
    """What is said of files, the exit code if some cannot be read, and what all that depends on."""

    said: list[Diagnostic] = field(default_factory=list)
    code: Exit = Exit.OK
    files: list[Path] = field(default_factory=list)

    def stopped(self, stop: Stop) -> None:
        """Something cannot be read or written."""
        terminal.tell(str(stop))
        self.code = stop.code


def _check(names: Sequence[str], mend: bool) -> _Outcome:
    from tnc.driver.front import checked

    found = _Outcome()
    texts = [*_texts(names, mend, found)]  # all are mended before one that imports them is checked
    said: dict[tuple[object, ...], Diagnostic] = {}
    for source in texts:
        outcome = checked(source)
        for each in outcome.said:
            known = said.setdefault(_place(each), each)
            if len(each.labels) < len(known.labels):  # without a label on the use in another file
                said[_place(each)] = each
        found.files += outcome.files
    found.said += said.values()
    return found


def _texts(names: Sequence[str], mend: bool, found: _Outcome) -> Iterator[Source]:
    for name in names:
        found.files.append(Path(name))
        try:
            source = sources.read(name)
        except Stop as stop:  # the other files are checked all the same
            found.stopped(stop)
            continue
        try:
            yield _mended(source) if mend else source
        except Stop as stop:  # it is checked as it is
            found.stopped(stop)
            yield source


def _place(diagnostic: Diagnostic) -> tuple[object, ...]:
    """What tells diagnostics apart: those of a file are said again of each that imports it, which
    may know it by another path."""
    span = diagnostic.span
    file = os.path.realpath(span.file)
    return file, span.start, span.end, diagnostic.code, diagnostic.message


def _mended(source: Source) -> Source:
    """The text after its edits, which are made in the file as well."""
    from tnc.cli.writing import rewrite
    from tnc.driver.fix import fix
    from tnc.driver.front import check

    fixed = fix(source, check)
    if fixed.source.text != source.text:
        rewrite(source, fixed.source.text)
        for each in fixed.done:
            terminal.tell(each)
    return fixed.source


# ---------------------------------------------------------------- again and again


def _watch(arguments: argparse.Namespace, style: str) -> None:
    from tnc.cli.watch import whenever_changed

    words = arguments.files
    if arguments.fix:
        raise usage("`--watch` does not change files: leave out `--fix`")
    if sources.STDIN in words:
        raise usage("`--watch` watches files, it cannot watch stdin")
    known = [Path(each) for each in (*sources.expanded(words), *sources.folders(words))]
    whenever_changed(lambda: _watched(words, style), known)


def _watched(words: Sequence[str], style: str) -> list[Path]:
    """Check once; the files and folders that may change the outcome."""
    folders = [Path(each) for each in sources.folders(words)]
    try:
        names = sources.expanded(words)
    except Stop as stop:  # a folder without any file, for the moment
        terminal.tell(str(stop))
        return folders
    checked = _check(names, mend=False)
    _show(checked.said, style)
    if not checked.said and not checked.code:
        terminal.tell("no mistakes")
    many = "1 file" if len(names) == 1 else f"{len(names)} files"
    terminal.tell(f"watching {many}; Ctrl-C ends")
    return [*folders, *checked.files]


def _show(said: Sequence[Diagnostic], style: str) -> None:
    if style not in {"human", "short"}:
        from tnc.diagnostics.formats import RENDERINGS

        if text := RENDERINGS[style](said):
            terminal.data(text)
    elif said and style == "human":
        terminal.show(said)
        first = next((each for each in said if each.severity == "error"), said[0])
        terminal.tell(f"\n{_counts(said)}; `tnc explain {first.code}` says more")
    elif said:
        terminal.tell(f"{short(said)}\n{_counts(said)}")


def _counts(said: Sequence[Diagnostic]) -> str:
    counts = [(sum(each.severity == kind for each in said), kind) for kind in ("error", "warning")]
    return ", ".join(f"{n} {kind}{'s' if n != 1 else ''}" for n, kind in counts if n)
