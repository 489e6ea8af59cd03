"""The outline of a text, and the sizes that are shown beside its modes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tnc.diagnostics import Span
from tnc.driver.live import State
from tnc.editor.desk import Document
from tnc.editor.hover import signature
from tnc.editor.symbols import Kind, Symbol
from tnc.elaborate.facts import Facts, told
from tnc.elaborate.values import undecided
from tnc.record import record
from tnc.syntax import tree


@record
class Entry:
    """Something that the text declares: `span` is all of it, `name_span` its name."""

    name: str
    kind: Kind | None
    detail: str
    span: Span
    name_span: Span
    inside: Sequence[Entry] = ()


@record
class Hint:
    """A text that is shown at an offset, as if it were written there."""

    offset: int
    text: str
    doc: str


_SHOWN = frozenset(Kind) - {Kind.INDEX, Kind.FILE, Kind.ALIAS}


def outline(document: Document) -> list[Entry]:
    """The layers, externs, tests and lets of a text with what these declare."""
    index, state = document.indexed(), document.read()
    found = []
    for item in state.file.items:
        inside = [
            _entry(each.symbol, state, Span(state.source, each.span.start, each.span.end))
            for each in index.occurrences
            if each.declares and each.symbol.item is item and each.symbol.kind in _SHOWN
        ]
        span = state.placed(item.span)
        if isinstance(item, tree.Layer | tree.Extern):
            name = state.placed(item.name.span)
            symbol = index.public[item.name.text]
            found.append(Entry(symbol.name, symbol.kind, _detail(symbol), span, name, inside))
        elif isinstance(item, tree.Test):
            title = state.placed(item.title.span)
            found.append(Entry(item.title.value or "test", None, "test", span, title, inside))
        elif isinstance(item, tree.Let):
            names = [state.placed(each.name.span) for each in item.targets]
            found += [Entry(each.text, Kind.LET, "", span, each) for each in names]
    return found


def _entry(symbol: Symbol, state: State, name: Span) -> Entry:
    span = state.placed(symbol.node.span)
    whole = span if span.start <= name.start <= name.end <= span.end else name
    return Entry(symbol.name, symbol.kind, _detail(symbol), whole, name)


def _detail(symbol: Symbol) -> str:
    text = signature(symbol).removesuffix("  # parameter")
    return text if len(text) <= 80 else f"{text[:77]}…"


def hints(document: Document) -> Iterator[Hint]:
    """The size of each mode where it is declared, unless it says no more than the text does."""
    state = document.read()
    for checked in state.checked:
        if checked.elaboration is None or not isinstance(checked.item, tree.Layer):
            continue
        facts = Facts(checked.elaboration)
        for statement in checked.item.body:
            match statement:
                case tree.Mode(declarations=modes):
                    for mode in modes:
                        if mode.size is not None:
                            yield from _size(mode.name, mode.size, facts, state)
                case tree.Conv(relations=relations):
                    for each in relations:
                        if not each.result.indices:
                            yield from _size(each.result.name, None, facts, state)
                case _:
                    pass


def _size(name: tree.Name, written: tree.Expr | None, facts: Facts, state: State) -> Iterator[Hint]:
    sizes = [size for _, size in facts.sizes(name.text)]
    known = [told(size) for size in sizes if size is not None and not undecided(size)]
    if not known or len(known) < len(sizes):
        return
    text = known[0] if len(known) == 1 else f"[{', '.join(known)}]"
    said = " ".join(written.span.text.split()) if written else ""
    if said in {text, text.removeprefix("(").removesuffix(")")} or len(text) > 60:
        return
    end = state.placed(written.span if written else name.span).end
    yield Hint(end, f" = {text}" if written else f": {text}", f"the size of `{name.text}`")
