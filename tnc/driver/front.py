"""From text to diagnostics: what `check` does. Imports no torch and no networkx."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tnc.diagnostics import Diagnostic, Report, Source
from tnc.elaborate import check as check_file
from tnc.syntax import tree
from tnc.syntax.parse import parse

ENCODING = "utf-8"


@dataclass(frozen=True, slots=True)
class Unit:
    """One `.tnn` text, parsed; `said` is what the parser reported."""

    source: Source
    file: tree.File
    said: tuple[Diagnostic, ...]


def read(path: str | Path) -> Source:
    """The text of a file, shown under the path as given.

    Errors: OSError as the system says it; UnicodeDecodeError names the offending byte.
    """
    return Source(str(path), Path(path).read_bytes().decode(ENCODING))


def parsed(source: Source) -> Unit:
    """Parse; the tree may be partial, `said` tells."""
    report = Report()
    file = parse(source, report)
    return Unit(source, file, report.diagnostics)


def check(source: Source) -> tuple[Diagnostic, ...]:
    """Every static diagnostic of every layer, in order of position."""
    unit = parsed(source)
    report = Report()
    report.add(*unit.said)
    check_file(unit.file, source, report)
    return report.diagnostics
