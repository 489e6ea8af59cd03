"""Two fuzzers: 2,000 texts of damaged bytes on the command line, 3,000 programs with wrong tokens.

The same texts in every run. Each is a case of its own in what a failure shows: its number is the
seed, so `damaged(Random(1234))` is the text.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from tests import hanging
from tests.fuzz import laws
from tests.fuzz.damage import damaged, scrambled
from tests.fuzz.laws import hold
from tests.fuzz.texts import programs, tokens
from tests.hanging import guarded
from tnc.cli.main import main
from tnc.diagnostics import Diagnostic
from tnc.driver.front import check

BYTES, PROGRAMS, AT_ONCE = 2000, 3000, 100


@pytest.mark.parametrize("first", range(0, PROGRAMS, AT_ONCE))
def test_damaged_programs(first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        text = damaged(Random(seed))
        try:
            hold(text)
        except Exception as error:
            error.add_note(f"damaged(Random({seed})) is\n{text}")
            raise


@pytest.mark.parametrize("first", range(0, BYTES, AT_ONCE))
def test_scrambled_bytes(
    first: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for seed in range(first, first + AT_ONCE):
        Path("fuzz.tnn").write_bytes(scrambled(Random(seed)))
        with guarded():
            code = main(["check", "fuzz.tnn"])
        out, err = capsys.readouterr()
        assert code in {0, 1, 3}, f"scrambled(Random({seed}))\n{err}"
        assert out == ""
        assert code == 0 or "error" in err
        assert "Traceback" not in err


@pytest.mark.parametrize(
    "wrong",
    [
        lambda said: said[::-1],
        lambda said: (*said, said[0]),
        lambda said: [replace(each, message="") for each in said],
        lambda said: [replace(each, code="E0901") for each in said],
        lambda said: [replace(each, severity="warning") for each in said],
    ],
    ids=["disorder", "twice", "wordless", "internal", "severity"],
)
def test_the_laws_see_what_breaks_them(
    wrong: Callable[[Sequence[Diagnostic]], Sequence[Diagnostic]], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "tnn 1\nlayer L {\n  mode n\n  input x[n]\n  output y[n] = a * b\n}\n"
    hold(text)
    monkeypatch.setattr(laws, "check", lambda source: wrong(check(source)))
    with pytest.raises(AssertionError):
        hold(text)


def test_what_hangs_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hanging, "PATIENCE", 0.05)
    with pytest.raises(TimeoutError), guarded():
        time.sleep(5)


def test_the_texts_are_many_and_differ() -> None:
    assert len(programs()) > 100
    assert len(tokens()) > 150
    assert len({damaged(Random(seed)) for seed in range(500)}) > 480
    assert len({scrambled(Random(seed)) for seed in range(500)}) > 480
    assert damaged(Random(7)) == damaged(Random(7))
