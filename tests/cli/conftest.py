"""Every test of the command line starts in an empty folder, with nothing configured."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from tnc.cli.main import main

ROOT = Path(__file__).parent.parent.parent

DENSE = """\
tnn 1
layer Dense(S: int = 3, T: int) {
  mode n, s: S, t: T
  input x[n, s]
  weight A[s, t]
  output y[n, t] = x * A
}
"""


LOW = """\
tnn 1
layer Low(S: int = 48, T: int = 40, R: int = 8) {
  mode n, s: S, t: T, r: R
  input x[n, s]
  weight A[s, r], B[r, t]
  output y[n, t] = x * A * B
}
"""

NOBODY = 65534
"""The user without rights."""


@dataclass(frozen=True)
class Answer:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def _bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("TNC_") or name == "NO_COLOR":
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)


@pytest.fixture
def _no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without one, whatever this machine has."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Run as nobody where root runs the tests, who may read and write everything."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


def process(*words: str, **environment: str | None) -> subprocess.Popen[str]:
    """A `tnc` of its own, which Ctrl-C ends; an environment variable that is None is not set."""
    given = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONFAULTHANDLER": "", **environment}
    return subprocess.Popen(
        [sys.executable, "-m", "tnc", *words],
        env={name: value for name, value in given.items() if value is not None},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def interrupted(*words: str, after: float) -> tuple[int, str, str]:
    """Exit code and output of a command to which Ctrl-C is sent so many seconds after its start."""
    with process(*words) as running:
        time.sleep(after)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    return running.returncode, out, err


@pytest.fixture
def tnc(capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """`tnc("check", "a.tnn")` runs the command in this process."""

    def run(*words: str) -> Answer:
        capsys.readouterr()
        code = main(words)
        printed = capsys.readouterr()
        return Answer(code, printed.out, printed.err)

    return run
