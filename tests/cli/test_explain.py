from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.cli.conftest import Answer
from tnc.diagnostics.catalogue import CATALOGUE

Run = Callable[..., Answer]


def test_a_code_has_a_page(tnc: Run) -> None:
    answer = tnc("explain", "E0203")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("error[E0203]: convolution result not kept\n\n")
    assert "\n\nrefused:\n\n    tnn 1\n    layer " in answer.out
    assert "\n\naccepted:\n\n    tnn 1\n    layer " in answer.out
    assert all(len(line) <= 80 for line in answer.out.splitlines())
    assert tnc("explain", "e0203") == answer
    assert tnc("explain", "error[E0203]") == answer


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_page(tnc: Run, code: str) -> None:
    answer = tnc("explain", code)
    assert (answer.code, answer.err) == (0, "")
    assert all(len(line) <= 100 for line in answer.out.splitlines())


def test_an_unknown_code(tnc: Run) -> None:
    answer = tnc("explain", "E0230")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: there is no diagnostic `E0230`; did you mean `E02")
    assert "`tnc explain` lists all" in tnc("explain", "hello").err


def test_the_page_shows_what_is_said(tnc: Run) -> None:
    page = tnc("explain", "E0101").out
    assert "\n\nerror[E0101]: undefined mode `t`\n --> program.tnn:5:15\n" in page
    assert "says more" not in page


def test_the_list(tnc: Run) -> None:
    answer = tnc("explain", "--list")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("syntax:\n  E0001  unexpected character\n")
    assert re.findall(r"^  (\w+)  ", answer.out, re.MULTILINE) == [*CATALOGUE]


def test_without_a_code_all_are_listed(tnc: Run) -> None:
    assert tnc("explain") == tnc("explain", "--list")
    assert tnc("explain", "E0203", "--list").code == 2
    assert tnc("explain", "E0203", "--markdown").code == 2
