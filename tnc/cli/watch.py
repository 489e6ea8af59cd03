"""Doing something again whenever files change."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from tnc.cli import terminal

PAUSE = 0.2
"""Seconds between two looks at the files."""

_COARSE = 20_000_000
"""Nanoseconds by which the clock of a file system may be behind."""

_LATE = (-1, -1, -1)

Stamp = tuple[int, int, int] | None
"""What tells a state of a file from another; None where there is no such file."""


def whenever_changed(run: Callable[[], Iterable[Path]], known: Iterable[Path]) -> None:
    """Run, and again whenever a file that matters has changed, vanished or come back.

    `run` returns the files and folders that matter, `known` are those known beforehand. Ends by an
    exception only, such as that of Ctrl-C.
    """
    stamps = {path: _stamp(path) for path in known}
    while True:
        started = time.time_ns() - _COARSE
        stamps = _of(run(), stamps, started)
        while all(_stamp(path) == stamp for path, stamp in stamps.items()):
            time.sleep(PAUSE)
        stamps = {path: _stamp(path) for path in stamps}
        terminal.clear()


def _of(paths: Iterable[Path], before: Mapping[Path, Stamp], started: int) -> dict[Path, Stamp]:
    """The states that a run has seen. What has changed since it began, it may not have seen."""
    found: dict[Path, Stamp] = {}
    for path in paths:
        stamp = _stamp(path)
        late = stamp is not None and stamp[0] >= started
        found[path] = before.get(path, _LATE if late else stamp)
    return found


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
