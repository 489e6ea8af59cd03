"""Showing diagnostics to people and to programs."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence

from tnc.diagnostics import picture
from tnc.diagnostics.diagnostic import Diagnostic, Label
from tnc.diagnostics.sarif import sarif
from tnc.diagnostics.span import Source

SHOWN_AT_MOST = 20

_RESET = "\033[0m"
_BOLD = "\033[1m"
_COLOURS = {"error": "\033[1;31m", "warning": "\033[1;33m", picture.GUTTER: "\033[1;34m"}


def human(diagnostics: Sequence[Diagnostic], colour: bool = False) -> str:
    """Each message with the lines it is about, at most twenty. No newline at the end."""
    parts = ["\n".join(_lines(each, colour)) for each in diagnostics[:SHOWN_AT_MOST]]
    hidden = len(diagnostics) - SHOWN_AT_MOST
    if hidden > 0:
        parts.append(f"… and {hidden} more")
    return "\n\n".join(parts)


def short(diagnostics: Sequence[Diagnostic]) -> str:
    """One line each: `file:line:column: error[E0203]: message`."""
    return "\n".join(_short_line(each) for each in diagnostics)


def as_json(diagnostics: Sequence[Diagnostic]) -> str:
    """A JSON list with one object for each diagnostic (`DiagnosticRecord`)."""
    records = [each.to_json() for each in diagnostics]
    return json.dumps(records, indent=2, ensure_ascii=False)


def github(diagnostics: Sequence[Diagnostic]) -> str:
    """Workflow commands by which GitHub Actions annotates the lines of a change."""
    return "\n".join(_github_line(each) for each in diagnostics)


FORMATS: dict[str, Callable[[Sequence[Diagnostic]], str]] = {
    "human": human,
    "short": short,
    "json": as_json,
    "sarif": sarif,
    "github": github,
}
"""The values of `--format`."""


def _lines(diagnostic: Diagnostic, colour: bool) -> Iterator[str]:
    severity = diagnostic.severity
    head = f"{severity}[{diagnostic.code}]"
    yield (
        f"{_COLOURS[severity]}{head}{_RESET}{_BOLD}: {diagnostic.message}{_RESET}"
        if colour
        else f"{head}: {diagnostic.message}"
    )
    gutter = max(len(str(label.span.line)) for label in diagnostic.labels)
    for row in _rows(diagnostic, gutter):
        text = "".join(_paint(piece, style, severity, colour) for piece, style in row)
        yield text.rstrip()


def _rows(diagnostic: Diagnostic, gutter: int) -> Iterator[picture.Row]:
    by_source: dict[Source, list[Label]] = {}
    for label in diagnostic.labels:
        by_source.setdefault(label.span.source, []).append(label)
    for order, (source, labels) in enumerate(by_source.items()):
        arrow, span = ("-->" if order == 0 else ":::"), labels[0].span
        yield (
            (" " * gutter + arrow, picture.GUTTER),
            (f" {source.name}:{span.line}:{span.column}", ""),
        )
        if source.text:
            yield picture.empty(gutter)
            yield from picture.draw(source, labels, gutter)
    remarks = [*_remarks(diagnostic)]
    if remarks:
        yield picture.empty(gutter)
    for kind, text in remarks:
        indented = text.replace("\n", "\n" + " " * (gutter + len(f" = {kind}: ")))
        yield ((" " * (gutter + 1) + "=", picture.GUTTER), (f" {kind}: {indented}", ""))


def _remarks(diagnostic: Diagnostic) -> Iterator[tuple[str, str]]:
    for label in diagnostic.labels:
        if label.text and not label.span.source.text:
            yield "note", label.text
    for note in diagnostic.notes:
        yield "note", note
    for help in diagnostic.help:
        yield "help", help.message


def _paint(text: str, style: str, severity: str, colour: bool) -> str:
    if not colour or not style:
        return text
    name = severity if style == picture.PRIMARY else picture.GUTTER
    return f"{_COLOURS[name]}{text}{_RESET}"


def _short_line(diagnostic: Diagnostic) -> str:
    span = diagnostic.span
    place = f"{span.file}:{span.line}:{span.column}"
    return f"{place}: {diagnostic.severity}[{diagnostic.code}]: {diagnostic.message}"


def _github_line(diagnostic: Diagnostic) -> str:
    span = diagnostic.span
    place: dict[str, object] = {"file": span.file, "line": span.line, "endLine": span.end_line}
    # GitHub refuses columns where the annotation spans several lines.
    if span.end_line == span.line:
        place |= {"col": span.column, "endColumn": span.end_column}
    place["title"] = diagnostic.code
    properties = ",".join(f"{key}={_property(str(value))}" for key, value in place.items())
    told = _escaped("\n".join(_told(diagnostic)))
    return f"::{diagnostic.severity} {properties}::{told}"


def _told(diagnostic: Diagnostic) -> Iterable[str]:
    yield diagnostic.message
    yield from (label.text for label in diagnostic.labels if label.text)
    yield from (f"note: {note}" for note in diagnostic.notes)
    yield from (f"help: {help.message}" for help in diagnostic.help)


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
