"""The grammar, compiled: the one place that makes a `Lark`."""

import os
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path

from lark import Lark, Token
from lark.lexer import PatternStr

KEYWORDS = frozenset({
    "and", "as", "assert", "buffer", "conv", "else", "extern", "false", "for", "from", "if",
    "import", "in", "input", "layer", "let", "mod", "mode", "not", "or", "output", "repeat",
    "require", "test", "then", "tnn", "true", "weight",
})  # fmt: skip
"""Reserved everywhere. A test holds this to the grammar."""

COMMENT, DOC, OPEN_STRING, UNKNOWN, END = "COMMENT", "DOC", "OPEN_STRING", "UNKNOWN", "$END"


class Trivia:
    """Tells lark to keep the tokens that no rule mentions; the token filter takes them out."""

    always_accept = (COMMENT, OPEN_STRING, UNKNOWN)

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """The tokens as they are."""
        return stream


@cache
def lark() -> Lark:
    """The parser tables, from the user's cache if they are there."""
    grammar = _text()
    return Lark(
        grammar,
        parser="lalr",
        lexer="basic",
        start=["file", "expression", "einsum"],
        propagate_positions=True,
        postlex=Trivia(),
        cache=_cache_path(grammar) or False,
    )


@cache
def spelling(terminal: str) -> str | None:
    """How a terminal is written, if there is only one way."""
    pattern = lark().get_terminal(terminal).pattern if terminal != END else None
    return pattern.value if isinstance(pattern, PatternStr) else None


def _text() -> str:
    """The grammar: in a wheel it lies inside of the package, in a checkout beside it."""
    package = Path(__file__).parents[1]
    inside = package / "grammar" / "tnn.lark"
    path = inside if inside.exists() else package.parent / "grammar" / "tnn.lark"
    return path.read_text(encoding="utf-8")


def _cache_path(grammar: str) -> str | None:
    """Where the tables of this grammar are kept; None if there is no folder to keep them in."""
    try:
        given = os.environ.get("XDG_CACHE_HOME", "")
        home = Path(given) if Path(given).is_absolute() else Path.home() / ".cache"
        folder = home / "tnc"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # read-only, or no home at all
        return None
    return str(folder / f"grammar-{sha256(grammar.encode()).hexdigest()[:16]}")
