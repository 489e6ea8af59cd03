"""The benchmark of keystrokes runs; how quick they are is for the page, not for tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_letters_are_written_and_answered() -> None:
    words = [sys.executable, "-m", "benchmarks.keystroke", "--letters", "2"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    head, *rows = done.stdout.splitlines()
    assert "diagnostics, ms" in head
    assert [row.split(" (")[0] for row in rows] == ["CifarResNet", "BasicBlock"]
