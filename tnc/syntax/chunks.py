"""A text in pieces, each an item of the file, that are parsed one by one.

A piece that stands as it was needs not be parsed again while a text is written. The pieces have
sources of their own: where they stand in the whole is known apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tnc.diagnostics import Diagnostic, Report, Source
from tnc.record import record
from tnc.syntax import tree
from tnc.syntax.grammar import DOC
from tnc.syntax.lexing import lex
from tnc.syntax.parse import parse
from tnc.syntax.run import OF_A_FILE
from tnc.syntax.token import Token

_NO_EDITION = "W0001"
_OPENS = frozenset({"LPAR", "LSQB", "LBRACE"})
_CLOSES = frozenset({"RPAR", "RSQB", "RBRACE"})


@record(eq=False)
class Chunk:
    """A piece of a text, read by itself."""

    source: Source
    file: tree.File
    said: tuple[Diagnostic, ...]


def parsed(name: str, text: str, first: bool) -> Chunk:
    """A piece of a text of this name; the first one may say the edition."""
    report, source = Report(), Source(name, text)
    file = parse(source, report)
    said = (each for each in report.diagnostics if first or each.code != _NO_EDITION)
    return Chunk(source, file, tuple(said))


def whole(source: Source, chunks: Sequence[Chunk]) -> tree.File:
    """The pieces as one file."""
    return tree.File(
        source.everything(),
        chunks[0].file.edition,
        tuple(item for chunk in chunks for item in chunk.file.items),
        frozenset().union(*(chunk.file.poisoned for chunk in chunks)),
    )


def starts(source: Source) -> Iterator[int]:
    """Where items begin besides the first, their documentation included."""
    tokens = lex(source, Report()).tokens
    depth, path = 0, False
    for at, token in enumerate(tokens):
        before = tokens[at - 1].type if at else ""
        if _begins(token, before, depth, path) and at:
            depth = 0
            while tokens[at - 1].type == DOC and _alone(tokens, at - 1, source):
                at -= 1
            if at and before != "TNN":
                yield tokens[at].start
        depth += (token.type in _OPENS) - (token.type in _CLOSES)
        depth = max(depth, 0)
        path = token.type == "FROM" or (path and token.type != "IMPORT")


def _begins(token: Token, before: str, depth: int, path: bool) -> bool:
    """Whether an item begins: within brackets only with a word that cannot stand there."""
    if token.type == "LAYER":  # also the type of a parameter
        return before not in {"COLON", "LSQB"}
    if token.type == "IMPORT":  # also the middle of `from … import …`
        return not path
    return token.type in OF_A_FILE or (token.type == "LET" and not depth)


def _alone(tokens: Sequence[Token], at: int, source: Source) -> bool:
    """Whether a comment is the first on its line."""
    return at == 0 or "\n" in source.text[tokens[at - 1].end : tokens[at].start]
