"""What the editor's room knows, as records of the protocol."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from textwrap import shorten

from lsprotocol import types

from tnc.diagnostics import Diagnostic, Edit, Source, Span
from tnc.diagnostics.catalogue import CATALOGUE
from tnc.diagnostics.diagnostic import Help
from tnc.driver.fix import fix
from tnc.editor.completion import Suggestion
from tnc.editor.desk import Desk, Document
from tnc.editor.outline import Entry
from tnc.editor.symbols import Kind
from tnc.editor.words import FUNCTION_GROUPS, KEYWORD_GROUPS, Group
from tnc.lsp.positions import Positions

SOURCE = "tnc"
_UNUSED = frozenset({"W0101", "W0102"})

SYMBOLS: dict[Kind | None, types.SymbolKind] = {
    Kind.LAYER: types.SymbolKind.Class,
    Kind.EXTERN: types.SymbolKind.Interface,
    Kind.PARAMETER: types.SymbolKind.TypeParameter,
    Kind.MODE: types.SymbolKind.Enum,
    Kind.INPUT: types.SymbolKind.Field,
    Kind.WEIGHT: types.SymbolKind.Property,
    Kind.BUFFER: types.SymbolKind.Constant,
    Kind.OUTPUT: types.SymbolKind.Method,
    Kind.LET: types.SymbolKind.Variable,
    None: types.SymbolKind.Function,
}
_ITEMS: dict[Kind, types.CompletionItemKind] = {
    Kind.LAYER: types.CompletionItemKind.Class,
    Kind.EXTERN: types.CompletionItemKind.Interface,
    Kind.PARAMETER: types.CompletionItemKind.TypeParameter,
    Kind.MODE: types.CompletionItemKind.EnumMember,
    Kind.INPUT: types.CompletionItemKind.Field,
    Kind.WEIGHT: types.CompletionItemKind.Property,
    Kind.BUFFER: types.CompletionItemKind.Constant,
    Kind.OUTPUT: types.CompletionItemKind.Method,
    Kind.FILE: types.CompletionItemKind.Module,
}


@lru_cache(maxsize=16)
def _positions(text: str, encoding: str) -> Positions:
    return Positions(text, encoding)


class Converter:
    """Knows where the files of spans are, and which units columns are counted in."""

    def __init__(self, desk: Desk, encoding: str, uris: Mapping[Path, str]) -> None:
        self.desk, self.encoding, self._uris = desk, encoding, uris

    def positions(self, source: Source) -> Positions:
        """The positions of a text."""
        return _positions(source.text, self.encoding)

    def positions_of(self, text: str) -> Positions:
        """The positions of a text that has no source yet."""
        return _positions(text, self.encoding)

    def uri(self, path: Path) -> str:
        """A file as the client calls it."""
        return self._uris.get(path) or path.as_uri()

    def location(self, span: Span) -> types.Location:
        """Where a span is."""
        return types.Location(
            self.uri(self.desk.place(span)), self.positions(span.source).range(span)
        )

    # ------------------------------------------------------------ diagnostics
    def diagnostic(self, each: Diagnostic, source: Source) -> types.Diagnostic:
        """At the label in this text, if the mistake itself is in another one."""
        labels = [label for label in each.labels if label.span.source is source]
        main = labels[0] if labels else each.labels[0]
        span = main.span if labels else source.span(0, 0)
        parts = [each.message, *([main.text] if main.text else [])]
        parts += [f"note: {note}" for note in each.notes]
        parts += [f"help: {help.message}" for help in each.help]
        severity = types.DiagnosticSeverity
        return types.Diagnostic(
            self.positions(source).range(span),
            "\n".join(parts),
            severity=severity.Error if each.severity == "error" else severity.Warning,
            code=each.code,
            source=SOURCE,
            tags=[types.DiagnosticTag.Unnecessary] if each.code in _UNUSED else None,
            related_information=[
                types.DiagnosticRelatedInformation(self.location(other.span), other.text or "here")
                for other in each.labels
                if other is not main
            ],
        )

    def edit(self, edits: Iterable[Edit]) -> types.WorkspaceEdit:
        """Edits of any files."""
        changes: dict[str, Sequence[types.TextEdit]] = {}
        for each in edits:
            location = self.location(each.span)
            known = changes.get(location.uri, ())
            changes[location.uri] = [*known, types.TextEdit(location.range, each.replacement)]
        return types.WorkspaceEdit(changes=changes)

    def whole(self, source: Source, text: str) -> list[types.TextEdit]:
        """One text in place of another: only the lines that differ."""
        old, new = source.text.splitlines(True), text.splitlines(True)
        pairs = enumerate(zip(old, new, strict=False))
        first = next((k for k, (a, b) in pairs if a != b), min(len(old), len(new)))
        last = 0
        while last < min(len(old), len(new)) - first and old[-1 - last] == new[-1 - last]:
            last += 1
        start = len("".join(old[:first]))
        end = len(source.text) - len("".join(old[len(old) - last :]))
        span = Span(source, start, end)
        replacement = "".join(new[first : len(new) - last])
        if span.text == replacement:
            return []
        return [types.TextEdit(self.positions(source).range(span), replacement)]

    # ------------------------------------------------------------ code actions
    def actions(self, document: Document, start: int, end: int) -> Iterator[types.CodeAction]:
        """What help messages offer to do about a stretch of the text; and to all of it."""
        state = document.read(soon=False)
        source = state.source
        fixable = False
        for each in state.diagnostics:
            for help in each.help:
                if help.edits:
                    fixable = True
                    if each.span.source is source and _touch(each.span, start, end):
                        yield self._action(each, help, source)
        if fixable:
            title, kind = "Fix all that can be fixed", types.CodeActionKind.SourceFixAll
            yield types.CodeAction(title, kind, data=str(document.path))

    def fixed(self, document: Document) -> types.WorkspaceEdit:
        """What `tnc check --fix` would write."""
        source = document.read(soon=False).source
        text = fix(source, lambda each: document.live.check(each).diagnostics).source.text
        return types.WorkspaceEdit({self.uri(document.path): self.whole(source, text)})

    def _action(self, each: Diagnostic, help: Help, source: Source) -> types.CodeAction:
        return types.CodeAction(
            _title(help),
            types.CodeActionKind.QuickFix,
            diagnostics=[self.diagnostic(each, source)],
            is_preferred=sum(bool(other.edits) for other in each.help) == 1,
            edit=self.edit(help.edits),
        )

    # ------------------------------------------------------------ the rest
    def entry(self, each: Entry, positions: Positions) -> types.DocumentSymbol:
        """An entry of the outline."""
        return types.DocumentSymbol(
            each.name,
            SYMBOLS.get(each.kind, types.SymbolKind.Variable),
            positions.range(each.span),
            positions.range(each.name_span),
            each.detail or None,
            children=[self.entry(one, positions) for one in each.inside],
        )

    def suggestion(
        self, each: Suggestion, rank: int, positions: Positions, offset: int
    ) -> types.CompletionItem:
        """A suggestion that takes the place of the word that is being written."""
        start, end = positions.position(each.start), positions.position(offset)
        doc = types.MarkupContent(types.MarkupKind.Markdown, each.doc) if each.doc else None
        return types.CompletionItem(
            each.text.removesuffix(": "),
            kind=_item(each.kind),
            detail=shorten(each.detail, 100, placeholder=" …") or None,
            documentation=doc,
            sort_text=f"{rank:04}",
            text_edit=types.TextEdit(types.Range(start, end), each.text),
        )


def explanation(code: str) -> str:
    """The page of a diagnostic, without its programs."""
    entry = CATALOGUE.get(code)
    return "" if entry is None else f"**{code}**: {entry.title}\n\n{entry.explanation}"


def _title(help: Help) -> str:
    message = help.message[:1].upper() + help.message[1:]
    if len(help.edits) == 1 and message.startswith("Did you mean"):
        return f"Replace `{help.edits[0].span.text}` by `{help.edits[0].replacement}`"
    return message


def _touch(span: Span, start: int, end: int) -> bool:
    return span.start <= end and start <= span.end


def _item(kind: Kind | Group) -> types.CompletionItemKind:
    if isinstance(kind, Kind):
        return _ITEMS.get(kind, types.CompletionItemKind.Variable)
    if kind in FUNCTION_GROUPS:
        return types.CompletionItemKind.Function
    keyword = kind in KEYWORD_GROUPS
    return types.CompletionItemKind.Keyword if keyword else types.CompletionItemKind.Constant
