"""How tokens are called in messages."""

from collections.abc import Collection, Iterator

from tnc.syntax.grammar import DOC, END, KEYWORDS, spelling
from tnc.syntax.token import Token

POWERS = "a power is written `pow(x, 2)`, a square `square(x)`"

_KINDS = {"NAME": "a name", "INT": "a number", "FLOAT": "a number", "STRING": "a string",
          "CMP": "a comparison", END: "the end of the text"}  # fmt: skip

_EXPRESSION = frozenset({
    "NAME", "INT", "FLOAT", "STRING", "TRUE", "FALSE", "LPAR", "LSQB", "MINUS", "NOT", "IF",
    "_SPLAT",
})  # fmt: skip
_OPERATORS = frozenset({
    "PLUS", "MINUS", "STAR", "SLASH", "_FLOORDIV", "MOD", "CMP", "AND", "OR", "_PIPE", "DOT",
    "LPAR", "LSQB", "_SPLAT",
})  # fmt: skip
_BODY = frozenset({"MODE", "CONV", "INPUT", "WEIGHT", "BUFFER", "LET", "OUTPUT", "REQUIRE"})
_FILE = frozenset({"IMPORT", "FROM", "LAYER", "EXTERN", "TEST", "LET", "TNN", END})
_TYPE = frozenset({"NAME", "LAYER", "LSQB"})

# A set of terminals that says more as a word, if at least so many of its members are expected.
_GROUPS = (
    (_EXPRESSION, 9, "an expression"),
    (_OPERATORS, 5, "an operator"),
    (_BODY, 8, "a statement"),
    (_FILE, 6, "a declaration"),
    (_TYPE, 3, "a type"),
)

_LISTED = 5


def found(token: Token) -> str:
    """A token that stands where it may not."""
    if token.type == END:
        return "end of the text"
    if token in KEYWORDS:
        return f"keyword `{token}`"
    shown = token if len(token) <= 40 else f"{token[:37]}…"
    return f"`{shown}`"


def expected(terminals: Collection[str]) -> str:
    """What may stand in its place, in words: "`)`, `,` or an operator"."""
    words = list(dict.fromkeys(_words(frozenset(terminals) - {DOC})))
    if len(words) > _LISTED:
        words = [*words[: _LISTED - 1], "something else"]
    *most, last = words or ["nothing more"]
    return f"{', '.join(most)} or {last}" if most else last


def written(terminal: str) -> str:
    """A terminal as it is written, in code quotes, or what kind of thing it is."""
    text = spelling(terminal) if terminal not in _KINDS else None
    return f"`{text}`" if text else _KINDS[terminal]


def _words(terminals: frozenset[str]) -> Iterator[str]:
    groups = []
    for group, enough, word in _GROUPS:
        if len(terminals & group) >= enough:
            terminals -= group
            groups.append(word)
    yield from sorted((written(each) for each in terminals), key=_quoted_first)
    yield from groups


def _quoted_first(word: str) -> tuple[bool, str]:
    return not word.startswith("`"), word
