from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from tests.cli.conftest import ordinary_user
from tnc.cli.exits import Exit, Stop
from tnc.cli.sources import Target, expanded, read, target


@pytest.mark.parametrize(
    ("word", "file", "layer"),
    [
        ("a.tnn", "a.tnn", None),
        ("a.tnn:CPConv", "a.tnn", "CPConv"),
        ("a:b/c.tnn", "a:b/c.tnn", None),
        ("a:b.tnn:L", "a:b.tnn", "L"),
        ("C:\\x.tnn", "C:\\x.tnn", None),
        ("C:\\x.tnn:L", "C:\\x.tnn", "L"),
        ("a.tnn:", "a.tnn:", None),
        ("a.tnn:3", "a.tnn:3", None),
        (":L", ":L", None),
        ("-:L", "-", "L"),
        ("-", "-", None),
    ],
)
def test_targets(word: str, file: str, layer: str | None) -> None:
    assert target(word) == Target(file, layer)


def test_a_file_whose_name_has_a_colon() -> None:
    Path("a:b").touch()
    assert target("a:b") == Target("a:b", None)


def refusal(name: str) -> str:
    with pytest.raises(Stop) as stop:
        read(name)
    assert stop.value.code == Exit.IO
    return str(stop.value)


def test_what_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("conv.tnn").write_bytes(b"tnn 1\n\xff\n")
    Path("wide.tnn").write_bytes("tnn 1".encode("utf-16"))
    assert refusal("conv.tnn") == (
        "error: cannot read `conv.tnn`: it is not UTF-8 (byte 0xff in line 2)"
    )
    assert refusal("wide.tnn").endswith("it is UTF-16, not UTF-8")
    assert refusal(".").endswith("it is a directory")
    assert refusal("no/x.tnn").endswith("no such file or directory")
    assert refusal("convv.tnn").endswith("no such file or directory; did you mean `conv.tnn`?")
    assert refusal("conv.tnn/x").endswith("not a directory")
    assert refusal("a\0b").endswith("null byte")
    monkeypatch.setattr(sys, "stdin", None)
    assert refusal("-").endswith("standard input is closed")


def test_a_file_without_permission() -> None:
    Path("secret.tnn").touch(mode=0)
    assert refusal("none.tnn").endswith("no such file or directory")  # and all is imported
    with ordinary_user():
        found = refusal("secret.tnn")
    assert found.endswith("permission denied")


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("tnn 1 # ö\r\n".encode())))
    source = read("-")
    assert (source.name, source.text) == ("<stdin>", "tnn 1 # ö\r\n")


def test_folders_give_their_files_sorted_and_once() -> None:
    for name in ("b.tnn", "a/d.tnn", "a/c.tnn", "a/e.txt", "a/.hidden/f.tnn"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    assert expanded(["b.tnn", ".", "-", "-"]) == ("b.tnn", "./a/c.tnn", "./a/d.tnn", "-")
    assert expanded(["a"]) == ("a/c.tnn", "a/d.tnn")
    assert expanded(["missing.tnn"]) == ("missing.tnn",)


def test_a_folder_that_may_not_be_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(folder: str) -> NoReturn:
        raise PermissionError(13, "Permission denied", folder)

    Path("closed").mkdir()
    monkeypatch.setattr(os, "scandir", closed)
    with pytest.raises(Stop, match=r"cannot read `closed`: permission denied") as stop:
        expanded(["closed"])
    assert stop.value.code == Exit.IO


def test_a_file_in_a_folder_that_may_not_be_entered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is taken as it stands: whoever reads the file says what is wrong."""
    stat = os.stat

    def closed(path: object, *rest: object, **options: object) -> os.stat_result:
        if str(path).startswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "stat", closed)
    assert expanded(["closed/a.tnn"]) == ("closed/a.tnn",)


def test_a_folder_without_files() -> None:
    Path("empty").mkdir()
    with pytest.raises(Stop, match=r"there is no `.tnn` file in the folder `empty`"):
        expanded(["empty"])
