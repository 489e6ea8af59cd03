"""From text to diagnostics: what `check` does. Imports no torch and no networkx."""

from __future__ import annotations

from pathlib import Path

from tnc.diagnostics import Diagnostic, Report, Source
from tnc.driver.imports import ENCODING, Loader, read, standard, standard_names, standard_place
from tnc.elaborate import check as check_file
from tnc.record import record
from tnc.syntax import tree
from tnc.syntax.module import Module

__all__ = [
    "ENCODING", "Checked", "Unit", "check", "checked", "opened", "parsed", "read", "standard_names",
]  # fmt: skip


@record
class Unit:
    """One `.tnn` text with all that it imports; `said` is what parsing reported."""

    module: Module
    said: tuple[Diagnostic, ...]

    @property
    def source(self) -> Source:
        return self.module.source

    @property
    def file(self) -> tree.File:
        return self.module.file


def parsed(source: Source) -> Unit:
    """Parse a text and what it imports; the tree may be partial, `said` tells."""
    report = Report()
    module = Loader(report).main(source)
    return Unit(module, report.diagnostics)


def opened(path: str) -> Unit:
    """The file at `path` with all that it imports, or a module of the standard library; errors as
    `read` has them."""
    module = standard(path) if standard_place(path) else None
    return parsed(read(path)) if module is None else Unit(module, ())


def check(source: Source) -> tuple[Diagnostic, ...]:
    """Every static diagnostic of every layer, in order of position."""
    return checked(source).said


@record
class Checked:
    """What a check says of a text, and the files that it may change with: those that are imported,
    and those that are looked for in vain."""

    said: tuple[Diagnostic, ...]
    files: tuple[Path, ...]


def checked(source: Source) -> Checked:
    """As `check`, for those who want to check again when something changes."""
    report = Report()
    loader = Loader(report)
    check_file(loader.main(source), report)
    return Checked(report.diagnostics, tuple(loader.looked))
