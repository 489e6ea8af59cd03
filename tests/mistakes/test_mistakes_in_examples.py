"""The example programs with one mistake of each kind: what is said, and at which line and column.

The messages themselves are in `tests/golden/mistakes`, a file for each code.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.mistakes import names, roles, sizes, syntax, warnings
from tests.mistakes.case import CP, Case
from tnc.diagnostics import Diagnostic
from tnc.diagnostics.catalogue import CATALOGUE
from tnc.diagnostics.render import human
from tnc.driver.fix import fix
from tnc.driver.front import check, read

CASES = [each for group in (syntax, names, roles, sizes, warnings) for each in group.CASES]
CODES = sorted({each.code for each in CASES})
ELSEWHERE = {"E0310", "E0403", "E0501", "E0502", "E0503", "E0901", "W0202"}
"""Codes that only a build or a test of a program can say."""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def said(case: Case) -> tuple[Diagnostic, ...]:
    Path("mistake.tnn").write_text(case.text(), encoding="utf-8")
    return check(read("mistake.tnn"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title.replace(" ", "-"))
def test_places(case: Case) -> None:
    found = [f"{each.code} {each.span.line}:{each.span.column}" for each in said(case)]
    assert ", ".join(found) == case.said


@pytest.mark.parametrize("code", CODES)
def test_messages(code: str, golden: Callable[..., None]) -> None:
    pictures = [f"# {case.title}\n\n{human(said(case))}\n" for case in CASES if case.code == code]
    golden(f"mistakes/{code}.txt", "\n\n".join(pictures))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title.replace(" ", "-"))
def test_what_is_proposed_makes_nothing_worse(case: Case) -> None:
    before = said(case)
    fixed = fix(read("mistake.tnn"), check)
    assert len(fixed.remaining) <= len(before)
    ways = [sum(bool(help.edits) for help in each.help) for each in before]
    if set(ways) == {1}:
        assert fixed.remaining == (), human(fixed.remaining)


def test_the_programs_are_right_without_the_mistake() -> None:
    for program in dict.fromkeys(case.program for case in CASES):
        assert check(read(program)) == ()


def test_there_is_a_mistake_of_every_kind() -> None:
    assert len(CASES) >= 90
    assert {*CODES, *ELSEWHERE} == set(CATALOGUE)
    assert ELSEWHERE.isdisjoint(CODES)
    assert len({case.title for case in CASES}) == len(CASES)


def test_several_mistakes_are_found_in_one_run() -> None:
    text = CP.read_text(encoding="utf-8")
    layers = [text.replace("layer CPConv", f"layer L{k}").replace("tnn 1", "") for k in range(24)]
    wrong = [each.replace("C * D", "C * Dd") for each in layers]
    Path("mistake.tnn").write_text("tnn 1\n" + "".join(wrong))
    found = check(read("mistake.tnn"))
    assert [each.code for each in found] == ["E0102"] * 24
    assert [each.span.start for each in found] == sorted(each.span.start for each in found)
    shown = human(found)
    assert shown.count("error[E0102]") == 20
    assert shown.endswith("\n\n… and 4 more")
