"""Showing diagnostics to programs, and the table of all formats: `check` starts without it."""

import json
from collections.abc import Callable, Iterable, Sequence

from tnc.diagnostics.diagnostic import Diagnostic
from tnc.diagnostics.render import FORMATS, human, short
from tnc.diagnostics.sarif import sarif


def as_json(diagnostics: Sequence[Diagnostic]) -> str:
    """A JSON list with one object for each diagnostic (`DiagnosticRecord`)."""
    records = [each.to_json() for each in diagnostics]
    return json.dumps(records, indent=2, ensure_ascii=False)


def github(diagnostics: Sequence[Diagnostic]) -> str:
    """Workflow commands by which GitHub Actions annotates the lines of a change."""
    return "\n".join(_github_line(each) for each in diagnostics)


RENDERINGS: dict[str, Callable[[Sequence[Diagnostic]], str]] = dict(
    zip(FORMATS, (human, short, as_json, sarif, github), strict=True)
)
"""What each format makes of diagnostics."""


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
