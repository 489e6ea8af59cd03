"""The catalogue is true: each program says its code under its command, and each code is in use."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT
from tnc.cli.demonstration import demonstrated, message
from tnc.cli.main import main
from tnc.cli.pages import markdown
from tnc.diagnostics.catalogue import CATALOGUE

SOURCES = [
    path for path in sorted((ROOT / "tnc").rglob("*.py")) if "diagnostics/entries" not in str(path)
]
CODE = re.compile(r"\b[EW]\d{4}\b")
SAID = re.compile(r"^(?:error|warning)\[(\w+)\]", re.MULTILINE)


@pytest.mark.parametrize("code", [code for code, entry in CATALOGUE.items() if entry.refused])
def test_the_refused_program_says_the_code(code: str) -> None:
    entry = CATALOGUE[code]
    status, said = demonstrated(entry, entry.refused, entry.command, main)
    assert set(SAID.findall(said)) == {code}, said
    assert (status != 0) == code.startswith("E")


@pytest.mark.parametrize("code", [code for code, entry in CATALOGUE.items() if entry.accepted])
def test_the_accepted_program_is_clean(code: str) -> None:
    entry = CATALOGUE[code]
    status, said = demonstrated(entry, entry.accepted, entry.accepting or entry.command, main)
    assert (status, SAID.findall(said)) == (0, []), said


def test_an_internal_error_says_its_code(
    tnc: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError("here")

    monkeypatch.setattr("tnc.cli.check.run", fail)
    entry = CATALOGUE["E0901"]
    assert SAID.findall(demonstrated(entry, "tnn 1\n", entry.command, main)[1]) == ["E0901"]


def test_no_code_is_outside_of_the_catalogue_and_none_is_unused() -> None:
    texts = [path.read_text(encoding="utf-8") for path in SOURCES]
    assert {code for text in texts for code in CODE.findall(text)} <= set(CATALOGUE)
    assert {code for text in texts for code in raised(text)} == set(CATALOGUE)


def raised(text: str) -> Iterator[str]:
    """The codes that are whole strings, or stand in brackets in a message; docstrings have none."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found = re.match(r"([EW]\d{4})$|error\[([EW]\d{4})\]", node.value)
            if found is not None:
                yield found[1] or found[2]


def test_the_message_is_without_what_stands_around_it() -> None:
    shown = message(CATALOGUE["W0202"], main)
    assert shown.startswith("warning[W0202]: training with the factors of `LowRank`")
    assert "wrote" not in shown
    assert not message(CATALOGUE["E0203"], main).endswith("says more")


def test_the_page_is_up_to_date(golden: Callable[..., None]) -> None:
    golden("errors.md", markdown(), ROOT / "docs")


def test_the_documentation_mentions_codes_that_there_are() -> None:
    mentioned = {
        code
        for path in [*(ROOT / "docs").glob("*.md"), ROOT / "README.md"]
        for code in CODE.findall(path.read_text(encoding="utf-8"))
    }
    assert mentioned <= set(CATALOGUE)


def test_links_of_the_page_lead_somewhere() -> None:
    page = Path(ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    links = set(re.findall(r"\]\(#(\w+)\)", page))
    assert links == set(re.findall(r'<a id="(\w+)"', page)) == {c.lower() for c in CATALOGUE}
