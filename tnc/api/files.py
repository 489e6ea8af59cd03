"""Where a `.tnn` text comes from: a path, or a string."""

from __future__ import annotations

import os

from tnc.diagnostics import Source
from tnc.driver.front import Unit, opened, parsed

INLINE = "<source>"


def open_unit(path: str | os.PathLike[str] | None, source: str | None) -> Unit:
    """Parse the file at `path`, or the text `source`; exactly one of them is given. A path may be
    a module of the standard library, `std.nets`."""
    if path is not None and source is None:
        return opened(os.fspath(path))
    if source is not None and path is None:
        return parsed(Source(INLINE, source))
    raise TypeError("give either the path of a .tnn file or source=…")
