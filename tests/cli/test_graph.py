"""`tnc graph`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.conftest import DENSE, LOW, ROOT, Answer

Tnc = Callable[..., Answer]


@pytest.fixture
def low() -> Path:
    path = Path("low.tnn")
    path.write_text(LOW)
    return path


def is_svg(text: str) -> bool:
    return ElementTree.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"


def test_writes_a_file(tnc: Tnc, low: Path) -> None:
    answer = tnc("graph", "low.tnn:Low", "-o", "low.svg")
    assert (answer.code, answer.out, answer.err) == (0, "", "wrote low.svg\n")
    assert is_svg(Path("low.svg").read_text())


def test_piped_it_is_svg(tnc: Tnc, low: Path) -> None:
    answer = tnc("graph", "low.tnn")
    assert answer.code == 0
    assert is_svg(answer.out)


def test_on_a_terminal_it_is_text(tnc: Tnc, low: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tnc.cli import graph

    monkeypatch.setattr(graph, "on_terminal", lambda: True)
    assert "r: 8   A ── B" in tnc("graph", "low.tnn").out


@pytest.mark.parametrize(
    ("name", "begins"),
    [("a.dot", "digraph"), ("a.gv", "digraph"), ("a.mmd", "---\ntitle"), ("a.txt", "Low\n")],
)
def test_the_ending_says_the_format(tnc: Tnc, low: Path, name: str, begins: str) -> None:
    assert tnc("graph", "low.tnn", "-o", name).code == 0
    assert Path(name).read_text().startswith(begins)


def test_a_format_is_asked_for(tnc: Tnc, low: Path) -> None:
    assert tnc("graph", "low.tnn", "-o", "low.md", "--format", "mermaid").code == 0
    assert "flowchart LR" in Path("low.md").read_text()


def test_an_unknown_ending_is_refused(tnc: Tnc, low: Path) -> None:
    answer = tnc("graph", "low.tnn", "-o", "low.png")
    assert answer.code == 2
    assert "--format" in answer.err
    assert not Path("low.png").exists()


def test_parameters_may_lack(tnc: Tnc) -> None:
    Path("dense.tnn").write_text(DENSE)
    assert "t: T" in tnc("graph", "dense.tnn", "--format", "txt").out
    assert "t: 7" in tnc("graph", "dense.tnn", "--format", "txt", "--set", "T=7").out


@pytest.mark.parametrize("end", ["y = x |> F", "y[n, c] = x |> F |> F", "y[n, c] = F(x)"])
def test_what_a_layer_contains_may_depend_on_a_parameter(tnc: Tnc, end: str) -> None:
    text = f"tnn 1\nlayer Net(F: layer) {{ mode n, c: 8 input x[n, c] output {end} }}\n"
    Path("net.tnn").write_text(text)
    answer = tnc("graph", "net.tnn:Net", "--format", "txt")
    assert (answer.code, answer.out) == (2, "")
    assert "what `Net` contains depends on parameters that lack a value: `F`;" in answer.err
    assert "--set" in answer.err
    assert tnc("graph", "net.tnn:Net", "--set", "F=Linear(8, 8)").code == 0


@pytest.mark.parametrize("stage", ["planned", "backward"])
def test_a_plan_needs_its_parameters(tnc: Tnc, stage: str) -> None:
    Path("dense.tnn").write_text(DENSE)
    answer = tnc("graph", "dense.tnn", "--stage", stage)
    assert answer.code == 1
    assert "E0106" in answer.err


@pytest.mark.parametrize("stage", ["planned", "backward"])
def test_stages(tnc: Tnc, low: Path, stage: str) -> None:
    answer = tnc("graph", "low.tnn", "--stage", stage, "--format", "txt", "--bind", "n=1000")
    assert answer.code == 0
    assert "macs" in answer.out


def test_errors_of_the_layer_are_reported(tnc: Tnc) -> None:
    Path("bad.tnn").write_text(LOW.replace("A[s, r]", "A[s, q]"))
    answer = tnc("graph", "bad.tnn")
    assert answer.code == 1
    assert "E0101" in answer.err
    assert answer.out == ""


@pytest.mark.parametrize(
    "words",
    [
        ("graph",),
        ("graph", "low.tnn", "--stage", "lowered"),
        ("graph", "low.tnn", "--format", "png"),
        ("graph", "low.tnn", "--depth", "-1"),
        ("graph", "low.tnn", "--depth", "deep"),
        ("graph", "low.tnn", "--bind", "q=3"),
        ("graph", "low.tnn", "--bind", "q=3", "--stage", "planned"),
    ],
)
def test_wrong_usage(tnc: Tnc, low: Path, words: tuple[str, ...]) -> None:
    answer = tnc(*words)
    assert answer.code == 2
    assert "Traceback" not in answer.err


def test_a_missing_file(tnc: Tnc) -> None:
    assert tnc("graph", "nowhere.tnn").code == 3


def test_a_folder_that_is_not_there(tnc: Tnc, low: Path) -> None:
    answer = tnc("graph", "low.tnn", "-o", "no/where.svg")
    assert answer.code == 3
    assert "E0502" in answer.err


def test_what_is_read_is_not_written(tnc: Tnc, low: Path) -> None:
    assert tnc("graph", "low.tnn", "-o", "low.tnn", "--format", "txt").code == 2
    assert low.read_text() == LOW


def test_a_network_of_the_standard_library(tnc: Tnc) -> None:
    assert "BasicBlock ×5" in tnc("graph", "std.nets:ResNet32", "--format", "txt").out
    assert "BasicBlock" not in tnc("graph", "std.nets:ResNet32", "--depth", "0").out


def test_starts_without_torch(low: Path) -> None:
    program = (
        "import sys; from tnc.cli.main import main; main(sys.argv[1:]);"
        "sys.stderr.write(str(sorted({'torch', 'networkx', 'cotengra'} & sys.modules.keys())))"
    )
    command = [sys.executable, "-c", program, "graph", "low.tnn", "-o", "low.svg"]
    answer = subprocess.run(command, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert answer.stderr == "wrote low.svg\n[]"
