"""`tnc check` on real texts: formats, streams, exit codes, `--fix`."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import DENSE, ROOT, Answer
from tnc.diagnostics import Diagnostic, Source
from tnc.diagnostics.catalogue import CATALOGUE
from tnc.driver import front

Run = Callable[..., Answer]

WRONG = DENSE.replace("x * A", "x * A * B")  # B is no tensor
UNFINISHED = DENSE.removeprefix("tnn 1\n")  # a warning: no edition
MISSPELT = DENSE.replace("A[s, t]", "Weight[s, t]").replace("* A", "* Wieght")


@pytest.fixture(autouse=True)
def _files() -> None:
    Path("good.tnn").write_text(DENSE)
    Path("wrong.tnn").write_text(WRONG)
    Path("unfinished.tnn").write_text(UNFINISHED)


def test_nothing_to_say(tnc: Run) -> None:
    assert tnc("check", "good.tnn") == Answer(0, "", "")


def test_errors_go_to_stderr(tnc: Run) -> None:
    answer = tnc("check", "wrong.tnn")
    assert (answer.code, answer.out) == (1, "")
    assert "error[E0102]: " in answer.err
    assert " --> wrong.tnn:6:28\n" in answer.err
    assert answer.err.endswith("\n\n1 error; `tnc explain E0102` says more\n")
    assert "\033" not in answer.err


def test_an_error_is_explained_rather_than_a_warning_before_it(tnc: Run) -> None:
    Path("both.tnn").write_text(WRONG.replace("tnn 1\n", ""))
    answer = tnc("check", "both.tnn")
    assert "warning[W0001]" in answer.err[: answer.err.index("error[")]
    assert answer.err.endswith("\n\n1 error, 1 warning; `tnc explain E0102` says more\n")


def test_warnings_are_allowed_unless_denied(tnc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tnc("check", "unfinished.tnn").code == 0
    assert "warning[W0001]: " in tnc("check", "unfinished.tnn").err
    assert tnc("check", "unfinished.tnn", "--deny", "warnings").code == 1
    assert tnc("check", "good.tnn", "--deny", "warnings").code == 0
    monkeypatch.setenv("TNC_DENY", "warnings")
    assert tnc("check", "unfinished.tnn").code == 1


def test_short(tnc: Run) -> None:
    answer = tnc("check", "--format", "short", "wrong.tnn", "unfinished.tnn")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("wrong.tnn:6:28: error[E0102]: ")
    assert "\nunfinished.tnn:1:1: warning[W0001]: " in answer.err
    assert answer.err.endswith("\n1 error, 1 warning\n")


def test_json_is_data(tnc: Run) -> None:
    answer = tnc("check", "--format", "json", "wrong.tnn", "good.tnn", "unfinished.tnn")
    assert (answer.code, answer.err) == (1, "")
    found = json.loads(answer.out)
    assert [each["code"] for each in found if each["severity"] == "error"] == ["E0102"]
    label = found[0]["labels"][0]
    assert label["primary"]
    assert (label["file"], label["line"], label["column"]) == ("wrong.tnn", 6, 28)
    assert json.loads(tnc("check", "--format", "json", "good.tnn").out) == []


def test_sarif_is_data(tnc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TNC_FORMAT", "sarif")
    answer = tnc("check", "wrong.tnn")
    assert (answer.code, answer.err) == (1, "")
    assert json.loads(answer.out)["runs"][0]["results"][0]["ruleId"] == "E0102"


def test_github_is_data(tnc: Run) -> None:
    answer = tnc("check", "--format", "github", "wrong.tnn")
    assert (answer.code, answer.err) == (1, "")
    assert answer.out.startswith("::error file=wrong.tnn,line=6,")
    assert tnc("check", "--format", "github", "good.tnn") == Answer(0, "", "")


def test_the_format_can_be_configured(tnc: Run) -> None:
    Path("tnc.toml").write_text('format = "json"')
    assert tnc("check", "good.tnn").out == "[]\n"
    assert tnc("check", "--format", "human", "good.tnn").out == ""


def test_folders(tnc: Run) -> None:
    answer = tnc("check", "--format", "short", ".")
    assert "./wrong.tnn:6:28: " in answer.err
    assert "./unfinished.tnn:1:1: " in answer.err


USING = """\
tnn 1
import lib
layer Net {
  mode n, s: 4
  input x[n, s]
  output y = x |> lib.Dense(4, 5)
}
"""


@pytest.mark.parametrize(
    "files", [["m.tnn", "sub/lib.tnn"], ["sub/lib.tnn", "m.tnn"], ["./m.tnn", "sub"]]
)
def test_what_is_wrong_with_an_imported_file_is_said_once(tnc: Run, files: list[str]) -> None:
    Path("sub").mkdir()
    Path("sub/lib.tnn").write_text(WRONG)
    Path("m.tnn").write_text(USING.replace("import lib", "import sub.lib as lib"))
    (said,) = json.loads(tnc("check", "--format", "json", *files).out)
    assert (said["code"], len(said["labels"])) == ("E0102", 1)  # as its own check has it
    assert "\n1 error; " in tnc("check", *files).err
    assert "in this `Dense`" in tnc("check", "m.tnn").err


def test_a_file_is_mended_before_one_that_imports_it_is_checked(tnc: Run) -> None:
    Path("lib.tnn").write_text(MISSPELT)
    Path("a.tnn").write_text(USING)
    answer = tnc("check", "--fix", "a.tnn", "lib.tnn")
    assert (answer.code, "error" in answer.err) == (0, False), answer.err


def test_standard_input(tnc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(WRONG.encode())))
    answer = tnc("check", "-")
    assert answer.code == 1
    assert " --> <stdin>:6:28\n" in answer.err


def test_what_cannot_be_read_does_not_hide_the_rest(tnc: Run) -> None:
    Path("odd.tnn").write_bytes(b"\xff\x00\x01")
    answer = tnc("check", "--format", "json", "missing.tnn", "wrong.tnn", "odd.tnn")
    assert answer.code == 3
    assert answer.err.splitlines() == [
        "error: cannot read `missing.tnn`: no such file or directory",
        "error: cannot read `odd.tnn`: it is not UTF-8 (byte 0xff in line 1)",
    ]
    assert json.loads(answer.out)[0]["code"] == "E0102"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"\xef\xbb\xbf",
        b"\x00" * 100,
        b"tnn 1\nlayer",
        b"tnn 99999999999999999999999999",
        b"layer M(S: int {",
        b"}" * 1000,
        b"layer L { let a = " + b"(" * 300,
        "tnn 1\n# ünïcode → ⊗\n".encode(),
        bytes(range(128)),
    ],
    ids=lambda content: repr(content[:12]),
)
@pytest.mark.parametrize("command", [["check"], ["check", "--fix"], ["compile"], ["plan"]])
def test_no_text_leads_to_a_traceback(tnc: Run, command: list[str], content: bytes) -> None:
    Path("odd.tnn").write_bytes(content)
    answer = tnc(*command, "odd.tnn")
    assert answer.code in {0, 1, 2}
    assert "Traceback" not in answer.err
    assert "internal error" not in answer.err


NO_PLACES = ["missing.tnn", "folder", ".", "/", "", "nofolder/x.tnn", "good.tnn/x", "x" * 300]


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (command, name)
        for command in ("check", "compile", "plan")
        for name in NO_PLACES
        if command != "check" or name not in {".", "/"}  # folders with files: `check` takes these
    ],
)
def test_no_place_leads_to_a_traceback(tnc: Run, command: str, name: str) -> None:
    Path("folder").mkdir()
    answer = tnc(command, name)
    assert (answer.code, answer.out) == (3, "")
    assert answer.err.startswith("error: ")
    assert answer.err.count("\n") == 1


def test_fix(tnc: Run) -> None:
    path = Path("misspelt.tnn")
    path.write_bytes(b"\xef\xbb\xbf" + MISSPELT.replace("\n", "\r\n").encode())
    path.chmod(0o640)
    answer = tnc("check", "--fix", "misspelt.tnn")
    assert answer == Answer(0, "", "fixed E0102 at misspelt.tnn:6:24: `Wieght` is now `Weight`\n")
    wanted = MISSPELT.replace("Wieght", "Weight").replace("\n", "\r\n")
    assert path.read_bytes() == b"\xef\xbb\xbf" + wanted.encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert tnc("check", "--fix", "misspelt.tnn") == Answer(0, "", "")


@pytest.mark.parametrize("code", [code for code in CATALOGUE if CATALOGUE[code].refused])
def test_fix_goes_as_far_as_it_can(tnc: Run, code: str) -> None:
    path = Path("program.tnn")
    path.write_text(CATALOGUE[code].refused)
    answer = tnc("check", "--fix", "--format", "json", "program.tnn")
    assert answer.code in {0, 1}
    fixed = path.read_text()
    assert (fixed != CATALOGUE[code].refused) == ("fixed " in answer.err)
    assert tnc("check", "--fix", "--format", "json", "program.tnn") == Answer(
        answer.code, answer.out, ""
    )
    assert path.read_text() == fixed


def test_fix_reports_what_remains(tnc: Run) -> None:
    Path("two.tnn").write_text(MISSPELT + WRONG.removeprefix("tnn 1\n").replace("Dense", "Other"))
    answer = tnc("check", "--fix", "--format", "json", "two.tnn")
    assert answer.code == 1
    assert answer.err.startswith("fixed E0102 at two.tnn:6:24: `Wieght` is now `Weight`\n")
    errors = [each for each in json.loads(answer.out) if each["severity"] == "error"]
    assert [each["labels"][0]["line"] for each in errors] == [12]


def test_fix_leaves_a_file_alone_where_nothing_is_to_be_done(tnc: Run) -> None:
    before = Path("wrong.tnn").stat()
    assert tnc("check", "--fix", "wrong.tnn").code == 1
    after = Path("wrong.tnn").stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)


def test_fix_that_cannot_be_written_changes_nothing(
    tnc: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    Path("misspelt.tnn").write_text(MISSPELT)
    monkeypatch.setattr(os, "fsync", full)
    answer = tnc("check", "--fix", "misspelt.tnn", "unfinished.tnn")
    assert answer.code == 3
    assert "error[E0502]: cannot write `misspelt.tnn`: no space left on device\n" in answer.err
    assert Path("misspelt.tnn").read_text() == MISSPELT


def test_fix_of_a_file_that_is_read_only_still_checks_it(
    tnc: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("misspelt.tnn").write_text(MISSPELT)
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everything
    answer = tnc("check", "--fix", "--format", "short", "misspelt.tnn")
    assert answer.code == 3
    assert "error[E0502]: cannot write `misspelt.tnn`: the file is read-only\n" in answer.err
    assert "misspelt.tnn:6:24: error[E0102]: " in answer.err
    assert "fixed" not in answer.err
    assert Path("misspelt.tnn").read_text() == MISSPELT


def test_fix_spares_what_was_written_meanwhile(tnc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("misspelt.tnn").write_text(MISSPELT)

    def check(source: Source) -> tuple[Diagnostic, ...]:
        Path("misspelt.tnn").write_text(DENSE)
        return front.checked(source).said

    monkeypatch.setattr(front, "check", check)
    answer = tnc("check", "--fix", "misspelt.tnn")
    assert answer.code == 3
    assert "cannot write `misspelt.tnn`: it was changed by something else meanwhile" in answer.err
    assert Path("misspelt.tnn").read_text() == DENSE


def test_fix_does_not_change_stdin(tnc: Run) -> None:
    assert tnc("check", "--fix", "-").code == 2


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["--version"],
        ["check", "--help"],
        ["explain", "E0203"],
        ["explain", "--list"],
        ["check", str(ROOT / "examples")],
        ["check", "wrong.tnn"],
        ["check", "--fix", "wrong.tnn"],
    ],
)
def test_starts_without_heavy_packages(words: list[str]) -> None:
    program = (
        "import sys; from tnc.cli.main import main; main(sys.argv[1:]);"
        "print([*{'torch', 'numpy', 'networkx', 'cotengra'} & {*sys.modules}])"
    )
    command = [sys.executable, "-c", program, *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    answer = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    assert answer.stdout.splitlines()[-1] == "[]"


def test_a_file_with_carriage_returns_alone_is_mended(tnc: Run) -> None:
    text = "tnn 1\rlayer L {\r  mode n, s: 3\r  input x[n, s]\r  output y[n, s] = 2 × x\r}\r"
    Path("old.tnn").write_bytes(text.encode())
    assert tnc("check", "--fix", "old.tnn").code == 0
    assert Path("old.tnn").read_bytes().splitlines()[4] == b"  output y[n, s] = 2 * x"
