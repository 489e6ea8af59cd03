"""The gallery shows what its commands draw."""

from __future__ import annotations

import re
import shlex
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from tnc.cli.main import main

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "docs" / "gallery"
PAGE = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^tnc (graph .*)$", PAGE, re.MULTILINE)
PICTURES = {words[-1]: words for words in map(shlex.split, COMMANDS) if words[-2] == "-o"}
SCALE = 1.5


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")  # nothing that was planned before


@pytest.mark.parametrize("place", PICTURES)
def test_pictures_are_up_to_date(
    place: str, golden: Callable[[str, str], None], tmp_path: Path
) -> None:
    made = tmp_path / "picture.svg"
    assert main([*PICTURES[place][:-1], str(made)]) == 0
    golden(f"../../{place}", made.read_text(encoding="utf-8"))


def test_every_picture_is_shown_and_made() -> None:
    shown = set(re.findall(r"\]\((gallery/\w+\.svg)\)", PAGE))
    assert {f"docs/{each}" for each in shown} == set(PICTURES)
    assert {f"docs/gallery/{path.name}" for path in FOLDER.glob("*.svg")} == set(PICTURES)


def test_the_text_is_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    (command,) = [each for each in COMMANDS if each.endswith("--format txt")]
    assert main(shlex.split(command)) == 0
    assert f"```text\n{capsys.readouterr().out}```\n" in PAGE


@pytest.mark.parametrize("name", re.findall(r"gallery/(\w+)\.png", PAGE))
def test_copies_are_as_large_as_their_pictures(name: str) -> None:
    width, height = struct.unpack(">II", (FOLDER / f"{name}.png").read_bytes()[16:24])
    text = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    found = re.search(r'width="([\d.]+)" height="([\d.]+)"', text)
    assert found is not None
    sizes = [float(found[k]) * SCALE for k in (1, 2)]
    assert [width, height] == pytest.approx(sizes, abs=1.5)
