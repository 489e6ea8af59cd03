"""Sums of hundreds of terms: what they take grows with their length, and they are what they say."""

from __future__ import annotations

import cProfile
import pstats

import torch

import tnc
from tests.hanging import guarded

HEAD = "tnn 1\nlayer L {\n mode n, s: 3, t: 4\n input x[n, s]\n weight A[s, t], B[s, t]\n"


def text(terms: int) -> str:
    """A, B, A, B, … times 2, 3, 4, …"""
    total = " + ".join(f"x * {'AB'[k % 2]} * {k + 2}" for k in range(terms))
    return f"{HEAD} output y[n, t] = {total}\n}}\n"


def calls(terms: int) -> int:
    """How many functions are called to compile a sum."""
    profile = cProfile.Profile()
    profile.runcall(tnc.compile, source=text(terms), layer="L", cache=False)
    found: int = pstats.Stats(profile).total_calls  # type: ignore[attr-defined]
    return found


def test_twice_as_many_terms_take_twice_as_many_calls() -> None:
    tnc.compile(source=text(2), layer="L", cache=False)
    small, large = calls(110), calls(220)
    assert large < 2.6 * small


def test_a_long_sum_is_the_sum() -> None:
    """With more addends than stand in one sum, and more steps in its gradient than the search for
    their order looks at all of."""
    with guarded():
        layer = tnc.compile(source=text(302), layer="L", cache=False).module.L().double()
    x = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    odd, even = sum(range(2, 304, 2)), sum(range(3, 304, 2))
    wanted = odd * x @ layer.A + even * x @ layer.B
    assert torch.allclose(layer(x), wanted)
    seed = torch.randn(5, 4, dtype=torch.float64)
    inputs = (x, layer.A, layer.B)
    pairs = zip(
        torch.autograd.grad(layer(x), inputs, seed),
        torch.autograd.grad(wanted, inputs, seed),
        strict=True,
    )
    assert all(torch.allclose(one, other) for one, other in pairs)
