"""The grammar: its keywords, and the tables made of it, which are kept in the user's cache."""

import os
import re
from contextlib import suppress
from functools import cache
from pathlib import Path

from tnc.syntax.tables import Tables, restored, stored

KEYWORDS = frozenset({
    "and", "as", "assert", "buffer", "conv", "else", "extern", "false", "for", "from", "if",
    "import", "in", "input", "layer", "let", "mod", "mode", "not", "or", "output", "repeat",
    "require", "test", "then", "tnn", "true", "weight",
})  # fmt: skip
"""Reserved everywhere. A test holds this to the grammar."""

COMMENT, DOC, OPEN_STRING, UNKNOWN, END = "COMMENT", "DOC", "OPEN_STRING", "UNKNOWN", "$END"


@cache
def tables() -> Tables:
    """The tables of the grammar. Where they are kept, lark is not even imported."""
    grammar, path = text(), cache_path()
    with suppress(OSError):
        if path is not None and (found := restored(path.read_bytes(), grammar)) is not None:
            return found
    from tnc.syntax.compiler import compiled

    made = compiled(grammar)
    if path is not None:
        _keep(path, stored(made, grammar))
    return made


def spelling(terminal: str) -> str | None:
    """How a terminal is written, if there is only one way."""
    return tables().spelling.get(terminal)


def pattern(terminal: str) -> str:
    """The regular expression of a terminal as the grammar has it, for highlighters."""
    found = re.search(rf"^{terminal}(?:\.-?\d+)?: /(.*)/$", text(), re.MULTILINE)
    if found is None:
        raise KeyError(terminal)
    return found[1]


def comparisons() -> tuple[str, ...]:
    """How the terminal CMP may be written, the longer ones first."""
    line = re.search(r"^CMP: (.*)$", text(), re.MULTILINE)
    return tuple(re.findall(r'"([^"]+)"', line[1])) if line else ()


def text() -> str:
    """The grammar: in a wheel it lies inside of the package, in a checkout beside it."""
    package = Path(__file__).parents[1]
    inside = package / "grammar" / "tnn.lark"
    path = inside if inside.exists() else package.parent / "grammar" / "tnn.lark"
    return path.read_text(encoding="utf-8")


def cache_path() -> Path | None:
    """Where the tables are kept; None if there is no folder to keep them in."""
    try:
        given = os.environ.get("XDG_CACHE_HOME", "")
        home = Path(given) if Path(given).is_absolute() else Path.home() / ".cache"
        folder = home / "tnc"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # read-only, or no home at all
        return None
    return folder / "grammar.tables"


def _keep(path: Path, content: bytes) -> None:
    """Written whole or not at all: another process may be reading."""
    unfinished = path.with_name(f".{path.name}-{os.getpid()}")
    with suppress(OSError):
        unfinished.write_bytes(content)
        unfinished.replace(path)
