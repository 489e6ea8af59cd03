"""The benchmark of commands runs on files of the lines that it says, in which nothing is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.startup import LINES, examples, repeated
from tnc.diagnostics import Source
from tnc.driver.front import check
from tnc.driver.imports import FOLDER

ROOT = Path(__file__).parents[2]


def standard(module: str) -> str:
    return (FOLDER / f"{module}.tnn").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "text",
    [examples(), standard("convolution"), standard("nets")],
    ids=["examples", "convolution", "nets"],
)
def test_files_are_as_long_as_asked_for_and_right(text: str) -> None:
    text = repeated(text, LINES)
    assert 0.75 * LINES <= len(text.splitlines()) <= 1.25 * LINES
    assert check(Source("long.tnn", text)) == ()


def test_every_command_is_measured() -> None:
    words = [sys.executable, "-m", "benchmarks.startup", "--rounds", "1"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    head, *rows = done.stdout.splitlines()
    assert head.endswith("processor")
    assert [row.split()[1].rstrip(",") for row in rows] == [
        *("--version", "explain", "fmt"),
        *("check", "check", "check", "check"),
    ]
