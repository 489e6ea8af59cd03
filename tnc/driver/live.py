"""A text that is checked while it is written: what did not change is not done anew."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import is_
from pathlib import Path

from tnc.diagnostics import Diagnostic, Label, Report, Source, Span
from tnc.diagnostics.diagnostic import Edit, Help
from tnc.driver.imports import Loader, read
from tnc.elaborate import Checked, Checker
from tnc.record import record
from tnc.syntax import tree
from tnc.syntax.chunks import Chunk, parsed, starts, whole
from tnc.syntax.module import Module

Texts = Callable[[Path], Source]


@record(eq=False)
class State:
    """A text, read and checked. Nodes of its tree have spans in pieces of the text: `placed` says
    where that is. `complete`: nothing was left out for the sake of time."""

    source: Source
    module: Module
    checked: tuple[Checked, ...]
    diagnostics: tuple[Diagnostic, ...]
    complete: bool
    _starts: Mapping[Source, int]

    @property
    def file(self) -> tree.File:
        return self.module.file

    def placed(self, span: Span) -> Span:
        """The span in the whole text; one of another file as it is."""
        start = self._starts.get(span.source)
        return span if start is None else Span(self.source, span.start + start, span.end + start)

    def holds(self, diagnostic: Diagnostic) -> bool:
        """Whether all that it points at is still there."""
        sources = {label.span.source for label in diagnostic.labels}
        return all(each.name != self.source.name or each in self._starts for each in sources)

    def item_at(self, offset: int) -> Checked | None:
        """The item at an offset of the whole text, or the last before it."""
        starts = [self.placed(each.item.span).start for each in self.checked]
        at = bisect_right(starts, offset)
        return self.checked[at - 1] if at else None


@dataclass(slots=True)
class Chunks:
    """Reads texts in pieces; the pieces of the last text are remembered."""

    _known: dict[tuple[str, bool], Chunk] = field(default_factory=dict)

    def read(self, source: Source) -> list[tuple[int, Chunk]]:
        """The pieces in order, each with the offset at which it stands."""
        begins = [0, *starts(source)]
        ends = [*begins[1:], len(source.text)]
        read: list[tuple[int, Chunk]] = []
        for start, end in zip(begins, ends, strict=True):
            key = source.text[start:end], start == 0
            chunk = self._known.get(key) or parsed(source.name, *key)
            # A text that stands twice is two pieces: their nodes must differ.
            used = any(chunk is other for _, other in read)
            read.append((start, parsed(source.name, *key) if used else chunk))
        self._known = {(each.source.text, start == 0): each for start, each in read}
        return read


@dataclass(slots=True)
class Live:
    """Reads and checks one text again and again. `texts` reads the files that it imports."""

    texts: Texts = read
    _chunks: Chunks = field(default_factory=Chunks)
    _checker: Checker = field(default_factory=Checker)
    _shelf: Shelf | None = None

    def check(self, source: Source, soon: bool = False) -> State:
        """The text with every static diagnostic, in order of position; where it has to be `soon`,
        items that are not written anew keep those that they had."""
        chunks = self._chunks.read(source)
        file = whole(source, [chunk for _, chunk in chunks])
        report = Report()
        for _, chunk in chunks:
            report.add(*chunk.said)
        module = Module("", source, file, self._imports(file, source, report))
        checked = self._checker.check(module, report, soon)
        places = {chunk.source: start for start, chunk in chunks}
        state = State(source, module, checked, (), self._checker.complete, places)
        # What was left for another time may speak of pieces that are written otherwise now.
        present = (each for each in report.diagnostics if state.holds(each))
        said = sorted((placed(each, state) for each in present), key=_order)
        return replace(state, diagnostics=tuple(dict.fromkeys(said)))

    def _imports(self, file: tree.File, source: Source, report: Report) -> Mapping[str, Module]:
        items = [each for each in file.items if isinstance(each, tree.Import | tree.FromImport)]
        if self._shelf is None or not self._shelf.serves(items):
            self._shelf = _loaded(file, items, source, self.texts)
        report.add(*self._shelf.said)
        return self._shelf.imports


# ---------------------------------------------------------------- imported files


@record
class Shelf:
    """What a text imports, as long as its imports and the files stay as they are; None stands for
    a file that is not there any more."""

    items: tuple[tree.Item, ...]
    imports: Mapping[str, Module]
    said: tuple[Diagnostic, ...]
    files: Mapping[Path, str]
    texts: Texts

    def serves(self, items: Sequence[tree.Item]) -> bool:
        """Whether these imports still mean what they did."""
        same = len(items) == len(self.items) and all(map(is_, items, self.items))
        return same and not self.said and all(map(self._as_it_was, self.files))

    def _as_it_was(self, path: Path) -> bool:
        try:
            return self.texts(path).text == self.files[path]
        except (OSError, UnicodeDecodeError):
            return False


def _loaded(file: tree.File, items: Iterable[tree.Item], source: Source, texts: Texts) -> Shelf:
    report, files = Report(), dict[Path, str]()

    def noted(path: Path) -> Source:
        found = texts(path)
        files[path] = found.text
        return found

    loader = Loader(report, noted)
    imports = loader.imports(file, source, loader.enter(source))
    return Shelf(tuple(items), imports, report.diagnostics, files, texts)


# ---------------------------------------------------------------- places


def placed(diagnostic: Diagnostic, state: State) -> Diagnostic:
    """The diagnostic with its places in the whole text."""
    labels = (Label(state.placed(each.span), each.text, each.primary) for each in diagnostic.labels)
    help = (
        Help(each.message, tuple(Edit(state.placed(e.span), e.replacement) for e in each.edits))
        for each in diagnostic.help
    )
    return replace(diagnostic, labels=tuple(labels), help=tuple(help))


def _order(diagnostic: Diagnostic) -> tuple[str, int, int, str, str]:
    span = diagnostic.span
    return span.file, span.start, span.end, diagnostic.code, diagnostic.message
