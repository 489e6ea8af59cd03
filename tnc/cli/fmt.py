"""`tnc fmt`: files in their canonical form."""

from __future__ import annotations

import argparse
from difflib import unified_diff

from tnc.cli import sources, terminal
from tnc.cli.exits import Exit, Stop, usage
from tnc.diagnostics import CompileError, Source

SUMMARY = "bring files into their canonical form"
DESCRIPTION = """\
Bring files into their canonical form: two blanks for each level, a statement a line, at most 100
columns. What a file means stays, and so does every comment; formatting again changes nothing.

What the writer decides, and is kept: one empty line between statements; comments that stand below
each other at the ends of lines; and the lines of a list that is broken right after its bracket, or
of operands that are broken before their first operator, unless a line is too long.

A file is written whole or not at all, only if it changes, with the line ends and the byte order
mark that it had. A file with syntax errors stays as it is, and its errors are shown."""
EPILOG = """\
examples:
  tnc fmt conv.tnn                  one file
  tnc fmt layers/                   every .tnn file below a folder
  tnc fmt --check .                 only say which files would change, and fail if any would
  tnc fmt --diff conv.tnn           show what would change, and change nothing
  tnc fmt - <conv.tnn >new.tnn      from stdin to stdout, for editors

exit codes:
  0 ok, 1 a file has syntax errors, or would change under --check, 2 wrong usage,
  3 a file cannot be read or written"""


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a .tnn file, a folder (every .tnn file below it), or - for stdin, which goes to "
        "stdout",
    )
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit code 1 if a file would change"
    )
    parser.add_argument(
        "--diff", action="store_true", help="change nothing; print what would change, on stdout"
    )


def run(arguments: argparse.Namespace) -> int:
    names = sources.expanded(arguments.files)
    if any(map(sources.is_standard, names)):
        raise usage("`tnc fmt` does not change the standard library")
    code = Exit.OK
    changes: list[bool] = []
    for name in names:
        try:
            changes.append(_format(name, arguments))
        except Stop as stop:  # the other files are formatted all the same
            terminal.tell(str(stop))
            code = max(code, stop.code)
        except CompileError as error:
            terminal.show(error.diagnostics)
            code = max(code, Exit.REFUSED)
    keep = arguments.check or arguments.diff
    if names != (sources.STDIN,):
        terminal.tell(_counts(sum(changes), len(changes), len(names), keep))
    return max(code, Exit.REFUSED if arguments.check and any(changes) else Exit.OK)


def _format(name: str, arguments: argparse.Namespace) -> bool:
    """Whether the file changes, or would."""
    from tnc.syntax.format import formatted

    source = sources.read(name)
    text = formatted(source)
    changes = text != source.text
    if arguments.diff:
        terminal.exactly(_difference(source, text).encode())
    elif name == sources.STDIN and not arguments.check:
        terminal.exactly(text.encode())
    elif changes:
        if not arguments.check:
            _write(source, text)
        terminal.tell(f"{'would change' if arguments.check else 'formatted'} {source.name}")
    return changes


def _write(source: Source, text: str) -> None:
    from tnc.cli.writing import rewrite

    rewrite(source, text)


def _difference(source: Source, text: str) -> str:
    """As `patch` and `git apply` read it."""
    before, after = map(_lines, (source.text, text))
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for line in unified_diff(before, after, source.name, source.name)
    )


def _lines(text: str) -> list[str]:
    """With their ends. `str.splitlines` would also split at characters that end no line here."""
    *lines, last = text.split("\n")
    return [*(f"{line}\n" for line in lines), *([last] if last else [])]


def _counts(changed: int, formatted: int, files: int, keep: bool) -> str:
    each = [
        (changed, "would change" if keep else "formatted"),
        (formatted - changed, "unchanged"),
        (files - formatted, "failed"),
    ]
    parts = [f"{n} {'file' if n == 1 else 'files'} {what}" for n, what in each if n]
    return ", ".join(parts)
