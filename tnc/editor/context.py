"""Where in a text something is being written: read off the tokens before that place, for a text in
the middle of which something is missing has no tree there."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from functools import lru_cache

from tnc.diagnostics import Report, Source
from tnc.editor.words import WITH_OPTIONS
from tnc.elaborate.usage import MODES_AFTER
from tnc.record import record
from tnc.syntax.grammar import KEYWORDS
from tnc.syntax.lexing import Lexed, lex
from tnc.syntax.run import OF_A_FILE, Run
from tnc.syntax.token import Token

_CLOSER = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
_ENDS = frozenset({"NAME", "INT", "FLOAT", "STRING", "TRUE", "FALSE", "RPAR", "RSQB", "_SPLAT"})
"""The last tokens of what may be a whole statement."""


class Wants(Enum):
    """What may be written at a place."""

    NOTHING = "nothing"
    STATEMENT = "statement"
    MODULE = "module"
    IMPORTED = "imported"
    MEMBER = "member"
    MODE = "mode"
    STAGE = "stage"
    ARGUMENT = "argument"
    OPTION = "option"
    CHOICE = "choice"
    TYPE = "type"
    VALUE = "value"


@record
class Context:
    """`start`: where the word begins that is being written. `about`: the name on which it depends,
    of a function, a statement, a file or an option. `inside`: the keyword and the name of the item
    around it; `body` says that it is past the brace."""

    wants: Wants
    start: int
    about: str = ""
    inside: tuple[str, str] = ("", "")
    body: bool = False


@lru_cache(maxsize=4)
def _lexed(text: str) -> Lexed:
    return lex(Source("", text), Report())


def context(source: Source, offset: int) -> Context:
    """Where the offset is."""
    lexed = _lexed(source.text)
    quiet = [each.span for each in lexed.comments]
    if any(span.start < offset <= span.end for span in quiet):
        return Context(Wants.NOTHING, offset)
    before = [each for each in lexed.tokens if each.start < offset and each]
    start = offset
    if before and before[-1].end >= offset:
        if before[-1].type in {"DOC", "STRING", "INT", "FLOAT"}:
            return Context(Wants.NOTHING, offset)
        if before[-1].type == "NAME" or before[-1] in KEYWORDS:
            start = before.pop().start
    return _Reading(source, before, start).context()


class _Reading:
    """The tokens before a place, the brackets that are open, and the statement begun last."""

    def __init__(self, source: Source, tokens: Sequence[Token], start: int) -> None:
        self.source, self.tokens, self.start = source, tokens, start
        self.open: list[int] = []
        self.begun = 0
        self.item = 0
        run = Run(Lexed(tuple(tokens), (), frozenset()), source, Report())
        for at, token in enumerate(tokens):
            if run.begins_statement(at):
                self.begun = at
                self.open = [k for k in self.open if tokens[k].type == "LBRACE"]
                if token.type in OF_A_FILE:
                    self.item, self.open = at, []
            if token.type in _CLOSER:
                self.open.append(at)
            elif token.type in _CLOSER.values() and self.open:
                self.open.pop()
                self.begun = at + 1 if token.type == "RBRACE" else self.begun

    # ------------------------------------------------------------ reading
    def type(self, back: int) -> str:
        """The type of a token, counted from the last, 1."""
        return self.tokens[-back].type if len(self.tokens) >= back else ""

    @property
    def inside(self) -> tuple[str, str]:
        head = self.tokens[self.item : self.item + 8]
        name = next((each for each in head[1:] if each.type == "NAME"), "")
        if not head or head[0].type not in {"LAYER", "EXTERN", "TEST"}:
            return "", ""
        return str(head[0]), str(name)

    @property
    def body(self) -> bool:
        return any(self.tokens[k].type == "LBRACE" for k in self.open)

    def made(self, wants: Wants, about: str = "") -> Context:
        inside = self.inside if self.open or self.begun < len(self.tokens) else ("", "")
        return Context(wants, self.start, about, inside, self.body)

    def context(self) -> Context:
        brackets = [k for k in self.open if self.tokens[k].type != "LBRACE"]
        statement = self.tokens[self.begun :]
        head = statement[0].type if statement else ""
        if head in {"FROM", "IMPORT"} and (found := self._import(statement)) is not None:
            return found
        if self.type(1) == "DOT":
            return self.made(Wants.MEMBER, self._path())
        if brackets:
            return self._bracket(brackets, head)
        if self.type(1) == "_PIPE":
            return self.made(Wants.STAGE)
        if not statement or self.type(1) == "LBRACE" or self._fresh():
            return self.made(Wants.STATEMENT)
        if head == "CONV":
            return self.made(Wants.MODE)
        if len(statement) == 1 and head not in {"REQUIRE", "ASSERT"}:
            return self.made(Wants.NOTHING)  # a new name
        if head in {"MODE", "INPUT", "WEIGHT", "BUFFER"} and self.type(1) == "COMMA":
            return self.made(Wants.NOTHING)
        return self.made(Wants.VALUE)

    def _fresh(self) -> bool:
        """Whether the word is the first on its line, after what may be a whole statement."""
        first = "\n" in self.source.text[self.tokens[-1].end : self.start]
        return first and self.type(1) in _ENDS

    def _import(self, statement: Sequence[Token]) -> Context | None:
        """In an import, unless that is over and a new statement begins."""
        types = [each.type for each in statement]
        if types[-1] == "NAME" and self._fresh():
            return self.made(Wants.STATEMENT)
        if "AS" in types and types[-1] in {"AS", "NAME"}:
            return self.made(Wants.NOTHING)
        if types[0] == "FROM" and "IMPORT" in types:
            path = "".join(statement[1 : types.index("IMPORT")])
            return self.made(Wants.IMPORTED, path)
        return self.made(Wants.MODULE, "".join(statement[1:]))

    def _path(self) -> str:
        """`tt.inner` before the dot that was written last."""
        parts: list[str] = []
        at = len(self.tokens) - 1
        while at >= 1 and self.tokens[at].type == "DOT" and self.tokens[at - 1].type == "NAME":
            parts.insert(0, self.tokens[at - 1])
            at -= 2
        return ".".join(parts)

    def _bracket(self, brackets: Sequence[int], head: str) -> Context:
        opened = brackets[-1]
        if self.tokens[opened].type == "LPAR":
            return self._parenthesis(opened, brackets, head)
        before = self.tokens[opened - 1].type if opened else ""
        if before in {"NAME", "RSQB", "RPAR"}:
            return self.made(Wants.MODE, str(self.tokens[opened - 1]))
        if before == "COLON" and self.tokens[opened - 2] in MODES_AFTER:
            return self.made(Wants.MODE)
        return self.made(Wants.TYPE if self._of_header(brackets) else Wants.VALUE)

    def _of_header(self, brackets: Sequence[int]) -> bool:
        """Whether the parameters of a layer are being declared."""
        first = brackets[0]
        heads = {"LAYER", "EXTERN"}
        named = self.tokens[first - 1].type == "NAME" if first else False
        return named and first == self.begun + 2 and self.tokens[self.begun].type in heads

    def _parenthesis(self, opened: int, brackets: Sequence[int], head: str) -> Context:
        before = self.tokens[opened - 1] if opened else None
        option = str(self.tokens[-2]) if self.type(1) == "COLON" else ""
        if self._of_header(brackets):
            return self.made(Wants.TYPE if option else Wants.NOTHING)
        if before is not None and before in WITH_OPTIONS:
            return self.made(Wants.CHOICE if option else Wants.OPTION, option or str(before))
        outer = brackets[-2] if len(brackets) > 1 else None
        merged = before is not None and before.type in {"COMMA", "LSQB"}
        if merged and outer is not None and self.tokens[outer].type == "LSQB":
            return self.made(Wants.MODE)
        if before is None or before.type != "NAME":
            return self.made(Wants.STAGE if self.type(1) == "_PIPE" else Wants.VALUE)
        if option in MODES_AFTER or before == "size":
            return self.made(Wants.MODE)
        if option or self.type(1) not in {"LPAR", "COMMA"}:
            return self.made(Wants.STAGE if self.type(1) == "_PIPE" else Wants.VALUE)
        if before == "mask" and self.type(1) == "COMMA":
            return self.made(Wants.MODE)
        return self.made(Wants.ARGUMENT, str(before))
