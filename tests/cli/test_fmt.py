"""`tnc fmt` on files, folders and stdin. What the form is: tests/syntax/test_format.py."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import DENSE, ROOT, Answer

Run = Callable[..., Answer]

GOOD = DENSE.replace("tnn 1\n", "tnn 1\n\n")
UGLY = GOOD.replace("  weight A[s, t]", "weight A [ s,t ]# the matrix")
MENDED = GOOD.replace("A[s, t]", "A[s, t]  # the matrix")
WRONG = GOOD.replace("x * A", "x * * A")


@pytest.fixture(autouse=True)
def _files() -> None:
    Path("good.tnn").write_text(GOOD)
    Path("ugly.tnn").write_text(UGLY)


def from_stdin(monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))


def test_files_are_formatted(tnc: Run) -> None:
    Path("ugly.tnn").chmod(0o640)
    answer = tnc("fmt", "good.tnn", "ugly.tnn")
    assert answer == Answer(0, "", "formatted ugly.tnn\n1 file formatted, 1 file unchanged\n")
    assert Path("ugly.tnn").read_text() == MENDED
    assert stat.S_IMODE(Path("ugly.tnn").stat().st_mode) == 0o640
    assert tnc("fmt", ".") == Answer(0, "", "2 files unchanged\n")


def test_files_that_do_not_change_are_not_written(tnc: Run) -> None:
    before = Path("good.tnn").stat()
    assert tnc("fmt", "good.tnn").code == 0
    after = Path("good.tnn").stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)


def test_check_changes_nothing(tnc: Run) -> None:
    told = "would change ./ugly.tnn\n1 file would change, 1 file unchanged\n"
    assert tnc("fmt", "--check", ".") == Answer(1, "", told)
    assert Path("ugly.tnn").read_text() == UGLY
    assert tnc("fmt", "--check", "good.tnn") == Answer(0, "", "1 file unchanged\n")


def test_a_difference_can_be_applied(tnc: Run) -> None:
    Path("ugly.tnn").write_text(UGLY.rstrip("\n"))
    answer = tnc("fmt", "--diff", "ugly.tnn", "good.tnn")
    assert answer.code == 0
    assert "\n-}\n\\ No newline at end of file\n+}\n" in answer.out
    assert Path("ugly.tnn").read_text() == UGLY.rstrip("\n")
    subprocess.run(["git", "apply", "-p0", "-"], input=answer.out, text=True, check=True)
    assert Path("ugly.tnn").read_text() == MENDED
    assert tnc("fmt", "--diff", "--check", "good.tnn") == Answer(0, "", "1 file unchanged\n")


def test_a_difference_fails_under_check(tnc: Run) -> None:
    assert tnc("fmt", "--diff", "--check", "ugly.tnn").code == 1
    assert tnc("fmt", "--diff", "ugly.tnn").code == 0


def test_standard_input(tnc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from_stdin(monkeypatch, UGLY.encode())
    assert tnc("fmt", "-") == Answer(0, MENDED, "")
    from_stdin(monkeypatch, UGLY.encode())
    assert tnc("fmt", "--check", "-") == Answer(1, "", "would change <stdin>\n")
    from_stdin(monkeypatch, GOOD.encode())
    assert tnc("fmt", "--check", "-") == Answer(0, "", "")


def test_a_text_with_errors_stays(tnc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("wrong.tnn").write_text(WRONG)
    answer = tnc("fmt", "wrong.tnn", "ugly.tnn")
    assert (answer.code, answer.out) == (1, "")
    assert "error[E0002]: " in answer.err
    assert answer.err.endswith("formatted ugly.tnn\n1 file formatted, 1 file failed\n")
    assert Path("wrong.tnn").read_text() == WRONG
    from_stdin(monkeypatch, WRONG.encode())
    answer = tnc("fmt", "-")
    assert (answer.code, answer.out) == (1, "")


def test_line_ends_and_byte_order_mark_stay(tnc: Run) -> None:
    path = Path("ugly.tnn")
    path.write_bytes(b"\xef\xbb\xbf" + UGLY.replace("\n", "\r\n").encode())
    assert tnc("fmt", "ugly.tnn").code == 0
    assert path.read_bytes() == b"\xef\xbb\xbf" + MENDED.replace("\n", "\r\n").encode()


def test_files_that_cannot_be_read_or_written(tnc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everything
    answer = tnc("fmt", "missing.tnn", "ugly.tnn", "good.tnn")
    assert answer.code == 3
    assert answer.err.splitlines() == [
        "error: cannot read `missing.tnn`: no such file or directory",
        "error[E0502]: cannot write `ugly.tnn`: the file is read-only",
        "1 file unchanged, 2 files failed",
    ]
    assert Path("ugly.tnn").read_text() == UGLY


def test_a_file_that_changes_meanwhile_is_left_alone(
    tnc: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def formatted(_: object) -> str:
        Path("ugly.tnn").write_text("mine\n")
        return MENDED

    monkeypatch.setattr("tnc.syntax.format.formatted", formatted)
    answer = tnc("fmt", "ugly.tnn")
    assert answer.code == 3
    assert "cannot write `ugly.tnn`: it was changed by something else meanwhile\n" in answer.err
    assert Path("ugly.tnn").read_text() == "mine\n"


def test_the_standard_library_stays(tnc: Run) -> None:
    assert tnc("fmt", "std").code == 2


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"# only\n\n", b"\r\n#a\r\n"])
def test_files_without_a_statement(tnc: Run, content: bytes) -> None:
    Path("odd.tnn").write_bytes(content)
    assert tnc("fmt", "odd.tnn").code == 0
    assert Path("odd.tnn").read_bytes().strip() == content.strip()
    assert tnc("fmt", "odd.tnn").err == "1 file unchanged\n"


def test_starts_without_heavy_packages() -> None:
    program = (
        "import sys; from tnc.cli.main import main; main(sys.argv[1:]);"
        "print([*{'torch', 'numpy', 'networkx', 'cotengra', 'tnc.elaborate'} & {*sys.modules}])"
    )
    command = [sys.executable, "-c", program, "fmt", "ugly.tnn"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    answer = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    assert answer.stdout.splitlines()[-1] == "[]"
