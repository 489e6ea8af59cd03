"""What is said about the programs of a diagnostic: their commands, run as a user would."""

from __future__ import annotations

import io
import re
import shlex
from collections.abc import Callable, Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

from tnc.diagnostics.entry import Entry

Main = Callable[[Sequence[str]], int]
"""What runs a command line."""

PROGRAM = "program.tnn"


def demonstrated(entry: Entry, text: str, command: str, main: Main) -> tuple[int, str]:
    """The exit code of a command on a text, and what it tells on stderr."""
    said = io.StringIO()
    with TemporaryDirectory(prefix="tnc-") as folder, chdir(folder):
        for name, content in [*entry.beside, (PROGRAM, text)]:
            Path(name).write_text(content, encoding="utf-8")
        with redirect_stderr(said), redirect_stdout(io.StringIO()):
            code = main(shlex.split(command)[1:])
    return code, said.getvalue()


def message(entry: Entry, main: Main) -> str:
    """The diagnostics about the refused program, without what a command tells beside them."""
    _, said = demonstrated(entry, entry.refused, entry.command, main)
    parts = re.split(r"\n\n|\n(?=wrote )", said.strip())
    return "\n\n".join(each for each in parts if each.startswith(("error[", "warning[")))
