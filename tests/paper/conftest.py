"""The example's modules, which import each other by their names."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

PAPER = Path(__file__).parents[2] / "examples" / "paper"


@pytest.fixture(autouse=True)
def _found(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("datasets", "networks", "runs", "curves", "tables"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(PAPER)
