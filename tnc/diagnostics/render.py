"""Showing diagnostics to people."""

from collections.abc import Iterator, Sequence

from tnc.diagnostics import picture
from tnc.diagnostics.diagnostic import Diagnostic, Label
from tnc.diagnostics.span import Source

FORMATS = ("human", "short", "json", "sarif", "github")
"""The values of `--format`; `formats` holds what they do."""

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
