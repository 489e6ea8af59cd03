"""What can be written at a place, the likelier first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tnc.diagnostics import Source
from tnc.driver.imports import SUFFIX, standard_names
from tnc.editor.context import Context, Wants, context
from tnc.editor.desk import TESTS, Document
from tnc.editor.hover import documentation, signature
from tnc.editor.symbols import CALLED, Kind, Symbol
from tnc.editor.words import FUNCTION_GROUPS, Group, Word, option_of, words
from tnc.record import record
from tnc.syntax import tree
from tnc.syntax.run import OF_A_BODY, OF_A_FILE

_TEST = frozenset({"LET", "ASSERT"})
_EXPRESSION = frozenset({"if", "then", "else", "for", "in", "and", "or", "not", "mod"})


@record
class Suggestion:
    """A word to write from `start` on; `kind` is that of a symbol or a group of words."""

    text: str
    start: int
    kind: Kind | Group
    detail: str = ""
    doc: str = ""


def depends_on_files(document: Document, offset: int) -> bool:
    """Whether suggestions are names of another file, which may be imported only now."""
    at = context(Source(str(document.path), document.text), offset)
    return at.wants in {Wants.IMPORTED, Wants.MEMBER}


def completions(document: Document, offset: int) -> list[Suggestion]:
    """The suggestions at an offset of the text as it is, by what was known of it last."""
    at = context(Source(str(document.path), document.text), offset)
    found = {(each.text, each.kind): each for each in _suggested(at, document)}
    return list(found.values())


def _suggested(at: Context, document: Document) -> Iterator[Suggestion]:
    own = document.known(TESTS if at.inside[0] == TESTS else at.inside[1])
    values = [each for each in own if each.kind is not Kind.MODE]
    match at.wants:
        case Wants.STATEMENT:
            yield from _keywords(at)
        case Wants.MODULE:
            yield from _modules(at, document)
        case Wants.IMPORTED | Wants.MEMBER:
            yield from _symbols(_public(at, document), at)
        case Wants.MODE:
            yield from _symbols(_in_brackets(at, own), at)
        case Wants.STAGE:
            yield from _symbols((each for each in values if _is_layer(each)), at)
            yield from _words(at, Group.TENSOR_FUNCTION)
            yield from (_word(word, at) for word in words() if word.text == "repeat")
        case Wants.ARGUMENT:
            yield from _parameters(at, values)
            yield from _values(values, at)
        case Wants.OPTION:
            yield from (_word(word, at, ": ") for word in option_of(at.about))
        case Wants.CHOICE:
            yield from _choices(at)
            yield from _symbols(values, at)
        case Wants.TYPE:
            yield from _words(at, Group.TYPE)
        case Wants.VALUE:
            yield from _values(values, at)
        case Wants.NOTHING:
            pass


def _in_brackets(at: Context, own: Sequence[Symbol]) -> list[Symbol]:
    """Modes in those of a tensor, also of one that is being declared; numbers in those of a list;
    for a family both."""
    modes = [each for each in own if each.kind is Kind.MODE]
    numbers = [each for each in own if each.kind in {Kind.INDEX, Kind.PARAMETER, Kind.LET}]
    found = next((each for each in own if each.name == at.about and at.about), None)
    if found is None or (found.tensor and not found.family):
        return modes
    return [*numbers, *modes] if found.tensor else numbers


def _keywords(at: Context) -> Iterator[Suggestion]:
    known = OF_A_FILE | {"LET"}
    if at.body:
        known = _TEST if at.inside[0] == TESTS else OF_A_BODY - {"ASSERT"}
    for word in words():
        if word.group is Group.STATEMENT and word.text.upper() in known:
            yield _word(word, at)


def _values(values: Iterable[Symbol], at: Context) -> Iterator[Suggestion]:
    yield from _symbols(values, at)
    tests = at.inside[0] == TESTS
    yield from _words(at, *(FUNCTION_GROUPS - (set() if tests else {Group.QUESTION})))
    yield from (_word(word, at) for word in words() if word.text in _EXPRESSION)


def _parameters(at: Context, values: Sequence[Symbol]) -> Iterator[Suggestion]:
    named = next((each for each in values if each.name == at.about), None)
    layer = None if named is None else _called(named, values)
    for each in layer.parameters.values() if layer else ():
        text = f"{each.name}: "
        yield Suggestion(text, at.start, Kind.PARAMETER, signature(each), documentation(each))
    yield from (_word(word, at, ": ") for word in option_of(at.about))


def _choices(at: Context) -> Iterator[Suggestion]:
    groups = {"pad": Group.PAD, "border": Group.BORDER, "init": Group.INIT, "kind": Group.KIND}
    if at.about in groups:
        yield from _words(at, groups[at.about])
    if at.about == "flip":
        yield from _words(at, Group.CONSTANT)


def _modules(at: Context, document: Document) -> Iterator[Suggestion]:
    """The parts of paths that may follow what is written of one."""
    written = at.about
    if not written or "std".startswith(written) or written == "std.":
        for name in standard_names():
            text = name.removeprefix("std.") if written == "std." else name
            yield Suggestion(text, at.start, Kind.FILE, f"standard library: {name}")
    dots = len(written) - len(written.lstrip("."))
    folder = document.path.parent
    for _ in range(dots - 1):
        folder = folder.parent
    folder = folder.joinpath(*filter(None, written.strip(".").split(".")))
    if written != "std." and folder.is_dir():
        for path in sorted(folder.iterdir()):
            holds = path.is_dir() and any(path.glob(f"*{SUFFIX}"))
            if path.stem.isidentifier() and path != document.path:
                yield from [_file(path, at)] if holds or path.suffix == SUFFIX else []


def _file(path: Path, at: Context) -> Suggestion:
    return Suggestion(path.stem, at.start, Kind.FILE, path.name)


def _public(at: Context, document: Document) -> list[Symbol]:
    """What the file offers that is imported, or stands before the dot."""
    if document.state is None:
        return []
    indexer = document.desk.indexer
    module = document.state.module.imports.get(at.about)
    if at.wants is Wants.MEMBER:
        first, *rest = at.about.split(".")
        symbol = next((each for each in document.known("") if each.name == first), None)
        for name in rest:
            symbol = symbol and indexer.public(symbol, name)
        module = symbol.module if symbol else None
    elif module is None:
        module = document.imported(at.about)
    return [] if module is None else indexer.offered(module)


def _called(symbol: Symbol, values: Iterable[Symbol]) -> Symbol | None:
    """The layer behind a name; behind a parameter its default."""
    default = symbol.node.default if isinstance(symbol.node, tree.Param) else None
    while isinstance(default, tree.Call):
        default = default.function
    if isinstance(default, tree.Name):
        name = default.text
        symbol = next((each for each in values if each.name == name), symbol)
    return symbol.called


def _is_layer(symbol: Symbol) -> bool:
    layers = symbol.kind in CALLED or symbol.called is not None
    return layers or symbol.kind is Kind.FILE or symbol.generic


def _symbols(symbols: Iterable[Symbol], at: Context) -> Iterator[Suggestion]:
    for each in symbols:
        yield Suggestion(each.name, at.start, each.kind, signature(each), documentation(each))


def _words(at: Context, *groups: Group) -> Iterator[Suggestion]:
    yield from (_word(word, at) for word in words() if word.group in groups)


def _word(word: Word, at: Context, after: str = "") -> Suggestion:
    return Suggestion(word.text + after, at.start, word.group, word.group.value, word.doc)
