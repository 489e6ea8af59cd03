"""Writing a file whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from tnc.cli.exits import reason, unwritable


def write_whole(path: Path, content: bytes) -> None:
    """Replace the file, or make it; whoever reads it sees all of the old or all of the new.

    A file keeps its mode, a link stays a link. Stop if that is impossible; then nothing changed.
    """
    try:
        real = Path(os.path.realpath(path))
        mode = real.stat().st_mode if real.exists() else None
        if mode is not None and not stat.S_ISREG(mode):
            real.write_bytes(content)  # /dev/stdout, a named pipe; IsADirectoryError for a folder
        else:
            _replace(real, content, mode)
    except OSError as error:
        raise unwritable(str(path), _why(path, error)) from None
    except ValueError as error:  # a null character in the name
        raise unwritable(str(path), str(error)) from None


def _replace(path: Path, content: bytes, mode: int | None) -> None:
    if mode is not None and not os.access(path, os.W_OK):
        raise PermissionError(None, "the file is read-only")
    # In the same folder, hence on the same disk: only there is renaming one step.
    unfinished = path.with_name(f".tnc-{secrets.token_hex(6)}.tmp")
    try:
        with unfinished.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            unfinished.chmod(stat.S_IMODE(mode))
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _why(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError) and not path.parent.exists():
        return f"there is no folder `{path.parent}`"
    return reason(error)
