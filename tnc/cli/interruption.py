"""Ctrl-C, which no library is to swallow or to make an error of its own of.

Libraries that are interrupted while they are imported do both: PyTorch does without NumPy then, and
NumPy cannot be imported a second time. So an interruption waits until an import is over.
"""

from __future__ import annotations

import signal
import time
from types import FrameType

PAUSE, LONGEST = 0.05, 3.0
"""How often is looked whether an import is over, and how long is waited for it, in seconds: models
may do their work while they are imported."""

_IMPORT = "<frozen importlib._bootstrap>"


class Interruptions:
    """Whether there was one. Only a process that Ctrl-C would end listens."""

    def __init__(self) -> None:
        self._first: float | None = None

    def listen(self) -> None:
        """From now on."""
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._come)
            if hasattr(signal, "SIGALRM"):
                signal.signal(signal.SIGALRM, self._come)

    def __bool__(self) -> bool:
        return self._first is not None

    def _come(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        self._first = self._first or now
        if hasattr(signal, "setitimer") and now - self._first < LONGEST and _imports(frame):
            signal.setitimer(signal.ITIMER_REAL, PAUSE)
        else:
            raise KeyboardInterrupt


def _imports(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == _IMPORT:
            return True
        frame = frame.f_back
    return False
