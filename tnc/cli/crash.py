"""What is said when tnc itself fails."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from tnc.version import VERSION


def told(error: Exception, words: Sequence[str]) -> str:
    """A paragraph for the user: what happened, and what to report."""
    lines = traceback.format_exception(error)
    what = lines[-1].strip()
    report = "".join([f"{_versions()}\narguments: {[*words]}\n\n", *lines])
    return (
        f"error[E0901]: internal error: {what}\n"
        "This is a mistake in tnc, not in your program. Please report it, with the `.tnn` text\n"
        f"and {_evidence(report, error)}."
    )


def _evidence(report: str, error: Exception) -> str:
    if os.environ.get("TNC_DEBUG"):
        return f"what follows:\n\n{report.rstrip()}\n\nEnd of the report"
    try:
        return f"the traceback that was saved in `{_saved(report)}`"
    except (OSError, RuntimeError):  # no place to write, no home
        place = traceback.extract_tb(error.__traceback__)[-1]
        return (
            f"this place: {Path(place.filename).name}:{place.lineno}, {_versions()} "
            "(with TNC_DEBUG=1 the traceback is printed)"
        )


def _saved(report: str) -> Path:
    """The file is named after its content: the same failure again makes no second file."""
    folder = cache_folder() / "crashes"
    folder.mkdir(parents=True, exist_ok=True)
    content = report.encode(errors="backslashreplace")
    path = folder / f"{hashlib.sha256(content).hexdigest()[:12]}.txt"
    path.write_bytes(content)
    return path


def cache_folder() -> Path:
    """Where programs of this user keep what can be made again."""
    given = os.environ.get("XDG_CACHE_HOME")
    return (Path(given) if given else Path.home() / ".cache") / "tnc"


def _versions() -> str:
    return f"tnc {VERSION}, Python {platform.python_version()}, {sys.platform}"
