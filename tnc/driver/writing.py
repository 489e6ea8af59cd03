"""Writing files whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Replace the file, or make it; whoever reads it sees all of the old or all of the new.

    A file keeps its mode, a link stays a link. Errors: OSError, and then nothing has changed;
    ValueError for a name that no file can have.
    """
    write_all({path: content})


def write_all(contents: Mapping[Path, bytes]) -> None:
    """Replace files, or make them, as `write_whole` does one: all of them, or none where one cannot
    be written. All contents are on the disk before the first file changes; so there are old files
    beside new ones only where the process ends between two renamings.

    Errors: OSError and ValueError as those of `write_whole`.
    """
    made: list[tuple[Path, Path]] = []
    try:
        for path, content in contents.items():
            real = Path(os.path.realpath(path))
            mode = real.stat().st_mode if real.exists() else None
            if mode is not None and not stat.S_ISREG(mode):
                real.write_bytes(content)  # /dev/stdout, a named pipe; else IsADirectoryError
            else:
                made.append((_beside(real), real))
                _write(made[-1][0], content, real, mode)
        _rename(made)
    finally:
        for unfinished, _ in made:
            unfinished.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    """A new name in the same folder, hence on the same disk: only there is renaming one step."""
    return path.with_name(f".tnc-{secrets.token_hex(6)}.tmp")


def _write(unfinished: Path, content: bytes, path: Path, mode: int | None) -> None:
    if mode is not None and not os.access(path, os.W_OK):
        raise PermissionError(None, "the file is read-only")
    with unfinished.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if mode is not None:
        unfinished.chmod(stat.S_IMODE(mode))


def _rename(made: Sequence[tuple[Path, Path]]) -> None:
    """Rename, in order. Where one cannot be, those before it get back what they were."""
    olds = [_linked(path) if len(made) > 1 else None for _, path in made]
    there = [path.exists() for _, path in made]
    number = 0
    try:
        for unfinished, path in made:
            unfinished.replace(path)
            number += 1
    except BaseException:
        for (_, path), old, was in zip(made[:number], olds, there, strict=False):
            if old is not None:
                old.replace(path)
            elif not was:
                path.unlink()
        raise
    finally:
        for old in filter(None, olds):
            old.unlink(missing_ok=True)


def _linked(path: Path) -> Path | None:
    """A second name for a file; None where there is none, or the disk knows no such names."""
    name = _beside(path)
    try:
        name.hardlink_to(path)
    except OSError:
        return None
    return name
