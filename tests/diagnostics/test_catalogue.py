"""The catalogue is complete, and says of itself only what is true."""

import re

import pytest

from tnc.diagnostics import Report, Source
from tnc.diagnostics.catalogue import CATALOGUE, GROUPS
from tnc.syntax.parse import parse

CODES = [
    "E0001", "E0002", "E0003", "E0004", "E0005", "E0006", "E0007",
    "E0101", "E0102", "E0103", "E0104", "E0105", "E0106", "E0107", "E0108", "E0109",
    "E0110",
    "E0201", "E0202", "E0203", "E0204", "E0205", "E0206", "E0207", "E0208", "E0209", "E0210",
    "E0301", "E0302", "E0303", "E0304", "E0305", "E0306", "E0307", "E0308", "E0309",
    "E0310",
    "E0401", "E0402", "E0403", "E0404",
    "E0501", "E0502", "E0503",
    "E0901",
    "W0001", "W0002",
    "W0101", "W0102", "W0103",
    "W0201", "W0202", "W0203",
    "W0303",
]  # fmt: skip
OF_THE_PARSER = {code for code in CODES if code.startswith("E00")} | {"W0001", "W0002"}


def said(text: str) -> set[str]:
    """The codes that parsing raises."""
    report = Report()
    parse(Source("program.tnn", text), report)
    return {each.code for each in report.diagnostics}


def test_every_code_has_an_entry() -> None:
    assert list(CATALOGUE) == CODES
    assert sum(len(entries) for entries in GROUPS.values()) == len(CATALOGUE)


@pytest.mark.parametrize("code", CODES)
def test_an_entry_reads_well(code: str) -> None:
    entry = CATALOGUE[code]
    assert entry.severity == ("warning" if code.startswith("W") else "error")
    assert not entry.title.endswith(".")
    assert entry.title[0] == "`" or entry.title[0].islower()
    assert entry.explanation.endswith(".")
    assert not re.search(r"  |\t", entry.explanation)


@pytest.mark.parametrize("code", CODES)
def test_the_programs_can_be_read(code: str) -> None:
    entry = CATALOGUE[code]
    texts = [entry.accepted, *(text for name, text in entry.beside if name.endswith(".tnn"))]
    texts += [] if code in OF_THE_PARSER else [entry.refused]
    for text in filter(None, texts):
        assert said(text) == set()


@pytest.mark.parametrize("code", sorted(OF_THE_PARSER))
def test_the_parser_refuses_what_it_should(code: str) -> None:
    assert said(CATALOGUE[code].refused) == {code}


def test_only_what_no_command_provokes_has_no_program() -> None:
    without = ["E0901"]  # a mistake of the compiler
    assert [code for code, entry in CATALOGUE.items() if not entry.refused] == without
    assert [code for code, entry in CATALOGUE.items() if not entry.accepted] == without
    assert "No program is known" in CATALOGUE["E0901"].explanation
