"""Where the modules of `tnc compile` go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from tnc.cli import sources
from tnc.cli.exits import unwritable, usage

STDOUT = "-"
GENERATED = b"generated: edit the .tnn"
"""Stands, in whatever case, at the head of every generated module."""


def places(files: Sequence[str], output: str | None) -> list[Path | None]:
    """Where each file's module goes; None is stdout."""
    folder = output is not None and (output.endswith("/") or Path(output).is_dir())
    if len(files) > 1 and not folder:
        raise usage("several files give several modules: name a folder for them with `-o`")
    if output == STDOUT or (output is None and files[0] == sources.STDIN):
        return [None]
    if not folder:
        found = [Path(output) if output else Path(files[0]).parent / _module(files[0])]
    else:
        found = [Path(output or "") / _module(file) for file in files]
    if len(set(found)) < len(found):
        raise usage("two of the files have the same name, so that both give the same module")
    for place in found:
        if place.exists() and any(_same(place, file) for file in files):
            raise usage(f"`{place}` is what is read: it cannot be written as well")
    return [*found]


def _module(file: str) -> str:
    if file == sources.STDIN:
        raise usage("stdin has no name for a module: name the file with `-o`")
    return f"{sources.module_name(file)}.py"


def _same(place: Path, file: str) -> bool:
    return file != sources.STDIN and Path(file).exists() and place.samefile(file)


def spare(places: Iterable[Path | None]) -> None:
    """Stop where a file that nobody named would be replaced, unless it is a generated module."""
    for place in places:
        if place is not None and place.is_file():
            with place.open("rb") as file:
                head = file.read(4096)
            if head.strip() and GENERATED not in head.lower():
                why = f"it is there and was not generated; `-o {place}` replaces it"
                raise unwritable(str(place), why)
