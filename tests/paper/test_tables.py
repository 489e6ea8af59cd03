"""The program that makes the tables: killed at any point it ends with the same figures."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from tests.paper.conftest import PAPER

GRID = [
    *("--network", "lenet5", "--layers", "dense", "--families", "SVD", "--ratios", "0.1"),
    *("--seeds", "1", "--epochs", "1", "--samples", "2", "--rate", "0.005"),
]
RESULTS, PATIENCE = "results.jsonl", 300


ENVIRONMENT = {
    **os.environ,
    "OMP_NUM_THREADS": "1",
    "PYTHONPATH": str(PAPER.parents[1]),
    "CUDA_VISIBLE_DEVICES": "",  # autograd's threads for devices do not survive a fork
}


class Forks:
    """The process of `tests.paper.forks`; `whole` is the folder of its own run."""

    def __init__(self, whole: Path) -> None:
        self.whole = whole
        words = [sys.executable, "-m", "tests.paper.forks"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            words, env=ENVIRONMENT, cwd=PAPER.parents[1], stdin=pipe, stdout=pipe, bufsize=0
        )
        assert self.start(whole) == 0

    def start(self, folder: Path) -> int:
        """Begin or go on; the number of the child."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([*GRID, "-o", str(folder)]).encode() + b"\n")
        return self.answer()

    def ended(self) -> bool:
        """Whether the child has ended by itself; looks for some milliseconds."""
        return bool(select.select([self.process.stdout], [], [], 0.005)[0])

    def answer(self) -> int:
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())


@pytest.fixture(scope="module")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    made = Forks(tmp_path_factory.mktemp("whole"))
    yield made
    assert made.process.stdin is not None
    made.process.stdin.close()
    assert made.process.wait(PATIENCE) == 0


@pytest.fixture
def whole(forks: Forks) -> Path:
    return forks.whole


@pytest.mark.slow
def test_killed_whenever_something_was_written(forks: Forks, tmp_path: Path) -> None:
    """By SIGKILL, each time that a file was written, until there is nothing left to do. Then the
    command, as users write it, finds all done."""
    kills = 0
    while True:
        before, child = seen(tmp_path), forks.start(tmp_path)
        while seen(tmp_path) <= before and not forks.ended():
            pass
        if not forks.ended():
            os.kill(child, signal.SIGKILL)
        code = forks.answer()
        if code == 0:
            break
        assert code == -signal.SIGKILL
        kills += 1
        assert kills < 20
    assert kills > 4
    assert figures(tmp_path) == figures(forks.whole)
    for name in ("table.md", "curves.svg"):
        (tmp_path / name).unlink()
    words = [sys.executable, str(PAPER / "tables.py"), *GRID, "-o", str(tmp_path)]
    done = subprocess.run(words, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert done.stdout == f"{tmp_path}/table.md, {tmp_path}/curves.svg\n"
    assert figures(tmp_path) == figures(forks.whole)


def figures(folder: Path) -> dict[str, bytes]:
    """What lies in a folder; of a checkpoint, which has tensors in an archive, the name only."""
    return {
        each.name: b"" if each.suffix == ".pt" else each.read_bytes() for each in folder.iterdir()
    }


def seen(folder: Path) -> set[tuple[str, int]]:
    """What lies in the folder, whole."""
    return {(each.name, each.stat().st_mtime_ns) for each in folder.iterdir() if whole_file(each)}


def whole_file(path: Path) -> bool:
    return path.suffix in {".pt", ".jsonl"}


@pytest.mark.slow
def test_what_the_files_say(whole: Path) -> None:
    head, line = (whole / RESULTS).read_text().splitlines()
    assert json.loads(head)["network"] == "lenet5"
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


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dense-0.pt").write_bytes(b"junk")
    words = [sys.executable, str(PAPER / "tables.py"), *GRID, "-o", str(tmp_path)]
    done = subprocess.run(words, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    said = f"error: `{tmp_path}/dense-0.pt` is no checkpoint: give another path\n"
    assert (done.returncode, done.stderr) == (1, said)


@pytest.mark.parametrize(
    ("family", "ratio", "least", "most"),
    [
        ("SVD", 0.05, 0.045, 0.05),  # others go without what a 1 × 1 shortcut needs
        ("SVD", 0.02, 672 / 19072, 672 / 19072),  # every rank is 1: 3(S + T) or S + T parameters
    ],
)
def test_actual_ratios_of_small_layers(
    family: str, ratio: float, least: float, most: float
) -> None:
    """Of 19,072 parameters that convolutions have, all but the first."""
    runs, networks = import_module("runs"), import_module("networks")
    setting = runs.Setting("resnet8", "digits", "all", 1, 0.1, 2)
    teacher = networks.NETWORKS["resnet8"](1, 10)
    made, actual = runs.compressed(setting, runs.Cell(family, ratio, 0), teacher)
    assert least <= actual <= most
    assert made.model is not None
    total = sum(each.numel() for each in made.model.parameters())
    rest = sum(each.numel() for each in teacher.parameters()) - 19072
    assert total - rest == round(actual * 19072)


def test_mean_and_deviation() -> None:
    spread = import_module("tables").spread
    assert spread([90.0, 91.0, 95.0]) == "92.0 ± 2.6"
    assert spread([90.0]) == "90.0 ± 0.0"
    assert spread([]) == ""
