"""Finds, reads and parses the files that a file imports."""

from __future__ import annotations

import os  # `os.path` says no of what is in a folder that may not be entered, `Path` raises
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

from tnc.diagnostics import Report, Source, Span, did_you_mean
from tnc.syntax import tree
from tnc.syntax.module import Module, written
from tnc.syntax.parse import parse

ENCODING = "utf-8"
SUFFIX = ".tnn"
STANDARD = "std"
FOLDER = Path(__file__).parent.parent / STANDARD
"""The standard library lies in the package."""

PATH = "TNC_PATH"
"""The environment variable with further folders in which absolute imports are looked up."""


def read(path: str | Path) -> Source:
    """The text of a file, shown under the path as given; where there is none, that of a module of
    the standard library (`std.nets`).

    Errors: OSError as the system says it; UnicodeDecodeError names the offending byte.
    """
    place = standard_place(str(path)) or path
    return Source(str(place), Path(place).read_bytes().decode(ENCODING))


def standard_place(name: str) -> Path | None:
    """Where `std.nn` lies; None where there is no such module, or a file has this very name."""
    first, _, last = name.partition(".")
    if first != STANDARD or not last.isidentifier() or Path(name).exists():
        return None
    place = FOLDER / f"{last}{SUFFIX}"
    return place if place.is_file() else None


@cache
def standard(name: str) -> Module | None:
    """A module of the standard library, `std.nn`; None where there is none of this name."""
    path = FOLDER / f"{name.removeprefix(STANDARD + '.')}{SUFFIX}"
    if not path.is_file():
        return None
    source = Source(f"{STANDARD}/{path.name}", path.read_text(encoding=ENCODING))
    return Loader(Report()).module(name, source, FOLDER, source.everything())


def is_standard(source: Source) -> bool:
    """Whether a text is a module of the standard library, and no file that is called like one."""
    folder, _, file = source.name.partition("/")
    module = standard(f"{STANDARD}.{file.removesuffix(SUFFIX)}") if folder == STANDARD else None
    return module is not None and module.source is source


def standard_names() -> list[str]:
    """The modules of the standard library: `std.convolution`, …"""
    return sorted(f"{STANDARD}.{path.stem}" for path in FOLDER.glob(f"*{SUFFIX}"))


class Loader:
    """Loads one file with all that it imports, each file once. What is wrong with the file itself
    goes to `report`, and so do errors of the others. `texts` reads files."""

    def __init__(self, report: Report, texts: Callable[[Path], Source] = read) -> None:
        self.report = report
        self.looked: dict[Path, None] = {}
        """Where files of imports were looked for, in this order; some may not be there."""
        self._texts = texts
        self._root = Path()
        self._made: dict[str, Module | None] = {}
        self._open: list[tuple[str, str]] = []

    def main(self, source: Source) -> Module:
        """The file that is compiled; a text without a place imports from the current folder."""
        return self.module("", source, self.enter(source), source.everything())

    def enter(self, source: Source) -> Path:
        """The folder of the file that is compiled, where absolute imports are looked up."""
        path = Path(source.name)
        self._root = path.parent if path.is_file() else Path()
        return self._root

    def module(self, name: str, source: Source, folder: Path, span: Span) -> Module:
        """The module of a text that lies in `folder`."""
        said = Report()
        file = parse(source, said)
        self.report.add(*(d for d in said.diagnostics if not name or d.severity == "error"))
        return Module(name, source, file, self.imports(file, source, folder))

    def imports(self, file: tree.File, source: Source, folder: Path) -> dict[str, Module]:
        """What a file in `folder` imports, by the path as written."""
        self._open.append((_key(folder / Path(source.name).name), source.name))
        imports = {}
        for path in _paths(file):
            found = self._imported(path, folder)
            if found is not None:
                imports[written(path)] = found
        self._open.pop()
        return imports

    def _imported(self, path: tree.ModulePath, folder: Path) -> Module | None:
        name = written(path)
        if not path.dots and path.names[0].text == STANDARD and (found := standard(name)):
            return found
        places = [place.with_suffix(SUFFIX) for place in self._places(path, folder)]
        place = next((each for each in places if os.path.isfile(each)), None)  # noqa: PTH113
        self.looked |= dict.fromkeys(places)
        if place is None:
            self._missing(path, places)
            return None
        place, key = Path(os.path.normpath(place)), _key(place)
        if any(key == opened for opened, _ in self._open):
            self._report_cycle(path, key)
            return None
        if key not in self._made:
            self._made[key] = self._read(name, place, path.span)
        return self._made[key]

    def _read(self, name: str, place: Path, span: Span) -> Module | None:
        try:
            source = self._texts(place)
        except UnicodeDecodeError:
            reason = "it is not UTF-8"
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
        else:
            return self.module(name, source, place.parent, span)
        self.report.error("E0107", f"`{name}` cannot be read: {reason}", span, str(place))
        return None

    # ------------------------------------------------------------ places
    def _places(self, path: tree.ModulePath, folder: Path) -> Iterator[Path]:
        inner = Path(*(name.text for name in path.names))
        if path.dots:
            for _ in range(path.dots - 1):
                folder = folder / ".."
            yield folder / inner
            return
        if path.names[0].text == STANDARD:
            yield FOLDER.parent / inner
            return
        yield self._root / inner
        for entry in filter(None, os.environ.get(PATH, "").split(os.pathsep)):
            yield Path(entry) / inner

    def _missing(self, path: tree.ModulePath, places: Sequence[Path]) -> None:
        own = path.names[0].text == STANDARD and not path.dots
        known = standard_names() if own else _beside(places)
        wrong = path.span if own else path.names[-1].span
        self.report.error(
            "E0107",
            f"module `{written(path)}` is not found",
            path.span,
            "no such file",
            notes=(
                (f"modules: {', '.join(f'`{each}`' for each in known)}",)
                if own
                else tuple(f"tried {place}" for place in places)
            ),
            help=did_you_mean(wrong, known),
        )

    def _report_cycle(self, path: tree.ModulePath, key: str) -> None:
        start = next(k for k, (opened, _) in enumerate(self._open) if opened == key)
        names = [name for _, name in self._open[start:]]
        self.report.error(
            "E0108",
            "files import each other in a circle",
            path.span,
            f"`{names[0]}` is being imported",
            notes=(" imports ".join(f"`{name}`" for name in [*names, names[0]]),),
        )


def _key(place: Path) -> str:
    """One text for each file, by whatever way it is reached."""
    return os.path.realpath(place)


def _paths(file: tree.File) -> Iterator[tree.ModulePath]:
    for item in file.items:
        if isinstance(item, tree.Import | tree.FromImport) and item.path.names:
            yield item.path


def _beside(places: Sequence[Path]) -> list[str]:
    folders = [each.parent for each in places if os.path.isdir(each.parent)]  # noqa: PTH112
    return sorted({file.stem for folder in folders for file in folder.glob(f"*{SUFFIX}")})
