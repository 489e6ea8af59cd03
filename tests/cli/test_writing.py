from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.cli.conftest import ordinary_user
from tnc.cli.exits import Exit, Stop
from tnc.cli.writing import write_whole

PLACE = Path("place")


@pytest.fixture(autouse=True)
def place() -> None:
    PLACE.mkdir()


def refusal(path: Path) -> str:
    with pytest.raises(Stop) as stop:
        write_whole(path, b"new")
    assert stop.value.code == Exit.IO
    assert str(stop.value).startswith(f"error[E0502]: cannot write `{path}`: ")
    return str(stop.value)


def test_a_new_file_has_the_usual_mode() -> None:
    (PLACE / "usual").touch()
    write_whole(PLACE / "new", b"a\r\nb")
    assert (PLACE / "new").read_bytes() == b"a\r\nb"
    assert (PLACE / "new").stat().st_mode == (PLACE / "usual").stat().st_mode


def test_an_old_file_keeps_its_mode() -> None:
    path = PLACE / "old"
    path.write_bytes(b"old")
    path.chmod(0o640)
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [*PLACE.iterdir()] == [PLACE / "old"]


def test_a_link_stays_a_link() -> None:
    (PLACE / "old").write_bytes(b"old")
    (PLACE / "link").symlink_to("old")
    write_whole(PLACE / "link", b"new")
    assert (PLACE / "link").is_symlink()
    assert (PLACE / "old").read_bytes() == b"new"


@pytest.mark.parametrize("failing", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_changes_nothing(
    failing: str, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    path = PLACE / "old"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", fail) if failing == "fsync" else monkeypatch.setattr(
        Path, "replace", fail
    )
    if isinstance(error, OSError):
        assert refusal(path).endswith("no space left on device")
    else:
        with pytest.raises(KeyboardInterrupt):
            write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert [*PLACE.iterdir()] == [PLACE / "old"]


def test_places_where_nothing_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(PLACE / "no" / "x").endswith("there is no folder `place/no`")
    assert refusal(PLACE).endswith("is a directory")
    (PLACE / "file").touch()
    assert refusal(PLACE / "file" / "x").endswith("not a directory")
    assert refusal(PLACE / "a\0b").endswith("null byte")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    assert refusal(PLACE / "file").endswith("the file is read-only")


def test_a_folder_without_permission() -> None:
    assert refusal(PLACE).endswith("is a directory")  # and all is imported
    PLACE.chmod(0o555)
    try:
        with ordinary_user():
            found = refusal(PLACE / "x")
        assert found.endswith("permission denied")
    finally:
        PLACE.chmod(0o700)


def test_a_pipe_is_written_to_and_stays() -> None:
    pipe = PLACE / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(pipe, b"new")
    assert os.read(reader, 10) == b"new"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
