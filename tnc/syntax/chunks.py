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
from tnc.syntax.run import OF_A_FILE, Run

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
    run = Run(lex(source, Report()), source, Report())
    depth = 0
    for at, token in enumerate(run.tokens):
        if at and _begins(run, at, depth):
            depth = 0
            before = run.tokens[at - 1].type
            while run.tokens[at - 1].type == DOC and run.first_on_line(at - 1):
                at -= 1
            if at and before != "TNN":
                yield run.tokens[at].start
        depth += (token.type in _OPENS) - (token.type in _CLOSES)
        depth = max(depth, 0)


def _begins(run: Run, at: int, depth: int) -> bool:
    """Whether an item begins: within brackets only with a word that cannot stand there."""
    type_ = run.tokens[at].type
    item = type_ in OF_A_FILE or (type_ == "LET" and not depth)
    return item and run.begins_statement(at)
