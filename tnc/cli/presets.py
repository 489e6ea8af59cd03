"""Reading `tnc.toml`: apart, for where there is none the parser of TOML need not be loaded."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

from tnc.cli.exits import reason, unreadable, usage
from tnc.diagnostics import nearest


def entries(path: Path, known: Sequence[str]) -> dict[str, object]:
    """What the file sets. Stop where it cannot be read, or sets what is not known."""
    try:
        found = tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        raise unreadable(str(path), reason(error)) from None
    except ValueError as error:
        raise usage(f"{path}: {error}") from None
    for name in found:
        if name not in known:
            close = nearest(name, known)
            hint = f"did you mean `{close}`?" if close else f"it can have {', '.join(known)}"
            raise usage(f"`{name}` in {path} is unknown; {hint}")
    return found
