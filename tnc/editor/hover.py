"""What is told about the name, the keyword or the `=` under the pointer, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from tnc.diagnostics import Report, Source, Span
from tnc.driver.live import State
from tnc.editor.desk import Document
from tnc.editor.symbols import CALLED, Kind, Symbol
from tnc.editor.words import named
from tnc.elaborate.facts import Facts, told
from tnc.elaborate.types import type_text
from tnc.ir.size import Size
from tnc.syntax import tree
from tnc.syntax.lexing import lex
from tnc.syntax.token import Token

_STATEMENTS = tree.Let | tree.Output


def hover(document: Document, offset: int) -> tuple[str, Span] | None:
    """The text and the stretch that it is about; None where there is nothing to say."""
    index = document.indexed()
    state = document.read()
    found = index.at(offset)
    if found is not None:
        return "\n\n".join(described(found.symbol, state)), found.span
    token = token_at(state.source, offset)
    words = named(token) if token is not None else ()
    if token is None or not words:
        return None
    lines = [f"**{word.text}** ({word.group.value}): {word.doc}" for word in words]
    return "\n\n".join(lines), Span(state.source, token.start, token.end)


def equation_at(document: Document, offset: int) -> tuple[tree.Layer, Span] | None:
    """The layer and the equation whose `=` is at an offset."""
    state = document.read()
    token = token_at(state.source, offset)
    checked = state.item_at(offset)
    if token is None or token != "=" or checked is None or not isinstance(checked.item, tree.Layer):
        return None
    for statement in checked.item.body:
        span = state.placed(statement.span)
        if isinstance(statement, _STATEMENTS) and span.start <= offset <= span.end:
            value = state.placed(statement.value.span)
            return (checked.item, span) if token.start < value.start else None
    return None


def token_at(source: Source, offset: int) -> Token | None:
    """The token at an offset; of two that meet there the one that is a word, else the second."""
    tokens = [t for t in lex(source, Report()).tokens if t.start <= offset <= t.end and t]
    return min(tokens, key=lambda each: (not each[0].isalpha(), -each.start), default=None)


def described(symbol: Symbol, state: State) -> Iterator[str]:
    """Paragraphs about a symbol, the first of them as it is declared."""
    yield f"```tnn\n{signature(symbol)}\n```"
    facts = facts_about(symbol, state)
    match symbol.kind:
        case Kind.MODE if facts is not None:
            yield from _mode(symbol, facts)
        case Kind.INPUT | Kind.WEIGHT | Kind.BUFFER | Kind.OUTPUT | Kind.LET if facts is not None:
            yield from _tensor(symbol, facts)
        case Kind.ALIAS if symbol.target is not None:
            yield from described(symbol.target, state)
        case _:
            pass
    if doc := documentation(symbol):
        yield doc


def signature(symbol: Symbol) -> str:
    """How a symbol is declared, in a line."""
    node, name = symbol.node, symbol.name
    match symbol.kind, node:
        case Kind.LAYER | Kind.EXTERN, tree.Layer() | tree.Extern():
            parameters = ", ".join(_written(each) for each in node.params or ())
            return f"{symbol.kind.value} {name}({parameters})"
        case Kind.PARAMETER, tree.Param():
            return f"{_written(node)}  # parameter"
        case Kind.MODE, tree.ModeDecl():
            return f"mode {_line(node.span)}"
        case Kind.MODE, tree.Relation():
            return f"conv {_line(node.span)}"
        case Kind.INPUT | Kind.WEIGHT | Kind.BUFFER, tree.TensorDecl():
            return f"{symbol.kind.value} {_line(node.span)}"
        case Kind.FILE, _:
            return f"import {name}"
        case Kind.ALIAS, tree.ImportName():
            return f"import {_line(node.span)}"
        case Kind.INDEX, _:
            return f"{_line(node.span)}  # index"
        case Kind.MODE, _:
            return f"mode {name}"
        case _:
            return _line(node.span)


def documentation(symbol: Symbol) -> str:
    """The doc comment of a symbol."""
    doc = getattr(symbol.node, "doc", None)
    parts = [doc] if doc else []
    if symbol.kind in CALLED:
        for name, each in symbol.parameters.items():
            if text := getattr(each.node, "doc", None):
                parts.append(f"- `{name}`: {text}")
    if symbol.kind is Kind.LET and symbol.target is not None and not doc:
        parts.append(documentation(symbol.target))
    return "\n\n".join(filter(None, parts))


def facts_about(symbol: Symbol, state: State) -> Facts | None:
    """What the layer in which a symbol is known can tell of it."""
    for checked in state.checked:
        if checked.item is symbol.item and checked.elaboration is not None:
            return Facts(checked.elaboration)
    return None


def _mode(symbol: Symbol, facts: Facts) -> Iterator[str]:
    sizes = facts.sizes(symbol.name)
    if len(sizes) == 1:
        yield _size(sizes[0][1])
    elif sizes:
        yield "  \n".join(f"`{name}`: {_size(size)}" for name, size in sizes[:6])
    roles = list(facts.roles(symbol.name))
    if roles:
        yield "  \n".join(f"`{role.target}`: {role.text}" for role in roles)


def _size(size: Size | None) -> str:
    return "size known at run time" if size is None else f"size `{told(size)}`"


def _tensor(symbol: Symbol, facts: Facts) -> Iterator[str]:
    tensors = facts.tensors(symbol.name)
    lines = []
    for name, tensor in tensors[:6]:
        modes = ", ".join(" ".join(map(str, axis)) for axis in tensor.axes)
        head = f"`{name}[{modes}]`" if not tensor.positional else f"`{name}`, by position"
        lines.append(f"{head}: {facts.axes(tensor)}, in all `{facts.elements(tensor)}` elements")
    if lines:
        yield "  \n".join(lines)
    elif symbol.kind is Kind.LET and (value := facts.value(symbol.name)) is not None:
        yield f"= `{value}`"


def _written(param: tree.Param) -> str:
    type = f": {type_text(param.type)}" if param.type else ""
    default = f" = {_line(param.default.span)}" if param.default else ""
    return f"{param.name.text}{type}{default}"


def _line(span: Span) -> str:
    return " ".join(span.text.split())
