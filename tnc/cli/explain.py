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
DESCRIPTION = """\
Explain a diagnostic by its code: what it means, a refused program with the message about it, and
an accepted one. Without a code, list all."""
EPILOG = """\
examples:
  tnc explain E0203       the page of one diagnostic
  tnc explain             every code with its title
  tnc explain --markdown  every page, as in docs/errors.md

exit codes: 0 ok, 2 there is no such code"""

COLUMNS = 80


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("code", nargs="?", metavar="CODE", help="a code, such as E0203")
    parser.add_argument("--list", action="store_true", help="list every code with its title")
    parser.add_argument("--markdown", action="store_true", help="every page, as Markdown")


def run(arguments: argparse.Namespace) -> int:
    if sum([bool(arguments.code), arguments.list, arguments.markdown]) > 1:
        raise usage("a code, `--list` and `--markdown` exclude each other")
    if arguments.markdown:
        from tnc.cli.pages import markdown

        terminal.exactly(markdown().encode())
    elif arguments.code:
        terminal.data("\n\n".join(_page(_entry(arguments.code))))
    else:
        from tnc.diagnostics.catalogue import GROUPS

        terminal.data("\n\n".join(_group(name, GROUPS[name]) for name in GROUPS))
    return Exit.OK


def _entry(written: str) -> Entry:
    from tnc.diagnostics.catalogue import CATALOGUE

    code = written.strip().lower().removeprefix("error").removeprefix("warning")
    code = code.strip("[]: ").upper()
    if code not in CATALOGUE:
        close = nearest(code, CATALOGUE)
        hint = f"did you mean `{close}`?" if close else "`tnc explain` lists all"
        raise usage(f"there is no diagnostic `{written}`; {hint}")
    return CATALOGUE[code]


def _group(name: str, entries: tuple[Entry, ...]) -> str:
    return "\n".join([f"{name}:", *(f"  {entry.code}  {entry.title}" for entry in entries)])


def _page(entry: Entry) -> Iterator[str]:
    yield f"{entry.severity}[{entry.code}]: {entry.title}"
    for paragraph in entry.explanation.split("\n\n"):
        yield fill(paragraph, COLUMNS, break_long_words=False, break_on_hyphens=False)
    for name, text in entry.beside:
        yield _indented(f"beside, in {name}", text)
    if entry.refused:
        how = "" if entry.stage == "check" else f" (`{entry.command}`)"
        yield _indented(f"refused{how}", entry.refused)
    if entry.refused and entry.stage in {"check", "network"}:  # a build would take its time
        from tnc.cli.demonstration import message
        from tnc.cli.main import main

        yield message(entry, main)
    if entry.accepted:
        how = f" (`{entry.accepting}`)" if entry.accepting else ""
        yield _indented(f"accepted{how}", entry.accepted)


def _indented(title: str, text: str) -> str:
    return f"{title}:\n\n{indent(text.rstrip(), '    ')}"
