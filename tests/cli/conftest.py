"""Every test of the command line starts in an empty folder, with nothing configured."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

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
def tnc(capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """`tnc("check", "a.tnn")` runs the command in this process."""

    def run(*words: str) -> Answer:
        capsys.readouterr()
        code = main(words)
        printed = capsys.readouterr()
        return Answer(code, printed.out, printed.err)

    return run
