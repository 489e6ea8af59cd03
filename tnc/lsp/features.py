"""What the server answers: one function for each request of the protocol."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from pathlib import Path
from typing import Protocol, TypeAlias, TypeVar

from lsprotocol import types
from pygls.capabilities import get_capability
from pygls.exceptions import JsonRpcException

from tnc.diagnostics import CompileError, Span
from tnc.driver.imports import SUFFIX
from tnc.driver.live import State
from tnc.editor.completion import completions, depends_on_files
from tnc.editor.costs import told
from tnc.editor.desk import Document
from tnc.editor.hover import equation_at, hover
from tnc.editor.outline import hints, outline
from tnc.editor.rename import Refused, renamable, rename
from tnc.editor.symbols import Occurrence
from tnc.elaborate import settable
from tnc.lsp.convert import explanation
from tnc.lsp.server import Absent, Server
from tnc.syntax import tree
from tnc.syntax.format import formatted

PATIENCE = 3.0
"""Seconds for which a hover waits for a plan."""

WATCHED = "workspace.did_change_watched_files"

server = Server()
feature = server.feature

_Params = TypeVar("_Params")
_Answer = TypeVar("_Answer")
_Handler: TypeAlias = Callable[[Server, _Params], Awaitable[_Answer]]


def about_a_text(handler: _Handler[_Params, _Answer]) -> _Handler[_Params, _Answer | None]:
    """Answers null where there is no such text."""

    @wraps(handler)
    async def answered(ls: Server, params: _Params) -> _Answer | None:
        try:
            return await handler(ls, params)
        except Absent:
            return None

    return answered


class _Place(Protocol):
    """Parameters that name a place in a text."""

    @property
    def text_document(self) -> types.TextDocumentIdentifier: ...

    @property
    def position(self) -> types.Position: ...


def _at(ls: Server, params: _Place) -> tuple[Document, int]:
    document = ls.document(params.text_document.uri)
    source = ls.converter.positions_of(document.text)
    return document, source.offset(params.position)


# ---------------------------------------------------------------- texts


@feature(types.INITIALIZED)
async def initialized(ls: Server, params: types.InitializedParams) -> None:
    ls.desk.folders = [ls.path(each.uri) for each in ls.workspace.folders.values()]
    if get_capability(ls.client_capabilities, f"{WATCHED}.dynamic_registration"):
        await ls.client_register_capability_async(
            types.RegistrationParams(
                [
                    types.Registration(
                        "files",
                        types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
                        types.DidChangeWatchedFilesRegistrationOptions(
                            [types.FileSystemWatcher(f"**/*{SUFFIX}")]
                        ),
                    )
                ]
            )
        )


@feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
def folders(ls: Server, params: types.DidChangeWorkspaceFoldersParams) -> None:
    ls.desk.folders = [ls.path(each.uri) for each in ls.workspace.folders.values()]


@feature(types.TEXT_DOCUMENT_DID_OPEN)
async def opened(ls: Server, params: types.DidOpenTextDocumentParams) -> None:
    ls.check(ls.document(params.text_document.uri))


@feature(types.TEXT_DOCUMENT_DID_CHANGE)
async def changed(ls: Server, params: types.DidChangeTextDocumentParams) -> None:
    ls.check(ls.document(params.text_document.uri))


@feature(types.TEXT_DOCUMENT_DID_SAVE)
async def saved(ls: Server, params: types.DidSaveTextDocumentParams) -> None:
    ls.desk.touch()
    ls.check(ls.document(params.text_document.uri))


@feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
async def files_changed(ls: Server, params: types.DidChangeWatchedFilesParams) -> None:
    ls.desk.touch()
    for document in list(ls.desk.open.values()):
        ls.check(document)


@feature(types.TEXT_DOCUMENT_DID_CLOSE)
def closed(ls: Server, params: types.DidCloseTextDocumentParams) -> None:
    ls.close(params.text_document.uri)


# ---------------------------------------------------------------- reading


@feature(types.TEXT_DOCUMENT_HOVER)
@about_a_text
async def hovered(ls: Server, params: types.HoverParams) -> types.Hover | None:
    document, offset = _at(ls, params)
    found, equation, explained = await ls.work(_known_at, document, offset)
    cost = await _cost(ls, document, *equation) if equation else ""
    whole = "\n\n---\n\n".join(filter(None, [found[0] if found else "", cost, *explained]))
    if not whole:
        return None
    content = types.MarkupContent(types.MarkupKind.Markdown, whole)
    span = found[1] if found else None
    place = None if span is None else ls.converter.positions(span.source).range(span)
    return types.Hover(content, place)


def _known_at(
    document: Document, offset: int
) -> tuple[tuple[str, Span] | None, tuple[State, tree.Layer, Span] | None, list[str]]:
    """What is told of an offset; the equation whose `=` is there; the pages of its mistakes."""
    state = document.read()
    equation = equation_at(document, offset)
    said = (each for each in state.diagnostics if each.span.start <= offset <= each.span.end)
    pages = [explanation(code) for code in dict.fromkeys(each.code for each in said)]
    return hover(document, offset), equation and (state, *equation), pages


async def _cost(ls: Server, document: Document, state: State, layer: tree.Layer, span: Span) -> str:
    """What an equation costs."""
    name, path = layer.name.text, document.path
    plan = await ls.plan(lambda: ls.costs.plan(state.module, name, path), PATIENCE)
    if plan is None:
        return "the plan is being made: ask again in a moment"
    return told(plan, span, settable(state.file, name)[0])


@feature(types.TEXT_DOCUMENT_DEFINITION)
@about_a_text
async def definition(ls: Server, params: types.DefinitionParams) -> types.Location | None:
    document, offset = _at(ls, params)
    found = await ls.work(_occurrence, document, offset)
    if found is None:
        return None
    symbol = found.symbol
    if symbol.module is not None:
        return ls.converter.location(Span(symbol.module.source, 0, 0))
    if found.declares and symbol.target is not None:  # from an alias on to what it stands for
        symbol = symbol.target
    return ls.converter.location(symbol.span)


def _occurrence(document: Document, offset: int) -> Occurrence | None:
    return document.indexed().at(offset)


@feature(types.TEXT_DOCUMENT_REFERENCES)
@about_a_text
async def references(ls: Server, params: types.ReferenceParams) -> list[types.Location]:
    document, offset = _at(ls, params)

    def found() -> list[Occurrence]:
        at = document.indexed().at(offset)
        return [] if at is None else list(ls.desk.references(at.symbol, document))

    declarations = params.context.include_declaration
    return [
        ls.converter.location(each.span)
        for each in await ls.work(found)
        if declarations or not each.declares
    ]


@feature(types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT)
@about_a_text
async def highlights(
    ls: Server, params: types.DocumentHighlightParams
) -> list[types.DocumentHighlight]:
    document, offset = _at(ls, params)

    def found() -> list[Occurrence]:
        index = document.indexed()
        at = index.at(offset)
        return [] if at is None else index.of(at.symbol)

    kinds = types.DocumentHighlightKind
    return [
        types.DocumentHighlight(
            ls.converter.positions(each.span.source).range(each.span),
            kinds.Write if each.declares else kinds.Read,
        )
        for each in await ls.work(found)
    ]


@feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
@about_a_text
async def symbols(ls: Server, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
    document = ls.document(params.text_document.uri)
    entries = await ls.work(outline, document)
    positions = ls.converter.positions_of(document.text)
    return [ls.converter.entry(each, positions) for each in entries]


@feature(types.TEXT_DOCUMENT_INLAY_HINT)
@about_a_text
async def inlay_hints(ls: Server, params: types.InlayHintParams) -> list[types.InlayHint]:
    document = ls.document(params.text_document.uri)
    found = await ls.work(lambda: list(hints(document)))
    positions = ls.converter.positions_of(document.text)
    first, last = positions.offset(params.range.start), positions.offset(params.range.end)
    return [
        types.InlayHint(
            positions.position(each.offset),
            each.text,
            types.InlayHintKind.Type,
            tooltip=each.doc,
        )
        for each in found
        if first <= each.offset <= last
    ]


# ---------------------------------------------------------------- writing


@feature(
    types.TEXT_DOCUMENT_COMPLETION,
    types.CompletionOptions(trigger_characters=["[", "(", ".", ">", " ", ","]),
)
@about_a_text
async def completed(ls: Server, params: types.CompletionParams) -> types.CompletionList:
    document, offset = _at(ls, params)
    if not document.read_once or depends_on_files(document, offset):
        await ls.work(document.indexed)
    positions = ls.converter.positions_of(document.text)
    items = [
        ls.converter.suggestion(each, rank, positions, offset)
        for rank, each in enumerate(completions(document, offset))
    ]
    return types.CompletionList(is_incomplete=False, items=items)


@feature(types.TEXT_DOCUMENT_FORMATTING)
@about_a_text
async def format_text(ls: Server, params: types.DocumentFormattingParams) -> list[types.TextEdit]:
    """The canonical form; nothing where the text does not parse."""
    document = ls.document(params.text_document.uri)
    state = await ls.work(document.read)
    try:
        text = await ls.work(formatted, state.source)
    except CompileError:
        return []
    return ls.converter.whole(state.source, text)


@feature(
    types.TEXT_DOCUMENT_CODE_ACTION,
    types.CodeActionOptions(
        code_action_kinds=[types.CodeActionKind.QuickFix, types.CodeActionKind.SourceFixAll],
        resolve_provider=True,
    ),
)
@about_a_text
async def code_actions(ls: Server, params: types.CodeActionParams) -> list[types.CodeAction]:
    document = ls.document(params.text_document.uri)
    positions = ls.converter.positions_of(document.text)
    start, end = positions.offset(params.range.start), positions.offset(params.range.end)
    found = await ls.work(lambda: list(ls.converter.actions(document, start, end)))
    only = params.context.only
    if only is not None:
        wanted = tuple(types.CodeActionKind(each).value for each in only)
        found = [each for each in found if each.kind and each.kind.startswith(wanted)]
    return found


@feature(types.CODE_ACTION_RESOLVE)
async def resolved(ls: Server, params: types.CodeAction) -> types.CodeAction:
    """The edits of an action that takes a while to find."""
    document = ls.desk.open.get(Path(str(params.data)))
    if document is not None:
        params.edit = await ls.work(ls.converter.fixed, document)
    return params


@feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
@about_a_text
async def prepare_rename(ls: Server, params: types.PrepareRenameParams) -> types.Range:
    document, offset = _at(ls, params)
    try:
        found = await ls.work(renamable, document, offset)
    except Refused as refused:
        raise _failed(refused) from None
    return ls.converter.positions(found.span.source).range(found.span)


@feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
@about_a_text
async def renamed(ls: Server, params: types.RenameParams) -> types.WorkspaceEdit:
    document, offset = _at(ls, params)
    try:
        found = await ls.work(rename, document, offset, params.new_name)
    except Refused as refused:
        raise _failed(refused) from None
    return ls.converter.edit(found)


def _failed(refused: Refused) -> JsonRpcException:
    return JsonRpcException(str(refused), types.LSPErrorCodes.RequestFailed)
