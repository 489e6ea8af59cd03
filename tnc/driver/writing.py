"""Writing a file whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Replace the file, or make it; whoever reads it sees all of the old or all of the new.

    A file keeps its mode, a link stays a link. Errors: OSError, and then nothing has changed;
    ValueError for a name that no file can have.
    """
    real = Path(os.path.realpath(path))
    mode = real.stat().st_mode if real.exists() else None
    if mode is not None and not stat.S_ISREG(mode):
        real.write_bytes(content)  # /dev/stdout, a named pipe; IsADirectoryError for a folder
    else:
        _replace(real, content, mode)


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
