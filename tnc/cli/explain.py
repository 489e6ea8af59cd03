"""`tnc explain`: the page of a diagnostic."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from textwrap import fill, indent
from typing import TYPE_CHECKING

from tnc.cli import terminal
from tnc.cli.exits import Exit, usage
from tnc.diagnostics import nearest

if TYPE_CHECKING:
    from tnc.diagnostics.entry import Entry

SUMMARY = "explain a diagnostic, with a refused and an accepted program"
DESCRIPTION = "Explain a diagnostic by its code: what it means, a refused and an accepted program."
EPILOG = """\
examples:
  tnc explain E0203       the page of one diagnostic
  tnc explain --list      every code

exit codes: 0 ok, 2 there is no such code"""

COLUMNS = 80


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("code", nargs="?", metavar="CODE", help="a code, such as E0203")
    parser.add_argument("--list", action="store_true", help="list every code with its title")


def run(arguments: argparse.Namespace) -> int:
    from tnc.diagnostics.catalogue import CATALOGUE, GROUPS

    if bool(arguments.code) == arguments.list:
        raise usage("name a code, as in `tnc explain E0203`, or list all with `--list`")
    if arguments.list:
        terminal.data("\n\n".join(_group(name, GROUPS[name]) for name in GROUPS))
        return Exit.OK
    code = arguments.code.strip().removeprefix("error").removeprefix("warning").strip("[]:").upper()
    if code not in CATALOGUE:
        close = nearest(code, CATALOGUE)
        hint = f"did you mean `{close}`?" if close else "`tnc explain --list` shows all"
        raise usage(f"there is no diagnostic `{arguments.code}`; {hint}")
    terminal.data("\n\n".join(_page(CATALOGUE[code])))
    return Exit.OK


def _group(name: str, entries: tuple[Entry, ...]) -> str:
    return "\n".join([f"{name}:", *(f"  {entry.code}  {entry.title}" for entry in entries)])


def _page(entry: Entry) -> Iterator[str]:
    yield f"{entry.severity}[{entry.code}]: {entry.title}"
    for paragraph in entry.explanation.split("\n\n"):
        yield fill(paragraph, COLUMNS, break_long_words=False, break_on_hyphens=False)
    for name, text in entry.beside:
        yield _program(f"beside, in {name}", text)
    if entry.refused:
        how = "" if entry.stage == "check" else f" (`{entry.command}`)"
        yield _program(f"refused{how}", entry.refused)
    if entry.accepted:
        yield _program("accepted", entry.accepted)


def _program(title: str, text: str) -> str:
    return f"{title}:\n\n{indent(text.rstrip(), '    ')}"
