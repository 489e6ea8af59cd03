"""Files that are not as one expects, disks that are full, folders that are missing, Ctrl-C."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import DENSE, LOW, Answer, ordinary_user, process
from tnc.driver import writing
from tnc.plan import planner
from tnc.syntax import parse

Run = Callable[..., Answer]


@pytest.fixture(autouse=True)
def _files() -> None:
    Path("dense.tnn").write_text(DENSE.replace("T: int", "T: int = 4"))
    Path("low.tnn").write_text(LOW)


def failing(error: BaseException) -> Callable[..., object]:
    def fail(*_: object, **__: object) -> object:
        raise error

    return fail


def interrupt(*_: object, **__: object) -> object:
    """What Ctrl-C does to a running program; shells start those in the background deaf to it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.raise_signal(signal.SIGINT)
    raise AssertionError("not reached")


# ---------------------------------------------------------------- reading


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (PermissionError(13, "Permission denied"), "permission denied"),
        (FileNotFoundError(2, "No such file or directory"), "no such file or directory"),
        (OSError(5, "Input/output error"), "input/output error"),
        (OSError(116, "Stale file handle"), "stale file handle"),
    ],
)
@pytest.mark.parametrize("command", ["check", "compile", "plan", "test"])
def test_a_file_that_vanishes_or_cannot_be_read(
    tnc: Run, monkeypatch: pytest.MonkeyPatch, command: str, error: OSError, told: str
) -> None:
    monkeypatch.setattr(Path, "read_bytes", failing(error))
    answer = tnc(command, "dense.tnn")
    assert (answer.code, answer.out.replace("0 passed\n", "")) == (3, "")
    assert answer.err.startswith(f"error: cannot read `dense.tnn`: {told}")


@pytest.mark.parametrize("command", ["check", "compile", "plan", "test"])
def test_a_folder_called_like_a_file(tnc: Run, command: str) -> None:
    Path("folder.tnn").mkdir()
    answer = tnc(command, "folder.tnn")
    assert (answer.code, answer.out) == (3, "")
    assert answer.err.startswith("error: ")
    assert "folder" in answer.err


def test_an_import_that_vanishes(tnc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("net.tnn").write_text("tnn 1\nimport .dense as d\n")
    Path("dense.tnn").write_text("tnn 1\n")
    read = Path.read_bytes

    def vanished(path: Path) -> bytes:
        if path.name == "dense.tnn":
            raise FileNotFoundError(2, "No such file or directory")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", vanished)
    answer = tnc("check", "net.tnn")
    assert answer.code == 1
    assert "error[E0107]: `.dense` cannot be read: no such file or directory" in answer.err


def test_folders_that_may_not_be_looked_into(tnc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither one above, where `tnc.toml` could be, nor one where modules are looked up."""
    Path("closed").mkdir(mode=0)
    Path("open").mkdir()
    Path("open/net.tnn").write_text("tnn 1\nimport .dense\nimport closed.secret\n")
    Path("open/dense.tnn").write_text("tnn 1\n")
    monkeypatch.setenv("TNC_PATH", str(Path.cwd()))
    assert tnc("check", "open/dense.tnn").code == 0  # and all is imported
    monkeypatch.setattr(Path, "cwd", lambda: Path("closed/here"))
    with ordinary_user():
        answer = tnc("check", "--format", "short", "open/net.tnn")
    assert answer.code == 1
    assert "net.tnn:3:8: error[E0107]: module `closed.secret` is not found" in answer.err


# ---------------------------------------------------------------- writing


@pytest.mark.parametrize(
    "error",
    [OSError(28, "No space left on device"), OSError(30, "Read-only file system")],
    ids=["full", "read-only"],
)
@pytest.mark.parametrize("before", [None, "# generated: edit the .tnn\n"])
def test_a_module_is_written_whole_or_not_at_all(
    tnc: Run, monkeypatch: pytest.MonkeyPatch, error: OSError, before: str | None
) -> None:
    Path("out").mkdir()
    if before:
        Path("out/dense.py").write_text(before)
    monkeypatch.setattr(writing.os, "fsync", failing(error))
    answer = tnc("compile", "dense.tnn", "-o", "out/")
    assert (answer.code, answer.out) == (3, "")
    assert "error[E0502]: cannot write `out/dense.py`: " in answer.err
    left = {path.name: path.read_text() for path in Path("out").iterdir()}
    assert left == ({"dense.py": before} if before else {})


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_device_that_is_full(tnc: Run) -> None:
    answer = tnc("compile", "dense.tnn", "-o", "/dev/full")
    assert (answer.code, answer.out) == (3, "")
    assert "error[E0502]: cannot write `/dev/full`: no space left on device" in answer.err


# ---------------------------------------------------------------- Ctrl-C


@pytest.mark.parametrize(
    ("room", "name"),
    [(parse, "lex"), (planner, "best"), (writing.os, "fsync")],
    ids=["parsing", "planning", "writing"],
)
def test_an_interrupted_build_leaves_nothing(
    tnc: Run, monkeypatch: pytest.MonkeyPatch, room: object, name: str
) -> None:
    monkeypatch.setattr(room, name, interrupt)
    before = sorted(Path.cwd().iterdir())
    assert tnc("compile", "low.tnn") == Answer(130, "", "interrupted\n")
    assert sorted(Path.cwd().iterdir()) == before


def test_an_interrupted_fix_changes_nothing(tnc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("a.tnn").write_text("layer L {\n}\n")
    monkeypatch.setattr(writing.os, "fsync", interrupt)
    assert tnc("check", "--fix", "a.tnn").code == 130
    assert Path("a.tnn").read_text() == "layer L {\n}\n"


# ---------------------------------------------------------------- caches


def test_two_processes_share_a_new_cache(tmp_path: Path) -> None:
    cache = tmp_path / "shared"
    both = [process("compile", "low.tnn", "-o", "-", XDG_CACHE_HOME=str(cache)) for _ in range(2)]
    answers = [each.communicate(timeout=120) for each in both]
    assert [each.returncode for each in both] == [0, 0]
    assert answers[0] == answers[1]
    files = [path.name for path in cache.rglob("*") if path.is_file()]
    assert "grammar.tables" in files
    assert not [name for name in files if name.startswith(".")]


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"{}", b"\xff\xfe", b"[" * 10_000])
def test_a_cache_full_of_nonsense(tnc: Run, tmp_path: Path, content: bytes) -> None:
    first = tnc("compile", "low.tnn", "-o", "-")
    files = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert files
    for path in files:
        path.write_bytes(content)
    assert tnc("compile", "low.tnn", "-o", "-") == first


@pytest.mark.parametrize(
    "home", [{"HOME": None}, {"HOME": "/dev/null"}, {"HOME": "/no/such/place"}, {"HOME": ""}]
)
def test_no_home(home: dict[str, str | None]) -> None:
    plain = process("compile", "low.tnn", "-o", "-").communicate(timeout=120)
    homeless = process("compile", "low.tnn", "-o", "-", XDG_CACHE_HOME=None, **home)
    assert homeless.communicate(timeout=120) == plain
    assert homeless.returncode == 0


def test_a_cache_that_cannot_be_written(tnc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    first = tnc("compile", "low.tnn", "-o", "-")
    monkeypatch.setenv("XDG_CACHE_HOME", str(Path("low.tnn").resolve()))  # a file, no folder
    assert tnc("compile", "low.tnn", "-o", "-") == first
