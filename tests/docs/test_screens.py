"""The screens show what their commands print."""

from __future__ import annotations

import re
import runpy
from collections.abc import Callable

import pytest

from tests.docs.blocks import ROOT

FOLDER = ROOT / "docs" / "screens"
MODULE = runpy.run_path(str(FOLDER / "screens.py"))


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


@pytest.mark.parametrize("name", MODULE["SCREENS"])
def test_pictures_are_up_to_date(name: str, golden: Callable[..., None]) -> None:
    golden(f"{name}.svg", MODULE["svg"](MODULE["SCREENS"][name]), FOLDER)


@pytest.mark.parametrize("name", MODULE["SCREENS"])
def test_copies_are_those_of_their_pictures(name: str) -> None:
    wanted = MODULE["source"]((FOLDER / f"{name}.svg").read_text(encoding="utf-8"))
    found = re.search(rb"tEXtSource\0([0-9a-f]+)", (FOLDER / f"{name}.png").read_bytes())
    assert found is not None
    assert found[1].decode() == wanted, "`python docs/screens/screens.py` draws the copy anew"


def test_a_terminal_shows_colours_and_columns() -> None:
    line = "\x1b[1;31m^\x1b[0m  two words   \x1b[34mblue\x1b[0m"
    red, bold, blue = f' fill="{MODULE["COLOURS"]["31"]}"', ' font-weight="bold"', "#6cb6ff"
    assert [*MODULE["painted"](line)] == [
        (0, "^", f"{red}{bold}"),
        (3, "two words", ""),
        (15, "blue", f' fill="{blue}"'),
    ]
