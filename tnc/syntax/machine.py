"""An LALR parser that can be asked what it would accept before it is fed."""

from copy import copy

from lark import Token, Tree, UnexpectedToken
from lark.parsers.lalr_parser_state import ParserState

from tnc.syntax.grammar import END, lark


class Machine:
    """lark's interactive parser. Positions on its stack are counted by `size`, 1 when empty.

    lark reduces before it notices an error, and shares lists between copies of its state. So
    every question is answered by a trial run without values, and only what fits is ever fed.
    """

    def __init__(self, start: str) -> None:
        self._state = lark().parse_interactive("", start=start).parser_state
        self._trial_rules = copy(self._state.parse_conf)
        self._trial_rules.callbacks = {}

    @property
    def size(self) -> int:
        """How many states are on the stack."""
        return len(self._state.state_stack)

    def fits(self, *types: str, size: int | None = None) -> bool:
        """Whether tokens of these types may follow, after the stack were cut to `size`."""
        states = self._state.state_stack[:size]
        trial: ParserState[int] = ParserState(
            self._trial_rules, self._state.lexer, states, [None] * (len(states) - 1)
        )
        try:
            for each in types:
                trial.feed_token(Token(each, ""), is_end=each == END)
        except UnexpectedToken:
            return False
        return True

    def size_before(self, rule: str) -> int:
        """The size before the token taken last, and before a `rule` that it follows."""
        below = self._state.value_stack[-2:-1]
        preceded = any(isinstance(each, Tree) and each.data == rule for each in below)
        return self.size - (2 if preceded else 1)

    def expected(self) -> frozenset[str]:
        """The types of all tokens that may follow."""
        row = self._state.parse_conf.states[self._state.position]
        return frozenset(each for each in row if each == each.upper() and self.fits(each))

    def feed(self, token: Token) -> None:
        """Take a token that fits."""
        self._state.feed_token(token)

    def cut(self, size: int) -> None:
        """Forget everything above `size`."""
        del self._state.state_stack[size:]
        del self._state.value_stack[size - 1 :]

    def finish(self, end: Token) -> Tree[Token]:
        """Take the end of the text, which fits; the parse tree of everything fed."""
        tree: Tree[Token] = self._state.feed_token(end, is_end=True)
        return tree
