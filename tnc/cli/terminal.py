"""What a command prints: data on stdout, everything else on stderr."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO, AnyStr, TextIO

from tnc.cli.exits import Exit, Stop, reason
from tnc.diagnostics import Diagnostic
from tnc.diagnostics.render import human

PATIENCE = 0.5
"""Seconds after which it is told how far a command is."""


def data(text: str) -> None:
    """Print what was asked for."""
    _print(f"{text}\n", sys.stdout)


def exactly(content: bytes) -> None:
    """Print a file's content: the same bytes whatever the terminal's encoding and line ends."""
    if hasattr(sys.stdout, "buffer"):
        _arrive(sys.stdout, "")
        _arrive(sys.stdout.buffer, content)
    else:
        _print(content.decode(), sys.stdout)


def tell(text: str) -> None:
    """Print what the user should know."""
    _print(f"{text}\n", sys.stderr)


def clear() -> None:
    """Empty the screen, if that is where messages go."""
    if sys.stderr is not None and sys.stderr.isatty():
        _print("\x1b[H\x1b[2J\x1b[3J", sys.stderr)


def show(diagnostics: Sequence[Diagnostic]) -> None:
    """Print diagnostics for people, if there are any."""
    if diagnostics:
        tell(human(diagnostics, colour=coloured(sys.stderr)))


@dataclass(slots=True)
class Progress:
    """One line on a terminal that says how far a long command is, from half a second on. `total`
    is None where nobody knows it."""

    total: int | None
    done: int = 0
    shown: bool = False
    started: float = field(default_factory=time.monotonic)

    def step(self, what: str) -> None:
        """The next thing begins."""
        self.done += 1
        patient = time.monotonic() - self.started < PATIENCE
        if sys.stderr is not None and sys.stderr.isatty() and not patient:
            self.clear()
            much = f"{self.done}" if self.total is None else f"{self.done} of {self.total}"
            _print(f"{much}: {what[:60]}", sys.stderr)
            self.shown = True

    def clear(self) -> None:
        """Leave no trace."""
        if self.shown:
            _print("\r\x1b[K", sys.stderr)
            self.shown = False


def coloured(stream: TextIO | None) -> bool:
    """Only on a terminal, and not against the user's wish (https://no-color.org)."""
    if stream is None or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def finish(code: int) -> int:
    """Flush; the exit code, which changes if what was printed did not arrive."""
    try:
        _arrive(sys.stdout, "")
    except Stop as stop:
        tell(str(stop))
        code = stop.code
    _arrive(sys.stderr, "")
    return code


def _print(text: str, stream: TextIO | None) -> None:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    _arrive(stream, text.encode(encoding, "backslashreplace").decode(encoding))


def _arrive(stream: IO[AnyStr] | None, text: AnyStr) -> None:
    """Write and flush. Stop if data is lost, but not if merely nobody reads it any more."""
    if stream is None:  # closed by the shell: `tnc … >&-`
        return
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        _forget(stream)
        if stream is not sys.stderr and not isinstance(error, BrokenPipeError):
            raise Stop(Exit.IO, f"error: cannot write standard output: {reason(error)}") from None


def _forget(stream: IO[AnyStr]) -> None:
    """Let Python's last flush of this stream go nowhere, in silence."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
