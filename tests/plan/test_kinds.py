"""The kinds of steps, in the search and in the report, against what a person calls them."""

from __future__ import annotations

import pytest

import tnc

LAYER = """tnn 1
layer L {{
  mode n: 2, s: {s}, t: {t}, r: 3, h: 8, w: 8, i: 3, j: 3
  conv(pad: same) h' = h * i, w' = w * j
  input x[{x}]
  weight A[{a}]
  output y[{y}] = x * A
}}
"""
CASES = {
    "matrix product": ("n, s", "s, t", "n, t"),
    "batched product": ("n, r, s", "r, s, t", "n, r, t"),
    "outer product": ("n, s", "s", "n, s"),
    "convolution": ("n, s, h, w", "s, t, i, j", "n, t, h', w'"),
    "depthwise convolution": ("n, s, h, w", "s, i, j", "n, s, h', w'"),
    "grouped convolution": ("n, r, s, h, w", "r, s, t, i, j", "n, r, t, h', w'"),
}
THIN = {
    "one channel for all": ("n, s, h, w", "i, j", "n, s, h', w'"),
    "one channel in": ("n, h, w", "t, i, j", "n, t, h', w'"),
    "one channel out": ("n, s, h, w", "s, i, j", "n, h', w'"),
    "several out of each": ("n, s, h, w", "s, t, i, j", "n, s, t, h', w'"),
}
EVERY = [*CASES.items(), *(("grouped convolution", case) for case in THIN.values())]


@pytest.mark.parametrize(("kind", "modes"), EVERY)
def test_kinds(kind: str, modes: tuple[str, str, str]) -> None:
    x, a, y = modes
    text = LAYER.format(s=5, t=7, x=x, a=a, y=y)
    (step,) = tnc.compile(source=text, layer="L").plan.steps
    assert step.kind == kind


def test_modes_of_size_one_do_not_count() -> None:
    x, a, y = CASES["convolution"]
    (step,) = tnc.compile(source=LAYER.format(s=1, t=7, x=x, a=a, y=y), layer="L").plan.steps
    assert step.kind == "grouped convolution"
