"""`tnc compile` and `tnc plan` on real layers."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import DENSE, ROOT, Answer, ordinary_user
from tnc.cli.exits import Exit, Stop

Run = Callable[..., Answer]

OTHER = """\
layer Other(R: int = 2) {
  mode n, r: R
  input x[n, r]
  weight A[r]
  output y[n, r] = x * A
}
"""
COMPLETE = DENSE.replace("T: int", "T: int = 5")
TWO = DENSE + OTHER


@pytest.fixture(autouse=True)
def _files() -> None:
    Path("dense.tnn").write_text(DENSE)
    Path("complete.tnn").write_text(COMPLETE)
    Path("two.tnn").write_text(TWO)


def refused(answer: Answer, code: int, *told: str) -> None:
    assert (answer.code, answer.out) == (code, "")
    assert all(text in answer.err for text in told), answer.err
    assert "Traceback" not in answer.err
    assert [*Path().glob("*.py")] == []


def test_the_module_is_written_beside_the_layer(tnc: Run) -> None:
    Path("below").mkdir()
    Path("below/dense.tnn").write_text(DENSE)
    answer = tnc("compile", "below/dense.tnn:Dense", "--set", "T=5", "--bind", "n=7")
    assert (answer.code, answer.out) == (0, "")
    assert answer.err == ("wrote below/dense.py: Dense (15 parameters, 105 MACs forward at n=7)\n")
    assert "class Dense(" in Path("below/dense.py").read_text()
    assert sorted(Path("below").iterdir()) == [Path("below/dense.py"), Path("below/dense.tnn")]


def test_the_bytes_are_those_of_the_other_ways(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    from tnc.cli.main import main

    assert main(["compile", "complete.tnn"]) == 0
    written = Path("complete.py").read_bytes()
    capfdbinary.readouterr()
    assert main(["compile", "complete.tnn:Dense", "-o", "-", "--verify", "--no-cache"]) == 0
    assert capfdbinary.readouterr().out == written
    assert b"\r" not in written
    command = [sys.executable, "-m", "tnc", "compile", "-", "-o", "complete.tnn.py"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(command, env=environment, input=COMPLETE.encode(), check=True)
    lines = Path("complete.tnn.py").read_bytes().replace(b"<stdin>", b"complete.tnn")
    assert lines == written


def test_the_module_works(tnc: Run) -> None:
    assert tnc("compile", "complete.tnn").code == 0
    program = "import torch, complete; print([*complete.Dense()(torch.ones(2, 3)).shape])"
    answer = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert answer.stdout == "[2, 5]\n"


def test_standard_input_goes_to_standard_output(tnc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(COMPLETE.encode())))
    answer = tnc("compile", "-")
    assert answer.code == 0
    assert "class Dense(" in answer.out
    assert answer.err.startswith("wrote stdout: Dense (")


def test_without_a_layer_those_that_are_complete(tnc: Run) -> None:
    assert tnc("compile", "two.tnn").code == 0
    text = Path("two.py").read_text()
    assert "class Other(" in text
    assert "class Dense(" not in text
    assert tnc("compile", "two.tnn", "--set", "T=4,R=3").err.startswith(
        "wrote two.py: Dense (12 parameters, "
    )
    text = Path("two.py").read_text()
    assert "class Other(" in text
    assert "class Dense(" in text


def test_two_layers_of_a_file_make_one_module(tnc: Run) -> None:
    answer = tnc("compile", "two.tnn:Other", "two.tnn:Dense", "--set", "T=4", "-o", "x.py")
    assert answer.code == 0
    assert answer.err.startswith("wrote x.py: Other (")
    assert "; Dense (" in answer.err
    text = Path("x.py").read_text()
    assert "class Other(" in text
    assert "class Dense(" in text


def test_two_files_need_a_folder(tnc: Run) -> None:
    refused(tnc("compile", "two.tnn", "complete.tnn"), 2, "name a folder")
    refused(tnc("compile", "two.tnn", "complete.tnn", "-o", "x.py"), 2, "name a folder")
    refused(tnc("compile", "two.tnn", "complete.tnn", "-o", "-"), 2, "name a folder")
    refused(tnc("compile", "two.tnn", "-o", "no/"), 3, "there is no folder `no`")
    Path("out").mkdir()
    assert tnc("compile", "two.tnn", "complete.tnn", "-o", "out").code == 0
    assert sorted(Path("out").iterdir()) == [Path("out/complete.py"), Path("out/two.py")]
    Path("again").mkdir()
    Path("again/two.tnn").write_text(TWO)
    assert tnc("compile", "two.tnn", "again/two.tnn", "-o", "out").code == 2
    assert tnc("compile", "-", "-o", "out").code == 2


def test_of_several_files_all_or_none_are_written(tnc: Run) -> None:
    Path("out").mkdir()
    Path("wrong.tnn").write_text(COMPLETE.replace("* A", "* B"))
    refused(tnc("compile", "complete.tnn", "wrong.tnn", "-o", "out"), 1, "E0102")
    assert [*Path("out").iterdir()] == []


def test_several_files_share_their_settings(tnc: Run) -> None:
    Path("out").mkdir()
    Path("other.tnn").write_text("tnn 1\n" + OTHER)
    words = ("compile", "complete.tnn", "other.tnn", "-o", "out", "--set")
    answer = tnc(*words, "T=4,R=3")
    assert (answer.code, answer.out) == (0, "")
    assert "Dense (12 parameters, " in answer.err
    assert "Other (3 parameters, " in answer.err
    refused(tnc(*words, "T=4,Q=3"), 1, "`Dense` has no parameter `Q`", "`Other` has no parameter")


def test_all_files_are_reported(tnc: Run) -> None:
    Path("out").mkdir()
    for name in ("one", "two"):
        Path(f"{name}.tnn").write_text(COMPLETE.replace("* A", "* A * B"))
    refused(tnc("compile", "one.tnn", "two.tnn", "-o", "out"), 1, "> one.tnn:6", "> two.tnn:6")


def test_what_is_missing(tnc: Run) -> None:
    refused(tnc("compile", "dense.tnn"), 1, "error[E0106]", "`T`")
    refused(tnc("compile", "dense.tnn:Dense"), 1, "error[E0106]", "`T`")
    refused(tnc("compile", "dense.tnn:Dnse"), 1, "error[E0103]", "did you mean `Dense`?")
    Path("two.tnn").write_text(DENSE + DENSE.removeprefix("tnn 1\n").replace("Dense", "More"))
    refused(tnc("compile", "two.tnn"), 2, "`Dense` needs T; `More` needs T")
    Path("none.tnn").write_text("tnn 1\n")
    refused(tnc("compile", "none.tnn"), 1, "there is no layer in `none.tnn`")


@pytest.mark.parametrize(
    ("setting", "code", "told"),
    [
        ("T=5,Q=3", 1, "error[E0105]"),
        ("T=x", 1, "error[E0401]"),
        ("T=[5]", 1, "error[E0401]"),
        ("T=0", 1, "error["),
        ("T=-3", 1, "error["),
        ("T=1e999", 1, "error["),
        ("T=5,", 2, "expected `name=value`"),
        ("T=5,Conv=CP(R: 3)", 1, "error[E0105]"),
        ("T=CP(R: 3)", 1, "expected `int`, found `str`"),
        ("T=5,Stage.R=8", 1, "no layer inside of `Dense` has a parameter `Stage.R`"),
    ],
)
def test_refused_settings(tnc: Run, setting: str, code: int, told: str) -> None:
    refused(tnc("compile", "dense.tnn", "--set", setting), code, told)


def test_an_unknown_parameter_is_reported_once(tnc: Run) -> None:
    Path("two.tnn").write_text(COMPLETE + OTHER)
    answer = tnc("compile", "two.tnn", "--set", "Q=3")
    refused(answer, 1, "error[E0105]", "`Q`")
    assert answer.err.count("error[") == 1


def test_a_parameter_of_another_layer_is_unknown(tnc: Run) -> None:
    refused(tnc("compile", "two.tnn:Other", "--set", "T=4"), 1, "`Other` has no parameter `T`")


@pytest.mark.parametrize("command", [["compile", "-o", "-"], ["plan", "--json"]])
def test_warnings_go_to_stderr(tnc: Run, command: list[str]) -> None:
    clean = tnc(*command, "complete.tnn")
    Path("complete.tnn").write_text(COMPLETE.removeprefix("tnn 1\n"))
    answer = tnc(*command, "complete.tnn")
    assert answer.code == 0
    assert answer.err.startswith("warning[W0001]: ")
    assert "W0001" not in clean.err + answer.out


@pytest.mark.parametrize("command", ["compile", "plan"])
def test_sizes(tnc: Run, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    refused(tnc(command, "complete.tnn", "--bind", "m=3"), 2, "cannot bind `m`", "there are `n`")
    refused(tnc(command, "complete.tnn", "--bind", "n=0"), 2, "`--bind n=0`: ")
    monkeypatch.setenv("TNC_BIND", "n=x")
    refused(tnc(command, "complete.tnn"), 2, "`TNC_BIND`: ")
    monkeypatch.setenv("TNC_BIND", "n=3,h=4")  # h: for other layers
    assert tnc(command, "complete.tnn").code == 0


@pytest.mark.parametrize("command", ["compile", "plan"])
def test_profiles(tnc: Run, command: str) -> None:
    refused(tnc(command, "complete.tnn", "--profile", "cdua"), 2, "no profile `cdua`", "`cuda`")
    refused(tnc(command, "complete.tnn", "--profile", "no.json"), 3, "cannot read `no.json`")
    for text in ("", "[]", "{}", "null", '{"name": 3}', "\ufeff{"):
        Path("odd.json").write_text(text)
        refused(
            tnc(command, "complete.tnn", "--profile", "odd.json"), 2, "odd.json is not a device"
        )
    Path("odd.json").write_bytes(b"\xff")
    refused(tnc(command, "complete.tnn", "--profile", "odd.json"), 2, "odd.json is not a device")
    assert tnc("plan", "complete.tnn", "--profile", "cuda").code == 0


def test_objectives_are_configured(tnc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def objective(*words: str) -> str:
        return str(json.loads(tnc("plan", "complete.tnn", "--json", *words).out)["objective"])

    assert objective() == "time"
    Path("tnc.toml").write_text('objective = "macs"\nbind = {n = 9}\n')
    assert objective() == "macs"
    monkeypatch.setenv("TNC_OBJECTIVE", "memory")
    assert objective() == "memory"
    assert objective("--objective", "time") == "time"
    answer = tnc("plan", "complete.tnn", "--json")
    assert json.loads(answer.out)["binding"] == {"n": 9}


def test_check_compares(tnc: Run) -> None:
    words = ("compile", "complete.tnn", "--check")
    answer = tnc(*words)
    assert (answer.code, answer.out) == (1, "")
    assert "complete.py does not exist" in answer.err
    assert tnc("compile", "complete.tnn").code == 0
    before = Path("complete.py").stat()
    assert tnc(*words) == Answer(0, "", "")
    assert Path("complete.py").stat().st_mtime_ns == before.st_mtime_ns
    text = Path("complete.py").read_text()
    Path("complete.py").write_text(text.replace("class Dense(", "class Changed("))
    answer = tnc(*words)
    assert (answer.code, answer.out) == (1, "")
    assert "\n-class Changed(" in answer.err
    assert "\n+class Dense(" in answer.err
    Path("complete.py").write_text("")
    answer = tnc(*words)
    assert answer.code == 1
    assert answer.err.splitlines()[-1].startswith("… and ")
    assert len(answer.err.splitlines()) < 50
    assert tnc(*words, "-o", "-").code == 2
    assert tnc(*words, "-o", ".").code == 1


def test_check_compares_every_file(tnc: Run) -> None:
    Path("out").mkdir()
    words = ("compile", "complete.tnn", "two.tnn", "-o", "out")
    assert tnc(*words).code == 0
    assert tnc(*words, "--check") == Answer(0, "", "")
    for name in ("complete", "two"):
        Path(f"out/{name}.py").write_text("")
        answer = tnc(*words, "--check")
        assert answer.code == 1
        assert f"out/{name}.py differs" in answer.err
        assert tnc(*words).code == 0


def test_every_flag_reaches_the_driver(tnc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from tnc.driver import build
    from tnc.driver.options import Options

    asked: list[Options] = []

    def refuse(unit: object, requests: object, options: Options) -> None:
        asked.append(options)
        raise Stop(Exit.REFUSED, "no")

    monkeypatch.setattr(build, "compile_unit", refuse)
    flags = "--bind n=3 --objective macs --backward autograd --profile cuda --verify --no-cache "
    flags += "--memory-limit 3GB"
    assert tnc("compile", "complete.tnn").code == 1
    assert tnc("compile", "complete.tnn", *flags.split()).code == 1
    plain, given = asked
    assert plain == Options()
    assert (given.binding, given.objective, given.backward) == ({"n": 3}, "macs", "autograd")
    assert (given.profile.name, given.verify, given.cache) == ("cuda", True, False)
    assert given.memory_limit == 3 * 10**9


def test_the_input_is_not_overwritten(tnc: Run) -> None:
    answer = tnc("compile", "complete.tnn", "-o", "complete.tnn")
    refused(answer, 2, "`complete.tnn` is what is read")
    Path("complete.tnn").rename("complete.py")
    assert tnc("compile", "complete.py").code == 2
    assert Path("complete.py").read_text() == COMPLETE


def test_a_file_that_was_not_generated_is_not_overwritten_unasked(tnc: Run) -> None:
    Path("complete.py").write_text("print('mine')\n")
    answer = tnc("compile", "complete.tnn")
    assert answer.code == 3
    assert "`-o complete.py`" in answer.err
    assert Path("complete.py").read_text() == "print('mine')\n"
    assert tnc("compile", "complete.tnn", "-o", "complete.py").code == 0
    assert tnc("compile", "complete.tnn").code == 0


def test_what_cannot_be_written(tnc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    refused(tnc("compile", "complete.tnn", "-o", "no/x.py"), 3, "E0502", "no folder `no`")
    refused(tnc("compile", "complete.tnn", "-o", "two.tnn/x.py"), 3, "E0502", "not a directory")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        refused(tnc("compile", "complete.tnn"), 3, "E0502", "no space left")
    Path("closed").mkdir(mode=0o555)
    with ordinary_user():
        answer = tnc("compile", "complete.tnn", "-o", "closed")
    refused(answer, 3, "E0502", "permission denied")


def test_a_plan(tnc: Run) -> None:
    answer = tnc("plan", "complete.tnn:Dense", "--bind", "n=7")
    assert (answer.code, answer.err) == (0, "")
    assert "Dense" in answer.out
    compared = tnc("plan", "complete.tnn", "--bind", "n=7", "--compare")
    spelled = tnc("plan", "complete.tnn", "--bind", "n=7", "--math")
    assert compared.out.startswith(answer.out)
    assert spelled.out.startswith(answer.out)
    assert answer.out != compared.out != spelled.out
    assert [*Path().glob("*.py")] == []


def test_a_plan_as_json(tnc: Run) -> None:
    answer = tnc("plan", "dense.tnn", "--set", "T=5", "--bind", "n=7", "--json")
    assert (answer.code, answer.err) == (0, "")
    plan = json.loads(answer.out)
    assert plan["schema"] == "tnc.plan/1"
    assert (plan["layer"], plan["macs"], plan["parameters"]) == ("Dense", 105, 15)
    assert tnc("plan", "complete.tnn", "--json", "--math").code == 2


def test_which_layer_to_plan(tnc: Run) -> None:
    assert tnc("plan", "two.tnn").out == tnc("plan", "two.tnn:Other").out
    refused(tnc("plan", "two.tnn", "--set", "T=4"), 2, "`two.tnn:Dense`, `two.tnn:Other`")
    refused(tnc("plan", "dense.tnn"), 1, "error[E0106]")


def test_a_reader_that_went_away_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "tnc", "plan", "complete.tnn", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    answer = subprocess.run(
        command, env=environment, stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert (answer.returncode, answer.stderr) == (0, b"")
