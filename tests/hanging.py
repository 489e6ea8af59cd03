"""What ends too late fails, rather than that the tests never end."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 10
"""Seconds after which something counts as hanging; the texts of the tests take milliseconds."""


@contextmanager
def guarded() -> Iterator[None]:
    """Fails where something hangs; where a system has no such timer, only the whole run would."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def hang(*_: object) -> None:
        raise TimeoutError(f"more than {PATIENCE} s")

    before = signal.signal(signal.SIGALRM, hang)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
