"""Profiles by name and from a file."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tnc.driver.profiles import profile_named
from tnc.plan.profile import CPU, CUDA, KINDS

STILL = {"flops": 0, "bandwidth": 1, "launch": 0}


def record() -> dict[str, Any]:
    return {**CPU.as_json(), "name": "mine", "routine": 7}


def test_built_in_profiles_go_by_name() -> None:
    assert profile_named("cpu") is CPU
    assert profile_named("cuda") is CUDA


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(record()))
    assert profile_named(str(path)) == replace(CPU, name="mine", routine=7)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"routine": -1}, "rates must be positive"),
        ({"routine": "fast"}, "is not a device profile"),
        ({"rates": {}}, "it has no 'matrix product'"),
        ({"rates": None}, "is not a device profile"),
        ({"schema": "tnc.profile/0"}, "calibrate anew"),
        (
            {"rates": dict.fromkeys(KINDS, STILL)},
            "must be positive",
        ),
    ],
)
def test_a_file_that_is_no_profile_is_refused(
    tmp_path: Path, change: dict[str, object], said: str
) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(record() | change))
    with pytest.raises(ValueError, match=said):
        profile_named(str(path))


@pytest.mark.parametrize("text", ["[]", "7", "null", "{}"])
def test_other_json_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="is not a device profile"):
        profile_named(str(path))


def test_other_names_are_refused_with_the_choices(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there are `cpu`, `cuda`, `machine`, or the path"):
        profile_named("tpu")
    with pytest.raises(FileNotFoundError):
        profile_named(str(tmp_path / "none.json"))
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    with pytest.raises(ValueError, match="is not a device profile"):
        profile_named(str(broken))
