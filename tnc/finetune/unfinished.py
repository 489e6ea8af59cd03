"""Files that are being written beside the one that they will be: those of killed processes go."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

if sys.platform != "win32":
    import fcntl

LOCKS = sys.platform != "win32"
SUFFIX = ".unfinished"


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file beside another, to be written; in the end it takes the other's place, or else goes.

    It is locked for as long as it is open. A lock ends with its process, however that ends, also on
    another machine or in another container, where a process number would say nothing.
    """
    place = path.with_name(f"{path.name}.{os.getpid()}{SUFFIX}")
    try:
        with _locked(place) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if LOCKS:
                place.replace(path)
        if not LOCKS:  # Windows renames nothing that is open
            place.replace(path)
    finally:
        place.unlink(missing_ok=True)


def _locked(place: Path) -> BinaryIO:
    while True:
        file = place.open("wb")
        with suppress(OSError):  # a disk without locks, where nothing is taken for dead either
            if LOCKS:
                fcntl.flock(file, fcntl.LOCK_EX)
        if not LOCKS or os.fstat(file.fileno()).st_nlink:
            return file
        file.close()  # taken for dead between the two lines


def remove(path: Path) -> None:
    """Remove what dead processes have left beside a file; never that of a living one."""
    for place in path.parent.glob(f"{glob.escape(path.name)}.*{SUFFIX}") if LOCKS else ():
        with suppress(OSError), place.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            place.unlink()
