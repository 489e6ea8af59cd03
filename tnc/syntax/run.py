"""Where a parse stands: the tokens, the parser, the open brackets, the present statement."""

from collections.abc import Sequence

from tnc.diagnostics import Help, Label, Report, Source, Span
from tnc.record import record
from tnc.syntax.grammar import DOC, END, spelling
from tnc.syntax.lexing import Lexed, span_of
from tnc.syntax.machine import Machine
from tnc.syntax.token import Token
from tnc.syntax.wording import written

OF_A_FILE = frozenset(["IMPORT", "FROM", "LAYER", "EXTERN", "TEST"])
OF_A_BODY = frozenset({
    "MODE", "CONV", "INPUT", "WEIGHT", "BUFFER", "LET", "OUTPUT", "REQUIRE", "ASSERT",
})  # fmt: skip

_OF_A_PATH = frozenset({"NAME", "DOT", "_RANGE", "_SPLAT"})
_CLOSER = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}


@record
class Opened:
    """An open bracket, the size of the parser's stack just after it, the type before it."""

    token: Token
    size: int
    before: str

    @property
    def closer(self) -> str:
        """The type of the token that closes it."""
        return _CLOSER[self.token.type]


class Run:
    """One run over the tokens of a file, the last of which is END."""

    def __init__(self, lexed: Lexed, source: Source, report: Report) -> None:
        self.tokens = list(lexed.tokens)
        self.at = 0
        self.machine = Machine("file")
        self.open: list[Opened] = []
        self.begun = 0
        """The token with which the present statement begins."""
        self.base = 1
        """The size of the parser's stack before that statement."""
        self.report = report
        self.source = source
        self._blank = lexed.blank

    @property
    def token(self) -> Token:
        """The token to be taken next."""
        return self.tokens[self.at]

    @property
    def following(self) -> Token:
        """The token after it, documentation aside; END follows itself."""
        rest = range(self.at + 1, len(self.tokens))
        return next((self.tokens[k] for k in rest if self.tokens[k].type != DOC), self.tokens[-1])

    @property
    def brackets(self) -> list[Opened]:
        """The round and square brackets that are open in the present statement."""
        braces = [k for k, each in enumerate(self.open) if each.closer == "RBRACE"]
        return self.open[braces[-1] + 1 :] if braces else self.open

    @property
    def here(self) -> Span:
        """The point just after the token before: where something may be missing."""
        end = self.tokens[self.at - 1].end if self.at else 0
        return Span(self.source, end, end)

    @property
    def excused(self) -> bool:
        """Whether an unknown character stood before the token at `at`: reason enough to stumble."""
        return any(at in self._blank for at in range(self.here.end, self.token.start))

    def span(self, token: Token) -> Span:
        """Where a token stands."""
        return span_of(token, self.source)

    def first_on_line(self, at: int) -> bool:
        """Whether no token stands before this one on its line."""
        return at == 0 or not self.on_one_line(self.tokens[at - 1], self.tokens[at])

    def on_one_line(self, first: Token, second: Token) -> bool:
        """Whether two tokens, in their order, stand on one line."""
        return "\n" not in self.source.text[first.start : second.start]

    def begins_statement(self, at: int) -> bool:
        """Whether a statement begins there, mistakes before it aside."""
        before = self.tokens[at - 1].type if at else ""
        if self.tokens[at].type == "LAYER":  # also the type of a parameter
            return before not in {"COLON", "LSQB"}
        if self.tokens[at].type == "IMPORT":  # also the middle of `from … import …`
            return not self._after_from(at)
        return self.tokens[at].type in OF_A_FILE | OF_A_BODY

    def _after_from(self, at: int) -> bool:
        """Whether `from` stands before, on the line or with only a path between."""
        for k in range(at - 1, -1, -1):
            before = self.tokens[k]
            if before.type in {"FROM", "IMPORT"}:
                return before.type == "FROM"
            if before.type not in _OF_A_PATH and not self.on_one_line(before, self.tokens[at]):
                break
        return False

    def step(self) -> None:
        """Take the token at `at`, which fits."""
        token = self.token
        begins = not self.brackets and self.begins_statement(self.at)
        self.take(token)
        if begins:
            self.base, self.begun = self.machine.size_before("doc"), self.at
        self.at += 1
        if token.type in {"LBRACE", "RBRACE"}:
            self.base, self.begun = self.machine.size, self.at

    def put_in(self, type_: str) -> None:
        """Take a token that is missing before the one at `at`."""
        at = self.here.start
        self.take(Token(type_, spelling(type_) or "", at, at))
        if type_ in {"LBRACE", "RBRACE"}:
            self.base, self.begun = self.machine.size, self.at

    def take(self, token: Token) -> None:
        """Feed the parser and keep the list of open brackets."""
        self.machine.feed(token)
        if token.type in _CLOSER:
            before = self.tokens[self.at - 1].type if self.at else ""
            self.open.append(Opened(token, self.machine.size, before))
        elif token.type in _CLOSER.values():
            self.open.pop()

    def cut(self, size: int) -> None:
        """Forget what was taken since the parser's stack had this size."""
        self.machine.cut(size)
        self.open = [each for each in self.open if each.size <= size]
        self.base = min(self.base, size)

    def report_open(self, opened: Opened, help: Sequence[Help] = ()) -> None:
        """Report a bracket that is open at the token at `at`, where it no longer can be."""
        ending = self.token.type == END
        text = "the text ends here" if ending else f"{written(opened.closer)} expected before this"
        self.report.error("E0003", f"{written(opened.token.type)} is never closed",
                          self.span(opened.token), "opened here",
                          Label(self.span(self.token), text), help=help)  # fmt: skip
