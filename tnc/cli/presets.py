"""Reading `tnc.toml`: apart, for where there is none the parser of TOML need not be loaded."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

from tnc.cli.exits import reason, unreadable, usage
from tnc.cli.sources import not_a_text
from tnc.diagnostics import nearest


def entries(path: Path, known: Sequence[str]) -> dict[str, tuple[int, object]]:
    """What the file sets, with the line of each. Stop where it cannot be read, or sets what is not
    known."""
    try:
        text = path.read_bytes().decode()
        found = tomllib.loads(text)
    except OSError as error:
        raise unreadable(str(path), reason(error)) from None
    except UnicodeDecodeError as error:
        raise usage(f"{path}: {not_a_text(error)}") from None
    except ValueError as error:
        raise usage(f"{path}: {error}") from None
    lines = {name: _line(text, name) for name in found}
    for name in found:
        if name not in known:
            close = nearest(name, known)
            hint = f"did you mean `{close}`?" if close else f"it can have {', '.join(known)}"
            raise usage(f"`{name}` in {path}:{lines[name]} is unknown; {hint}")
    return {name: (lines[name], value) for name, value in found.items()}


def _line(text: str, name: str) -> int:
    """Where a key, or the table of this name, begins; of what is written oddly, the first line."""
    key = re.compile(rf"""\s*\[*\s*["']?{re.escape(name)}["']?\s*[=.\]]""")
    lines = enumerate(text.split("\n"), start=1)
    return next((number for number, line in lines if key.match(line)), 1)
