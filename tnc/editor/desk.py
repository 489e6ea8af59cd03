"""The texts that are open in an editor, and the files around them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tnc.diagnostics import Report, Source, Span
from tnc.driver.imports import FOLDER, SUFFIX, Loader, is_standard, read
from tnc.driver.live import Live, State
from tnc.editor.index import Indexer
from tnc.editor.symbols import Index, Kind, Occurrence, Symbol
from tnc.syntax import tree
from tnc.syntax.module import Module
from tnc.syntax.parse import parse

SYNTAX = "E00"
"""Codes of what does not parse begin so."""

TOOLS = frozenset({"build", "dist", "node_modules", "venv"})
"""Folders in which nobody writes."""

TESTS = "test"
"""Names of tests are remembered together, under a word that no layer can be called by."""


@dataclass(slots=True, eq=False)
class Document:
    """A text that is being written: `text` as it is, `state` as it was last read; `stale`: what it
    imports may have changed since."""

    path: Path
    text: str
    desk: Desk
    state: State | None = None
    index: Index | None = None
    live: Live = field(init=False)
    stale: bool = False
    _remembered: dict[str, dict[str, Symbol]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.live = Live(self.desk.read)

    @property
    def current(self) -> bool:
        """Whether the text was read as it is."""
        same = self.state is not None and self.state.source.text == self.text
        return same and not self.stale

    def read(self, soon: bool = True) -> State:
        """The text as it is now."""
        if self.state is None or not self.current or not (soon or self.state.complete):
            self.stale = False
            self.state = self.live.check(Source(str(self.path), self.text), soon)
            self.index = None
        return self.state

    @property
    def read_once(self) -> bool:
        """Whether anything is known of its names."""
        return bool(self._remembered)

    def _remember(self, state: State, index: Index) -> None:
        """What is lost while a text is written is known from before."""
        complete = not any(each.code.startswith(SYNTAX) for each in state.diagnostics)
        known = {} if complete else dict(self._remembered)
        known[""] = known.get("", {}) | {each.name: each for each in index.public.values()}
        for item in state.file.items:
            name = item.name.text if isinstance(item, tree.Layer | tree.Extern) else TESTS
            own = {f"{each.kind.name} {each.name}": each for each in index.within(item)}
            lost = name == TESTS or (isinstance(item, tree.Layer) and item.incomplete)
            known[name] = known.get(name, {}) | own if lost else own
        self._remembered = known

    def known(self, item: str) -> list[Symbol]:
        """What can be named within the item of this name, its own names first, as far as it was
        read at last."""
        own = self._remembered.get(item, {}) if item else {}
        names = {each.name for each in own.values() if each.kind is not Kind.MODE}
        outer = (each for each in self._remembered.get("", {}).values() if each.name not in names)
        return [*own.values(), *outer]

    def imported(self, path: str) -> Module | None:
        """The file at a path as it is written in an import."""
        source = Source(str(self.path), f"import {path} as it")
        loader = Loader(Report(), self.desk.read)
        return loader.imports(parse(source, Report()), source, loader.enter(source)).get(path)

    def indexed(self) -> Index:
        """The index of the text as it is now."""
        state = self.read()
        if self.index is None:
            self.index = self.desk.indexer.of(state)
            self._remember(state, self.index)
        return self.index


@dataclass(slots=True, eq=False)
class Desk:
    """All open texts, and the folders of the workspace."""

    folders: list[Path] = field(default_factory=list)
    open: dict[Path, Document] = field(default_factory=dict)
    indexer: Indexer = field(default_factory=Indexer)

    def put(self, path: Path, text: str) -> Document:
        """Open a text, or write another one in its place."""
        known = self.open.get(path)
        if known is None:
            known = self.open[path] = Document(path, text, self)
        if known.text != text:
            known.text = text
            self.touch(known)
        return known

    def touch(self, *changed: Document) -> None:
        """Something in these texts has changed, or in files: others may import them."""
        for each in self.open.values():
            each.stale = each.stale or each not in changed

    def read(self, path: Path) -> Source:
        """A file as it is in the editor, else as it is saved."""
        known = self.open.get(path.resolve())
        return read(path) if known is None else Source(str(path), known.text)

    def place(self, span: Span) -> Path:
        """The file in which a span lies."""
        path = Path(span.source.name)
        return FOLDER / path.name if is_standard(span.source) else path.resolve()

    def key(self, symbol: Symbol) -> tuple[Path, int, str]:
        """Equal for what is one symbol, in whichever file it is mentioned."""
        return self.place(symbol.span), symbol.span.start, symbol.name

    def references(self, symbol: Symbol, document: Document) -> Iterator[Occurrence]:
        """Everywhere a symbol is written: in the text, in others that are open, in files of the
        workspace, and where it is declared."""
        wanted = self.key(symbol)
        own = symbol.item is not None and symbol.kind is not Kind.PARAMETER
        paths = [document.path] if own else [document.path, *self.files(), wanted[0]]
        for path in dict.fromkeys(paths):
            index = self.index_of(path)
            for each in index.occurrences if index else ():
                if each.symbol.name == symbol.name and self.key(each.symbol) == wanted:
                    yield each

    def index_of(self, path: Path) -> Index | None:
        """The index of a file; None where it cannot be read."""
        known = self.open.get(path)
        if known is None:
            try:
                source = self.read(path)
            except (OSError, UnicodeDecodeError):
                return None
            known = Document(path, source.text, self)
        return known.indexed()

    def files(self) -> list[Path]:
        """Every `.tnn` file of the workspace, hidden folders left out, and all that are open."""
        found = [path for folder in self.folders for path in _below(folder)]
        return list(dict.fromkeys([*self.open, *found]))


def _below(folder: Path) -> Iterator[Path]:
    """The `.tnn` files below a folder, sorted; what tools have put there is not entered."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(each for each in folders if each[0] not in "._" and each not in TOOLS)
        for each in sorted(files):
            if each.endswith(SUFFIX):
                yield Path(place, each).resolve()
