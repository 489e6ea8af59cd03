"""Parsing a text with mistakes.

Where a token does not fit, `remedies` are tried. If none helps, the statement is given up: parsing
resumes at the next statement keyword or brace, with the stack cut back to where that is accepted.
Either way at least one token is taken or left behind, so the work is bounded.
"""

from tnc.diagnostics import Label, Report, Source, Span
from tnc.record import record
from tnc.syntax.grammar import DOC, END
from tnc.syntax.habits import advice
from tnc.syntax.lexing import Lexed
from tnc.syntax.machine import Branch
from tnc.syntax.remedies import REMEDIES
from tnc.syntax.run import OF_A_FILE, Run
from tnc.syntax.token import Token
from tnc.syntax.wording import expected, found

NESTED_AT_MOST = 200
"""Levels of a tree. `parse` holds what was read to this."""

_STAGES = "each stage of a pipe is a level: `repeat`, or a `let` for a part of it, spares some"
_BRACKETS = "each pair of brackets is a level: a `let` for what is inside spares some"

STACKED_AT_MOST = 10 * NESTED_AT_MOST
"""The size of the parser's stack from which on a text is nested too deeply to be read at all."""


@record
class Lost:
    """A statement that was given up: where it began, and the names in it."""

    start: int
    names: frozenset[str]


@record
class Parsed:
    """A parse tree, and what is not in it: `stray` are doc comments that document nothing."""

    tree: Branch
    stray: tuple[Token, ...]
    lost: tuple[Lost, ...]


class Recovery(Run):
    """A run that gets to the end whatever the tokens are."""

    def __init__(self, lexed: Lexed, source: Source, report: Report) -> None:
        super().__init__(lexed, source, report)
        self._stray: list[Token] = []
        self._lost: list[Lost] = []

    def parsed(self) -> Parsed:
        """Parse everything. Mistakes are reported, never raised."""
        while True:
            self._sort_documentation()
            if self.machine.size > STACKED_AT_MOST:
                span = self.span(self.tokens[self.at - 1])
                report_nesting(self.report, span, span)
                self._resume(self.begun, self.base)
            elif not self.machine.fits(self.token.type):
                self._mend()
            elif self.token.type == END:
                break
            else:
                self.step()
        tree = self.machine.finish()
        return Parsed(tree, tuple(self._stray), tuple(self._lost))

    # ------------------------------------------------------------ documentation

    def _sort_documentation(self) -> None:
        """Take out the doc comments at `at` unless they are followed by what can be documented."""
        while self.token.type == DOC:
            end = next(k for k in range(self.at, len(self.tokens)) if self.tokens[k].type != DOC)
            after = self.tokens[end].type
            beside = not self.first_on_line(self.at)
            if not beside and self.machine.fits(DOC, after):
                return
            stop = self.at + 1 if beside else end
            if self.machine.fits(after):  # otherwise something else is wrong here
                self._report_stray(self.tokens[self.at : stop])
            self._stray += self.tokens[self.at : stop]
            del self.tokens[self.at : stop]

    def _report_stray(self, docs: list[Token]) -> None:
        note = "`##` stands on its own line, before what it documents: a layer, weight, …"
        for each in docs:
            self.report.warning("W0002", "doc comment documents nothing", self.span(each),
                                "read as a comment", notes=[note])  # fmt: skip

    # ------------------------------------------------------------ mistakes

    def _mend(self) -> None:
        if any(remedy(self) for remedy in REMEDIES):
            return
        if not self.excused:
            self._complain()
        if self.first_on_line(self.at) and self._statement_is_complete():
            self._resume(self.at, self.machine.size)
        else:
            self._resume(self.begun, self.base)

    def _statement_is_complete(self) -> bool:
        """Whether the statement before the token could end here, so that it is not to blame."""
        ends = ("RBRACE", "LAYER", "ASSERT")
        return not self.brackets and any(self.machine.fits(each) for each in ends)

    def _complain(self) -> None:
        ends = self.token.type in {"RBRACE", "LBRACE", END} or self.begins_statement(self.at)
        if ends and self.brackets and self.machine.fits(self.brackets[-1].closer):
            self.report_open(self.brackets[-1])
            return
        wanted, begun = expected(self.machine.expected()), self.tokens[self.begun]
        inside = not self.on_one_line(begun, self.token) and self.machine.size > self.base
        others = [Label(self.span(begun), "in this statement")] if inside else []
        self.report.error("E0002", f"unexpected {found(self.token)}, expected {wanted}",
                          self.span(self.token), "not expected here", *others,
                          help=advice(self))  # fmt: skip

    # ------------------------------------------------------------ giving up a statement

    def _resume(self, start: int, size: int) -> None:
        """Forget everything from the token `start` on, and find where to go on.

        `size` is that of the parser's stack before that token.
        """
        begun = self.tokens[start].start
        depth = 0  # of braces opened on the way: a group in braces is skipped as a whole
        while (resumed := self._resumable(size, depth)) is None:
            depth += {"LBRACE": 1, "RBRACE": -1 if depth else 0}.get(self.token.type, 0)
            self.at += 1
        given_up = self.tokens[start : self.at]
        names = frozenset(str(each) for each in given_up if each.type == "NAME")
        self._lost.append(Lost(begun, names))
        self.cut(resumed)
        if not self.machine.fits(self.token.type):
            # What belongs to a file cannot stand in a layer or test: that must have ended before.
            self.report_open(self.open[-1])
            self.put_in("RBRACE")

    def _resumable(self, size: int, depth: int) -> int | None:
        """The size to which the stack is to be cut if parsing can resume at the present token."""
        type_, begins = self.token.type, self.begins_statement(self.at)
        if type_ == "LBRACE" and not depth:
            return self._heading()
        if type_ == END or (type_ in OF_A_FILE and begins):
            fits = self.machine.fits(type_, size=size) or self.machine.fits(
                "RBRACE", type_, size=size
            )
        else:
            ends = not depth and (type_ == "RBRACE" or begins)
            fits = ends and self.machine.fits(type_, size=size)
        return size if fits else None

    def _heading(self) -> int | None:
        """The size at which a brace can be taken: only after the heading that it belongs to."""
        if self.tokens[self.begun].type not in {"LAYER", "TEST"}:
            return None
        sizes = range(self.machine.size, self.base, -1)
        return next((each for each in sizes if self.machine.fits("LBRACE", size=each)), None)


def report_nesting(report: Report, span: Span, within: Span) -> None:
    """Report an expression `within` another, so deep that later passes could not follow it."""
    note = _STAGES if "|>" in within.text else _BRACKETS
    report.error("E0002", f"unexpected nesting, expected at most {NESTED_AT_MOST} levels", span,
                 "nested too deeply", notes=[note])  # fmt: skip
