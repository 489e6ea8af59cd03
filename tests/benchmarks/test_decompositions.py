"""The benchmark of fits runs; how quick they are is for the page, not for tests."""

from __future__ import annotations

import subprocess
import sys

from tests.docs.blocks import ROOT


def test_every_format_is_measured() -> None:
    words = ["-m", "benchmarks.decompositions", "--rounds", "1", "--sweeps", "1", "--channels", "8"]
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    _, *rows = done.stdout.splitlines()
    formats = ["CP", "Tucker-2", "TT-SVD"]
    assert [row.split()[2:4] for row in rows] == [
        [kind, name] for kind in ("normal", "structured") for name in formats
    ]
