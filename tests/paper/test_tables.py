"""The program that makes the tables: killed at any point it ends with the same figures."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import pytest

from tests.paper.conftest import PAPER

GRID = [
    *("--network", "lenet300", "--layers", "dense", "--families", "SVD", "--ratios", "0.1"),
    *("--seeds", "1", "--epochs", "1", "--samples", "2"),
]
RESULTS, PATIENCE = "results.jsonl", 300


def start(folder: Path) -> subprocess.Popen[bytes]:
    words = [sys.executable, str(PAPER / "tables.py"), *GRID, "-o", str(folder)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(PAPER.parents[1])}
    return subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    assert start(folder).wait(PATIENCE) == 0
    return folder


@pytest.mark.slow
def test_killed_whenever_something_was_written(whole: Path, tmp_path: Path) -> None:
    """By SIGKILL, each time that a file was written, until there is nothing left to do."""
    kills = 0
    while True:
        process, before = start(tmp_path), seen(tmp_path)
        while process.poll() is None and seen(tmp_path) <= before:
            time.sleep(0.005)
        if process.poll() is not None:
            break
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills += 1
        assert kills < 20
    assert process.returncode == 0
    assert kills > 4
    for name in (RESULTS, "table.md", "curves.svg"):
        assert (tmp_path / name).read_bytes() == (whole / name).read_bytes()
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(
        each.name for each in whole.iterdir()
    )


def seen(folder: Path) -> set[tuple[str, int]]:
    """What lies in the folder, whole."""
    return {(each.name, each.stat().st_mtime_ns) for each in folder.iterdir() if whole_file(each)}


def whole_file(path: Path) -> bool:
    return path.suffix in {".pt", ".jsonl"}


@pytest.mark.slow
def test_what_the_files_say(whole: Path) -> None:
    head, line = (whole / RESULTS).read_text().splitlines()
    assert json.loads(head)["network"] == "lenet300"
    found = json.loads(line)
    assert found["cell"] == {"family": "SVD", "ratio": 0.1, "seed": 0}
    assert 0.08 < found["actual"] <= 0.1
    assert found["dense"] > 80
    assert found["accuracy"]["seq"] > found["accuracy"]["fit"] - 1
    assert [len(curve) for curve in found["curves"].values()] == [1, 1]
    assert all(after < before for before, after in found["errors"].values())
    table = (whole / "table.md").read_text()
    assert f"| SVD | {found['accuracy']['seq']:.1f} ± 0.0 |" in table
    assert (whole / "curves.svg").read_text().count("<svg") == 1


def test_a_torn_line_is_made_anew(tmp_path: Path) -> None:
    tables, runs = import_module("tables"), import_module("runs")
    setting = runs.Setting("lenet5", "digits", "all", 1, 0.1, 2)
    cells = [runs.Cell("CP", 0.1, seed) for seed in range(2)]
    lines = [runs.Result(each, 1.0, 0.1, {}, {}, {}).to_json() for each in cells]
    file = tmp_path / RESULTS
    tables.kept(file, setting)
    text = file.read_text() + json.dumps(lines[0]) + "\n" + json.dumps(lines[1])[:40]
    file.write_text(text)
    assert list(tables.kept(file, setting)) == cells[:1]
    assert len(file.read_text().splitlines()) == 2
    other = runs.Setting("lenet5", "digits", "all", 2, 0.1, 2)
    with pytest.raises(SystemExit, match="other settings"):
        tables.kept(file, other)


def test_mean_and_deviation() -> None:
    spread = import_module("tables").spread
    assert spread([90.0, 91.0, 95.0]) == "92.0 ± 2.6"
    assert spread([90.0]) == "90.0 ± 0.0"
    assert spread([]) == ""
