"""Limits of memory: what is asked for is kept, or refused with what would do."""

from __future__ import annotations

from functools import partial
from itertools import product

import pytest

import tnc
from tests.plan.allocations import peak
from tnc.driver.limit import amount

CP = """tnn 1
layer CP(S: int = 64, T: int = 64, R: int = 256) {
  mode n, h, w, s: S, t: T, r: R, i: 3, j: 3
  conv(pad: same) h' = h * i, w' = w * j
  input x[n, s, h, w]
  weight A[s, r], B[r, t], C[i, r], D[j, r]
  output y[n, t, h', w'] = x * A * C * D * B
}
layer Net() {
  mode n, c: 64, h, w
  input x[n, c, h, w]
  output y = x |> CP |> repeat (2) CP(R: 200)
}
"""
SIZES = {"n": 8, "h": 16, "w": 16}


@pytest.mark.parametrize("layer", ["CP", "Net"])
def test_a_limit_is_kept(layer: str) -> None:
    free = tnc.compile(source=CP, layer=layer, bind=SIZES, objective="macs").plan
    least = tnc.compile(source=CP, layer=layer, bind=SIZES, objective="memory").plan
    assert least.peak_bytes < free.peak_bytes
    for limit in (free.peak_bytes, free.peak_bytes - 1, least.peak_bytes):
        made = tnc.compile(
            source=CP, layer=layer, bind=SIZES, objective="macs", memory_limit=limit
        ).plan
        assert made.peak_bytes <= limit
        assert (made == free) is (limit == free.peak_bytes)
        assert made.macs + made.macs_backward >= free.macs + free.macs_backward
    with pytest.raises(tnc.CompileError) as refused:
        tnc.compile(source=CP, layer=layer, bind=SIZES, memory_limit=least.peak_bytes - 1)
    (error,) = (each for each in refused.value.diagnostics if each.severity == "error")
    assert error.code == "E0501"
    assert f"{least.peak_bytes:,}" in error.labels[0].text


@pytest.mark.parametrize(
    ("layer", "settings", "n"),
    [("rTK", {"S": 32, "T": 36}, 4), ("TR", {"S": 48, "T": 52, "R": 6}, 8)],
)
def test_a_limit_is_kept_whatever_is_frozen(layer: str, settings: dict[str, int], n: int) -> None:
    """What only the gradients of frozen weights read goes in time as well."""
    bind = {"n": n, "h_1": 9, "h_2": 8}
    compiled = partial(tnc.compile, "std.convolution", layer, set=settings, bind=bind)
    limit = int(0.97 * compiled().plan.peak_bytes)
    made = getattr(compiled(memory_limit=limit).module, layer)()
    weights = list(made.parameters())
    for needed in product((False, True), repeat=len(weights)):
        for weight, flag in zip(weights, needed, strict=True):
            weight.requires_grad_(flag)
        assert peak(made, (n, settings["S"], 9, 8)) <= limit, needed


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("2GiB", 2 * 1024**3),
        ("500 MB", 500_000_000),
        ("1.5k", 1500),
        ("7", 7),
        ("1KiB", 1024),
        ("2.3G", 2_300_000_000),
        (f"1{'0' * 400}k", 10**403),
    ],
)
def test_amounts(text: str, count: int) -> None:
    assert amount(text) == count


@pytest.mark.parametrize("text", ["", "GiB", "2 giga", "-1", "1e9", "2PB"])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match="is no amount of memory"):
        amount(text)
