"""`--tune` of compile, plan and bench. No time is compared with another."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import LOW, Answer

Run = Callable[..., Answer]
QUICK = ("--tune-seconds", "0.05")


@pytest.fixture(autouse=True)
def _files() -> None:
    Path("low.tnn").write_text(LOW)


def kept() -> list[Path]:
    return [path for path in Path("../cache").rglob("*.json") if "tnc.tuned/1" in path.read_text()]


def test_compile(tnc: Run) -> None:
    plain = tnc("compile", "low.tnn", "-o", "-").out
    tuned = tnc("compile", "low.tnn", "-o", "-", *QUICK)
    assert tuned.code == 0
    assert "profile cpu, tuned" in tuned.out
    assert len(kept()) == 1
    assert tnc("compile", "low.tnn", "-o", "-", *QUICK).out == tuned.out
    assert tnc("compile", "low.tnn", "-o", "-").out == plain
    assert "tuned" not in plain


def test_it_is_kept_for_plan_and_for_check(tnc: Run) -> None:
    assert tnc("compile", "low.tnn", *QUICK).code == 0
    assert tnc("compile", "low.tnn", "--check", *QUICK).code == 0
    head = tnc("plan", "low.tnn", *QUICK).out.splitlines()[0]
    assert head == "Low: objective time, profile cpu, tuned, n = 32"
    assert len(kept()) == 1


def test_bench(tnc: Run) -> None:
    answer = tnc("bench", "low.tnn", "--seconds", "0.01", "--json", *QUICK)
    assert (answer.code, answer.err) == (0, "")
    found = json.loads(answer.out)
    assert found["profile"] == "cpu, tuned"
    assert list(found["layers"]) == ["this_plan", "dense", "plain_autograd"]
    assert len(kept()) == 1


@pytest.mark.parametrize("objective", ["macs", "memory"])
def test_objectives_other_than_time_are_refused(tnc: Run, objective: str) -> None:
    answer = tnc("plan", "low.tnn", "--tune", "--objective", objective)
    said = f"error: `--tune` measures time: it does not go with `--objective {objective}`\n"
    assert answer == Answer(2, "", said)


@pytest.mark.parametrize("given", ["0", "x", "-1", ""])
def test_seconds(tnc: Run, given: str) -> None:
    answer = tnc("plan", "low.tnn", f"--tune-seconds={given}")
    assert (answer.code, answer.out) == (2, "")
    assert f"`--tune-seconds {given}`: give a number above 0" in answer.err


@pytest.mark.usefixtures("_no_gpu")
def test_no_such_device(tnc: Run) -> None:
    answer = tnc("plan", "low.tnn", "--tune", "--profile", "cuda")
    assert answer == Answer(2, "", "error: `--profile cuda`: PyTorch finds no such device here\n")


def test_interrupted(tnc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from tnc.api import tuning

    def interrupt(*given: object, **named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tuning, "interleaved", interrupt)
    assert tnc("compile", "low.tnn", *QUICK) == Answer(130, "", "interrupted\n")
    assert kept() == []
    assert not Path("low.py").exists()
