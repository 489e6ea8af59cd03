"""W0202: given exactly where the dense layer is quicker, by profiles with which that is plain."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tnc.api.files import open_unit
from tnc.cli.main import main
from tnc.diagnostics import Diagnostic
from tnc.diagnostics.catalogue import CATALOGUE
from tnc.driver.build import compile_unit
from tnc.driver.options import Options, Request
from tnc.driver.worth import BATCHES
from tnc.plan.profile import KINDS, Profile, Rate

TEXT = """tnn 1
layer Low(S: int = 256, R: int = 16) {
  mode n, s: S, r: R, t: S
  input x[n, s]
  weight A[s, r], B[r, t]
  output y[n, t] = x * A * B
}
layer Net {
  mode n, s: 256
  input x[n, s]
  let low = Low()
  output y = x |> low |> relu |> low
}
"""


def flat(launch: int, flops: int = 10**12) -> Profile:
    """Every call takes `launch` microseconds and its arithmetic; memory is free."""
    rate = Rate(flops, 10**18, launch * 10**6)
    return Profile("flat", tuple((kind, rate) for kind in KINDS), 0)


ARITHMETIC = flat(0, 10**9)
CALLS = flat(1000, 10**18)


def said(layer: str, profile: Profile, *, bind: dict[str, int], **more: Any) -> list[Diagnostic]:
    settings = {name: more.pop(name) for name in ("R",) if name in more}
    options = replace(Options(binding=bind, profile=profile, cache=False), **more)
    output = compile_unit(open_unit(None, TEXT), [Request(layer, settings)], options)
    return [each for each in output.diagnostics if each.code == "W0202"]


def notes(found: list[Diagnostic]) -> str:
    (one,) = found
    assert one.severity == "warning"
    return "\n".join([one.message, one.labels[0].text, *one.notes])


def test_by_arithmetic_it_is_given_up_to_the_rank_where_both_are_equal() -> None:
    """2 N S R multiply-adds of the factors, N S² of the dense layer, and each three times."""
    assert said("Low", ARITHMETIC, bind={"n": 64}, R=128) == []
    text = notes(said("Low", ARITHMETIC, bind={"n": 64}, R=150))
    assert "a step takes 29.5 ms, dense 25.2 ms" in text  # 6 · 64 · 256 · (300, 256) ns
    assert "1.17 times" in text
    assert "predicted for flat, at n = 64" in text
    assert "pay with `R` at most 131" in text  # 2 · 131 ≤ 1.03 · 256


def test_from_which_batch_on_it_pays() -> None:
    """Calls of a millisecond: three of them more are little beside the dense layer's arithmetic
    only from some batch on."""
    profile = flat(1000, 10**10)
    text = notes(said("Low", profile, bind={"n": 2}, R=8))
    size = int(re.findall(r"pay from n = (\d+) on", text)[0])
    assert size in BATCHES
    assert said("Low", profile, bind={"n": size}, R=8) == []
    assert said("Low", profile, bind={"n": size // 2}, R=8) != []


def test_where_calls_are_all_that_counts_it_never_pays() -> None:
    text = notes(said("Low", CALLS, bind={"n": 64}))
    assert "at no n up to 4096" in text
    assert "with no smaller `R`" in text


def test_a_batch_that_was_not_given_is_no_reason_if_another_would_do() -> None:
    profile = flat(1000, 10**10)
    assert said("Low", profile, bind={"n": 32}, R=8) != []
    assert said("Low", profile, bind={}, R=8) == []
    assert "assumed: n = 32" in notes(said("Low", CALLS, bind={}))


def test_only_where_time_is_what_matters() -> None:
    for options in ({"objective": "memory"}, {"objective": "macs"}, {"memory_limit": 10**9}):
        assert said("Low", CALLS, bind={"n": 64}, **options) == []


def test_a_network_lists_its_layers_once() -> None:
    text = notes(said("Net", CALLS, bind={"n": 64}))
    assert "layers in `Net`" in text
    assert text.count("Low (S = 256, R = 16) at n = 64, 2 times") == 1
    assert said("Net", CALLS, bind={}) == []
    assert said("Net", ARITHMETIC, bind={"n": 64}) == []


def test_the_page_is_true(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    entry = CATALOGUE["W0202"]
    for text, count in ((entry.refused, 1), (entry.accepted, 0)):
        Path("program.tnn").write_text(text)
        assert main(shlex.split(entry.command)[1:]) == 0
        assert capsys.readouterr().err.count("warning[W0202]") == count
