"""A profile without launches, with which small layers have several programs too."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import tnc
import tnc.driver.variants as choice
from tnc.plan.profile import KINDS, Profile, Rate

GIGA = 10**9
FREE = Profile("free", tuple((kind, Rate(60 * GIGA, 12 * GIGA, 0)) for kind in KINDS), 0)


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Compiles with launches that are free."""
    path = tmp_path / "free.json"
    path.write_text(json.dumps(FREE.as_json()))
    monkeypatch.setattr(choice, "SLACK", 0)
    return partial(tnc.compile, profile=str(path))
