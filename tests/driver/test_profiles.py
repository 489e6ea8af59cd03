"""Profiles by name and from a file."""

import json
from pathlib import Path

import pytest

from tnc.driver.profiles import profile_named
from tnc.plan.profile import CPU, CUDA


def record() -> dict[str, object]:
    return {"name": "mine", "flops": dict(CPU.flops), "bandwidth": 7, "launch": 0}


def test_built_in_profiles_go_by_name() -> None:
    assert profile_named("cpu") is CPU
    assert profile_named("cuda") is CUDA


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(record()))
    profile = profile_named(str(path))
    assert (profile.name, profile.bandwidth, profile.launch) == ("mine", 7, 0)
    assert profile.flops == CPU.flops


@pytest.mark.parametrize(
    "change",
    [{"bandwidth": 0}, {"launch": -1}, {"flops": {}}, {"flops": None}, {"bandwidth": "fast"}],
)
def test_a_file_that_is_no_profile_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(record() | change))
    with pytest.raises(ValueError, match="is not a device profile"):
        profile_named(str(path))


def test_other_names_are_refused_with_the_choices(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there are `cpu`, `cuda`, or the path"):
        profile_named("tpu")
    with pytest.raises(FileNotFoundError):
        profile_named(str(tmp_path / "none.json"))
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    with pytest.raises(ValueError, match="is not a device profile"):
        profile_named(str(broken))
