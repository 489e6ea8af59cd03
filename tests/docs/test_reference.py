"""docs/api.md says what signatures and docstrings say."""

from __future__ import annotations

import runpy
from collections.abc import Callable

import pytest

import tnc
from tests.docs.blocks import ROOT

MODULE = runpy.run_path(str(ROOT / "docs" / "reference.py"))


def test_the_page_is_up_to_date(golden: Callable[..., None]) -> None:
    golden("api.md", MODULE["page"](), ROOT / "docs")


@pytest.mark.parametrize("name", tnc.__all__)
def test_everything_public_is_there(name: str) -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert f"\n### tnc.{name}\n" in page
    assert f"\n### tnc.{name}\n\n###" not in page
