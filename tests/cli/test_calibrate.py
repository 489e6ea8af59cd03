"""`tnc calibrate`: what it keeps and where, and how it ends. No time is compared with another."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import DENSE, Answer, interrupted
from tnc.api import calibration
from tnc.driver.profiles import profile_named
from tnc.plan.profile import CPU, KINDS, Profile

Run = Callable[..., Answer]

SMALL = (
    calibration.convolution("CP", 4, 6, 8, 1, 2, 0.5),
    calibration.dense("SVD", 24, 8, 0.5),
)
PLACE = Path("../cache/tnc/machine.json")


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "SUBJECTS", SMALL)
    Path("dense.tnn").write_text(DENSE)


def test_the_profile_of_this_machine(tnc: Run) -> None:
    answer = tnc("calibrate", "--seconds", "0.1")
    assert answer.code == 0
    place = PLACE.resolve()
    assert answer.err == f"wrote {place}: use it with `--profile machine`\n"
    stored = json.loads(place.read_text())
    assert (stored["schema"], stored["name"], set(stored["rates"])) == (
        "tnc.profile/1",
        "machine",
        set(KINDS),
    )
    assert profile_named("machine").rate("matrix product") != CPU.rate("matrix product")
    assert not list(place.parent.glob(".*"))
    planned = tnc("plan", "dense.tnn", "--set", "T=2", "--profile", "machine")
    assert (planned.code, planned.err) == (0, "")
    assert "profile machine" in planned.out.splitlines()[0]


def test_what_it_tells(tnc: Run) -> None:
    head, *lines = tnc("calibrate", "--seconds", "0.1").out.splitlines()
    assert head.split("  ")[0] == "kind of kernel"
    assert [line.split("  ")[0] for line in lines[: len(KINDS)]] == list(KINDS)
    assert lines[len(KINDS)].startswith("a layer, with its backward")
    assert lines[-4].startswith("2 layers in ")
    assert [line.split()[0] for line in lines[-3:]] == ["profile", "this", "`cpu`"]


def test_elsewhere(tnc: Run) -> None:
    answer = tnc("calibrate", "--seconds", "0.1", "-o", "mine.json")
    assert answer.code == 0
    assert answer.err == "wrote mine.json: use it with `--profile mine.json`\n"
    assert profile_named("mine.json").name == "mine"
    assert not PLACE.exists()
    assert tnc("plan", "dense.tnn", "--set", "T=2", "--profile", "mine.json").code == 0


def test_to_stdout(tnc: Run) -> None:
    answer = tnc("calibrate", "--seconds", "0.1", "-o", "-")
    assert json.loads(answer.out)["name"] == "machine"
    assert answer.err.startswith("kind of kernel")
    assert not PLACE.exists()


def test_it_is_measured_in_several_ways(tnc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[calibration.Measured] = []

    def fitted(found: list[calibration.Measured], device: str, name: str) -> Profile:
        seen.extend(found)
        return CPU

    monkeypatch.setattr(calibration, "fitted", fitted)
    assert tnc("calibrate", "--seconds", "0.1").code == 0
    convolutions = [each for each in seen if each.subject == str(SMALL[0])]
    assert {each.format for each in convolutions} == {"contiguous", "channels last"}
    assert len({each.order for each in convolutions}) > 2
    assert all(each.sample.seconds > 0 for each in seen)
    assert all("matrix product" in each.sample.work for each in seen if "SVD" in each.subject)


def test_before_it_was_measured(tnc: Run) -> None:
    answer = tnc("plan", "dense.tnn", "--set", "T=2", "--profile", "machine")
    said = "error: no profile `machine` yet: `tnc calibrate` measures this machine\n"
    assert answer == Answer(2, "", said)


@pytest.mark.parametrize("flag", ["--seconds", "--threads"])
@pytest.mark.parametrize("given", ["0", "x", "-1"])
def test_numbers(tnc: Run, flag: str, given: str) -> None:
    answer = tnc("calibrate", f"{flag}={given}")
    assert (answer.code, answer.out) == (2, "")
    assert f"`{flag} {given}`: give a " in answer.err


@pytest.mark.parametrize(
    ("path", "code", "said"),
    [
        ("mine.txt", 2, "the name of a profile's file ends with .json"),
        ("none/mine.json", 3, "there is no folder `none`"),
        ("folder.json", 3, "is a directory"),
    ],
)
def test_places_are_looked_at_first(
    tnc: Run, monkeypatch: pytest.MonkeyPatch, path: str, code: int, said: str
) -> None:
    Path("folder.json").mkdir()
    monkeypatch.setattr(calibration, "measured", None)
    answer = tnc("calibrate", "-o", path)
    assert (answer.code, answer.out) == (code, "")
    assert said in answer.err


def test_without_a_home(tnc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("no home")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", homeless)
    answer = tnc("calibrate")
    said = "error: there is no home to keep the profile in: name a file with `-o`\n"
    assert answer == Answer(2, "", said)


def test_a_place_that_cannot_be_written(tnc: Run) -> None:
    PLACE.parent.parent.write_text("")
    answer = tnc("calibrate", "--seconds", "0.1")
    assert (answer.code, answer.out) == (3, "")
    assert answer.err.startswith("error[E0502]: cannot write `")


@pytest.mark.usefixtures("_no_gpu")
def test_no_such_device(tnc: Run) -> None:
    answer = tnc("calibrate", "--device", "cuda")
    assert answer == Answer(2, "", "error: `--device cuda`: PyTorch finds no such device here\n")


@pytest.mark.gpu
def test_on_a_gpu(tnc: Run) -> None:
    answer = tnc("calibrate", "--device", "cuda", "--seconds", "1", "-o", "gpu.json")
    assert answer.code == 0
    assert "`cuda`" in answer.out
    assert profile_named("gpu.json").name == "gpu"


def test_interrupted() -> None:
    """While it measures; what was there before stays."""
    PLACE.parent.mkdir(parents=True)
    PLACE.write_text("before")
    assert interrupted("calibrate", "--seconds", "600", after=3) == (130, "", "interrupted\n")
    assert PLACE.read_text() == "before"
    assert not list(PLACE.parent.glob(".*"))
