"""docs/command-line.md says what the command line does."""

from __future__ import annotations

import re

import pytest

from tests.cli.conftest import ROOT
from tnc.cli.configuration import CHOICES, SETTINGS
from tnc.cli.exits import Exit
from tnc.cli.main import COMMANDS, command

PAGE = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.split("\n")]


def row(first: str) -> list[str]:
    (found,) = (row for row in ROWS if row[0] == first)
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_commands(name: str) -> None:
    assert row(f"`tnc {name}`")[1] == command(name).SUMMARY


def test_there_are_no_other_commands() -> None:
    assert re.findall(r"^\| `tnc (\w+)` \|", PAGE, re.MULTILINE) == [*COMMANDS]


@pytest.mark.parametrize("code", Exit)
def test_exit_codes(code: Exit) -> None:
    assert row(str(code.value))[1]


@pytest.mark.parametrize("name", SETTINGS)
def test_settings(name: str) -> None:
    _, variable, flag, values = row(f"`{name}`")
    assert variable == f"`TNC_{name.upper()}`"
    assert flag.strip("`").endswith(f"--{name}")
    if name in CHOICES:
        assert values == ", ".join(f"`{each}`" for each in CHOICES[name])


def test_variables_of_the_environment() -> None:
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / "tnc").rglob("*.py"))
    read = {name for text in texts for name in re.findall(r'"(TNC_[A-Z]+|XDG_\w+)"', text)}
    assert {"TNC_PATH", "TNC_DEBUG", "XDG_CACHE_HOME"} <= read
    assert all(name in PAGE for name in read)
