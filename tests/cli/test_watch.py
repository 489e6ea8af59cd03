"""`tnc check --watch`: what makes it check again, and how it ends."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path
from threading import Event

import pytest

from tests.cli.conftest import DENSE, ROOT, Answer, process
from tnc.cli.main import main
from tnc.cli.watch import whenever_changed

Run = Callable[..., Answer]
Deed = Callable[[], object]

WRONG = DENSE.replace("x * A", "x * A * B")
USER = 'tnn 1\nfrom .inner import Dense\ntest "t" { assert params(Dense(T: 2)) == 6 }\n'


def write(name: str, text: str) -> Deed:
    """As an editor does: beside, then in one step."""

    def deed() -> None:
        Path(f"{name}~").write_text(text)
        os.utime(f"{name}~", (1, 1))  # or it may be too new for the round that finds it
        Path(f"{name}~").replace(name)

    return deed


def rounds(monkeypatch: pytest.MonkeyPatch, deeds: list[Deed], *words: str) -> int:
    """Check, do each of the deeds in a pause, and then press Ctrl-C."""
    left = iter(deeds)

    def pause(_: float) -> None:
        Event().wait(0.02)  # the clocks of file systems are coarse
        deed = next(left, None)
        if deed is None:
            raise KeyboardInterrupt
        deed()

    monkeypatch.setattr("tnc.cli.watch.time.sleep", pause)
    return main(["check", "--watch", "--format", "short", *words])


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What each round says, in a word or two."""
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.endswith("interrupted\n")
    found = []
    for each in printed.err.removesuffix("interrupted\n").split("; Ctrl-C ends\n")[:-1]:
        lines = [line.split(": ")[1] for line in each.splitlines()[:-2] if ": " in line]
        found.append(", ".join(lines) or each.splitlines()[0])
    return found


def test_again_when_the_file_changes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("a.tnn").write_text(DENSE)
    deeds = [write("a.tnn", WRONG), lambda: None, write("a.tnn", DENSE), lambda: None]
    assert rounds(monkeypatch, deeds, "a.tnn") == 130
    assert told(capsys) == ["no mistakes", "error[E0102]", "no mistakes"]


def test_a_file_may_vanish_and_come_back(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("a.tnn").write_text(DENSE)
    deeds = [Path("a.tnn").unlink, lambda: None, write("a.tnn", DENSE)]
    assert rounds(monkeypatch, deeds, "a.tnn") == 130
    printed = capsys.readouterr().err.splitlines()
    assert printed[:2] == ["no mistakes", "watching 1 file; Ctrl-C ends"]
    assert printed[2] == "error: cannot read `a.tnn`: no such file or directory"
    assert printed[4:6] == printed[:2]


def test_again_when_an_imported_file_changes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also when it comes to be: it is looked for in vain before."""
    Path("a.tnn").write_text(USER)
    deeds = [write("inner.tnn", DENSE), write("inner.tnn", WRONG), Path("inner.tnn").unlink]
    assert rounds(monkeypatch, deeds, "a.tnn") == 130
    assert told(capsys) == ["error[E0107]", "no mistakes", "error[E0102]", "error[E0107]"]


def test_folders_may_get_and_lose_files(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("in/deep").mkdir(parents=True)
    Path("in/a.tnn").write_text(DENSE)
    deeds = [
        write("in/deep/b.tnn", WRONG),
        Path("in/deep/b.tnn").unlink,
        Path("in/a.tnn").unlink,
        write("in/deep/c.tnn", DENSE),
    ]
    assert rounds(monkeypatch, deeds, "in") == 130
    clean = ["no mistakes", "watching 1 file; Ctrl-C ends"]
    printed = capsys.readouterr().err.splitlines()
    assert printed.pop(2).startswith("in/deep/b.tnn:6:28: error[E0102]: ")
    assert printed == [
        *clean,
        *("1 error", "watching 2 files; Ctrl-C ends"),
        *clean,
        "error: there is no `.tnn` file in the folder `in`",
        *clean,
        "interrupted",
    ]


def test_a_change_while_checking_is_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    path, inner = Path("a"), Path("b")
    for each in (path, inner):
        each.write_text("1")
        os.utime(each, (1, 1))
    seen: list[str] = []

    def run() -> list[Path]:
        seen.append(path.read_text() + inner.read_text())
        if len(seen) < 3:
            (inner if len(seen) == 1 else path).write_text("22")
        return [path, inner]

    def stop(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tnc.cli.watch.time.sleep", stop)
    with pytest.raises(KeyboardInterrupt):
        whenever_changed(run, [path])
    assert seen == ["11", "122", "2222"]


def test_ctrl_c() -> None:
    Path("a.tnn").write_text(WRONG)
    with process("check", "--watch", "a.tnn") as running:
        assert running.stderr is not None
        lines = [*takewhile(lambda line: "Ctrl-C ends" not in line, running.stderr)]
        running.send_signal(signal.SIGINT)
        out, rest = running.communicate()
    assert (running.returncode, out, rest) == (130, "", "interrupted\n")
    err = "".join(lines)
    assert "error[E0102]" in err
    assert "\x1b" not in err


def test_a_terminal_is_cleared_between_rounds() -> None:
    Path("a.tnn").write_text(DENSE)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "tnc", "check", "--watch", "a.tnn"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    with subprocess.Popen(command, env=environment, stderr=theirs) as running:
        os.close(theirs)
        shown = b""
        while b"Ctrl-C ends" not in shown:
            shown += os.read(ours, 1000)
        assert b"\x1b" not in shown
        write("a.tnn", WRONG)()
        shown = b""
        while b"Ctrl-C ends" not in shown:
            shown += os.read(ours, 1000)
        running.terminate()
    os.close(ours)
    assert shown.startswith(b"\x1b[H\x1b[2J\x1b[3J")
    assert b"E0102" in shown


@pytest.mark.parametrize("words", [["--fix", "a.tnn"], ["-"]])
def test_what_makes_no_sense(tnc: Run, words: list[str]) -> None:
    assert tnc("check", "--watch", *words).code == 2
