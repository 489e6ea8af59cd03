"""How commands end: exit codes, streams, and no traceback whatever happens."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import cast

import pytest

from tests.cli.conftest import ROOT, Answer
from tnc.cli.exits import Exit, Stop
from tnc.cli.main import COMMANDS, main
from tnc.diagnostics import CompileError, Diagnostic, Label, Source
from tnc.version import VERSION

Run = Callable[..., Answer]
START = {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """A command `fail`, which raises the given error."""

    def fail_with(error: BaseException) -> None:
        def run(_: object) -> int:
            raise error.with_traceback(None)

        texts = dict.fromkeys(("SUMMARY", "DESCRIPTION", "EPILOG"), "")
        command = SimpleNamespace(**texts, add=lambda parser: None, run=run)
        monkeypatch.setitem(sys.modules, "tests.cli.fail", cast(ModuleType, command))
        monkeypatch.setitem(COMMANDS, "fail", "tests.cli.fail")

    return fail_with


def refused(code: str) -> CompileError:
    source = Source("a.tnn", "layer")
    label = Label(source.span(0, 5), "here", primary=True)
    return CompileError([Diagnostic(code, "error", "it is wrong", (label,))])


def test_null_characters(tnc: Run) -> None:
    assert tnc("check", "a\0b") == Answer(2, "", "error: null character in an argument\n")


def test_version(tnc: Run) -> None:
    assert tnc("--version") == Answer(0, f"tnc {VERSION}\n", "")


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_has_an_example_and_the_exit_codes(tnc: Run, command: str | None) -> None:
    answer = tnc(*([command] if command else []), "--help")
    assert (answer.code, answer.err) == (0, "")
    assert "example" in answer.out
    assert f"\n  tnc {command or 'compile'} " in answer.out
    assert "exit codes:" in answer.out
    assert all(len(line) <= 100 for line in answer.out.splitlines())
    assert answer.out.isascii()


def test_no_command_shows_the_help_and_is_wrong_usage(tnc: Run) -> None:
    answer = tnc()
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("usage: tnc ")
    assert all(re.search(rf"^  {name} +\w", answer.err, re.MULTILINE) for name in COMMANDS)


def test_an_unknown_command_is_wrong_usage(tnc: Run) -> None:
    assert tnc("chekc") == Answer(2, "", "error: `chekc` is no command; did you mean `check`?\n")
    assert tnc("zzz").err == f"error: `zzz` is no command; there are {', '.join(COMMANDS)}\n"


@pytest.mark.parametrize("words", [["--nope"], ["check"], ["check", "a", "--form", "json"]])
def test_wrong_usage(tnc: Run, words: list[str]) -> None:
    answer = tnc(*words)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("usage: tnc ")


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (Stop(Exit.IO, "it stopped"), 3, "it stopped\n"),
        (FileNotFoundError(2, "No such file", "x"), 3, "error: `x`: no such file\n"),
        (OSError("odd"), 3, "error: odd\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (BrokenPipeError(), 0, ""),
    ],
)
def test_failures(
    tnc: Run,
    failing: Callable[[BaseException], None],
    error: BaseException,
    code: int,
    told: str,
) -> None:
    failing(error)
    assert tnc("fail") == Answer(code, "", told)


@pytest.mark.parametrize(("name", "code"), [("E0203", 1), ("E0501", 4)])
def test_refusals(tnc: Run, failing: Callable[[BaseException], None], name: str, code: int) -> None:
    failing(refused(name))
    answer = tnc("fail")
    assert (answer.code, answer.out) == (code, "")
    assert answer.err.startswith(f"error[{name}]: it is wrong\n --> a.tnn:1:1\n")


def test_an_internal_error_is_one_paragraph(
    tnc: Run, failing: Callable[[BaseException], None], tmp_path: Path
) -> None:
    failing(KeyError("q"))
    answers = [tnc("fail") for _ in range(2)]
    answer = answers[0]
    assert answers == [answer, answer]
    saved = [*(tmp_path / "cache" / "tnc" / "crashes").iterdir()]
    assert (answer.code, answer.out) == (70, "")
    assert answer.err.startswith("error[E0901]: internal error: KeyError: 'q'\n")
    assert "Traceback" not in answer.err
    assert f"`{saved[0]}`" in answer.err
    report = saved[0].read_text()
    assert f"tnc {VERSION}, Python 3." in report
    assert "arguments: ['fail']" in report
    assert "Traceback (most recent call last)" in report
    assert len(saved) == 1


def test_an_internal_error_where_nothing_can_be_saved(
    tnc: Run,
    failing: Callable[[BaseException], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", "file")
    failing(KeyError("q"))
    answer = tnc("fail")
    assert answer.code == 70
    assert "Traceback" not in answer.err
    assert "this place: test_main.py:" in answer.err


def test_debugging_prints_the_traceback(
    tnc: Run,
    failing: Callable[[BaseException], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TNC_DEBUG", "1")
    failing(KeyError("q"))
    answer = tnc("fail")
    assert answer.code == 70
    assert "Traceback (most recent call last)" in answer.err


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", [["--help"], ["explain", "--list"]])
def test_a_reader_that_went_away_is_no_error(words: list[str], unbuffered: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "tnc", *words]
    environment = {**START, "PYTHONUNBUFFERED": unbuffered}
    answer = subprocess.run(
        command, env=environment, stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert (answer.returncode, answer.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", [["--help"], ["explain", "--list"]])
def test_a_full_disk_is_one(words: list[str], unbuffered: str) -> None:
    command = [sys.executable, "-m", "tnc", *words]
    environment = {**START, "PYTHONUNBUFFERED": unbuffered}
    with Path("/dev/full").open("w") as full:
        answer = subprocess.run(
            command, env=environment, stdout=full, stderr=subprocess.PIPE, check=False, text=True
        )
    assert answer.returncode == 3
    assert answer.stderr == "error: cannot write standard output: no space left on device\n"


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&-"])
def test_closed_streams(closed: str) -> None:
    command = f"{sys.executable} -m tnc explain --list {closed}"
    answer = subprocess.run(command, shell=True, env=START, capture_output=True, check=False)
    assert (answer.returncode, answer.stderr) == (0, b"")


def test_a_terminal_without_the_letters() -> None:
    environment = {**START, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "tnc", "check", "ö.tnn"]
    answer = subprocess.run(command, env=environment, capture_output=True, check=False, text=True)
    assert answer.returncode == 3
    assert answer.stderr == "error: cannot read `\\xf6.tnn`: no such file or directory\n"


def test_what_the_module_runs() -> None:
    command = [sys.executable, "-m", "tnc", "--version"]
    answer = subprocess.run(command, env=START, capture_output=True, check=True, text=True)
    assert answer.stdout == f"tnc {VERSION}\n"


def test_the_arguments_are_those_of_the_process_by_default(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["tnc", "--version"])
    assert main() == 0
    assert capsys.readouterr().out == f"tnc {VERSION}\n"


EARLY = """
import runpy, sys, tomllib
from importlib import import_module


class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "tnc.cli.main":
            raise KeyboardInterrupt


sys.meta_path.insert(0, Interrupting())
if sys.argv[1] == "module":
    runpy.run_module("tnc", run_name="__main__", alter_sys=True)
module, name = sys.argv[1].split(":")
sys.exit(getattr(import_module(module), name)())
"""


def test_an_interruption_while_modules_are_imported() -> None:
    """Whichever way the process was started."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for way in ("module", project["scripts"]["tnc"]):
        answer = subprocess.run(
            [sys.executable, "-c", EARLY, way], env=START, capture_output=True, text=True
        )
        assert (answer.returncode, answer.stderr) == (130, "interrupted\n")
