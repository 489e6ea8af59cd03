"""Renaming: every place at once, and only where all names mean afterwards what they did before."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from tnc.diagnostics import Edit, Source
from tnc.driver.fix import applied
from tnc.driver.imports import FOLDER
from tnc.driver.live import Live
from tnc.editor.desk import Desk, Document
from tnc.editor.symbols import Index, Kind, Occurrence, Symbol
from tnc.syntax.grammar import KEYWORDS, pattern


class Refused(Exception):
    """Why something cannot be renamed."""


def renamable(document: Document, offset: int) -> Occurrence:
    """The name at an offset, if it can be renamed at all. Errors: Refused."""
    found = document.indexed().at(offset)
    if found is None:
        raise Refused("this is no name of the program")
    if found.symbol.kind is Kind.FILE and not _is_alias(found.symbol):
        raise Refused(f"`{found.symbol.name}` is a file: it is called as the file is")
    if FOLDER in document.desk.place(found.symbol.span).parents:
        raise Refused(f"`{found.symbol.name}` belongs to the standard library")
    return found


def rename(document: Document, offset: int, new: str) -> list[Edit]:
    """The edits, of any files, that give the name at an offset another one. Errors: Refused."""
    symbol = renamable(document, offset).symbol
    _check_name(symbol, new)
    desk = document.desk
    edits: dict[Path, list[Edit]] = {}
    for each in desk.references(symbol, document):
        if not each.certain:
            place = f"{desk.place(each.span).name}:{each.span.line}"
            raise Refused(
                f"`{symbol.name}` is given in {place} to a layer that is a parameter, "
                "which may be another layer"
            )
        edits.setdefault(desk.place(each.span), []).append(Edit(each.span, new))
    texts = {path: applied(some[0].span.source, some) for path, some in edits.items()}
    for path in edits:
        _verify(path, desk, texts, symbol, new)
    return [each for some in edits.values() for each in some]


def _is_alias(symbol: Symbol) -> bool:
    alias = getattr(symbol.node, "alias", None)
    return alias is not None and alias.text == symbol.name


def _check_name(symbol: Symbol, new: str) -> None:
    if not re.fullmatch(pattern("NAME"), new):
        raise Refused(f"`{new}` is no name")
    if new in KEYWORDS:
        raise Refused(f"`{new}` is a keyword")
    if new.endswith("'") and symbol.kind is not Kind.MODE:
        raise Refused("only modes have primes")


def _verify(path: Path, desk: Desk, texts: Mapping[Path, str], symbol: Symbol, new: str) -> None:
    """Refuse what would clash: every name must be one of the same symbol as before, and nothing may
    be wrong that was not."""

    def read(place: Path) -> Source:
        known = texts.get(place.resolve())
        return desk.read(place) if known is None else Source(str(place), known)

    before = desk.read(path)
    states = [
        Live(desk.read).check(Source(str(path), before.text)),
        Live(read).check(Source(str(path), texts[path])),
    ]
    one, other = (desk.indexer.of(state) for state in states)
    wanted = desk.key(symbol)
    if _structure(one, lambda each: new if desk.key(each) == wanted else each.name) != _structure(
        other, lambda each: each.name
    ):
        raise Refused(f"`{new}` has a meaning already in {path.name}")
    errors = [[d for d in state.diagnostics if d.severity == "error"] for state in states]
    if len(errors[1]) > len(errors[0]):
        known = {each.message for each in errors[0]}
        fresh = next((each for each in errors[1] if each.message not in known), errors[1][0])
        raise Refused(f"{path.name}: {fresh.message}")


def _structure(index: Index, name: Callable[[Symbol], str]) -> list[object]:
    """Which names of a file are the same symbol: of each the number of the first of these, of those
    from elsewhere the name."""
    first: dict[tuple[Source, int, str], int] = {}
    found: list[object] = []
    for k, each in enumerate(index.occurrences):
        symbol = each.symbol
        if symbol.span.source is index.source:
            found.append(first.setdefault(symbol.place, k))
        else:
            found.append(name(symbol))
    return found
