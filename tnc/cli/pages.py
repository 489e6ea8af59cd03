"""The catalogue of diagnostics as one page of Markdown: `docs/errors.md`."""

from __future__ import annotations

from collections.abc import Iterator

from tnc.cli.demonstration import message
from tnc.cli.main import main
from tnc.diagnostics.catalogue import GROUPS
from tnc.diagnostics.entry import Entry

OPENING = """\
# Errors and warnings

Every code that `tnc` can report, with a program that is refused, what is said about it, and a
program that is accepted. `tnc explain CODE` shows the same on a terminal. This page is generated:
`tnc explain --markdown`."""


def markdown() -> str:
    """All pages, in the order of the catalogue."""
    parts = [OPENING, *(_contents(name, entries) for name, entries in GROUPS.items())]
    for name, entries in GROUPS.items():
        parts.append(f"## {name.capitalize()}")
        parts += [part for entry in entries for part in _page(entry)]
    return "\n\n".join(parts) + "\n"


def _contents(name: str, entries: tuple[Entry, ...]) -> str:
    head = f"| {name} | |\n|---|---|"
    rows = [f"| [{each.code}](#{each.code.lower()}) | {each.title} |" for each in entries]
    return "\n".join([head, *rows])


def _page(entry: Entry) -> Iterator[str]:
    yield f'<a id="{entry.code.lower()}"></a>'
    yield f"### {entry.code}: {entry.title}"
    yield entry.explanation
    for name, text in entry.beside:
        language = "python" if name.endswith(".py") else "tnn"
        yield f"Beside it, in `{name}`:\n\n{_fenced(text, language)}"
    if entry.refused:
        how = "" if entry.stage == "check" else f" by `{entry.command}`"
        yield f"Refused{how}:\n\n{_fenced(entry.refused, 'tnn')}"
        yield _fenced(message(entry, main), "text")
    if entry.accepted:
        how = f" by `{entry.accepting}`" if entry.accepting else ""
        yield f"Accepted{how}:\n\n{_fenced(entry.accepted, 'tnn')}"


def _fenced(text: str, language: str) -> str:
    return f"```{language}\n{text.rstrip()}\n```"
