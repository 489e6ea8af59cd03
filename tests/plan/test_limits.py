"""Limits of memory are kept when the layers run, not only in plans."""

from __future__ import annotations

import pytest

import tnc
from tests.plan.allocations import peak

BIND = {"n": 4, "h_1": 12, "h_2": 12}


def convolution(family: str, **options: object) -> tnc.Compiled:
    settings = {"S": 16, "T": 16, "ratio": 0.2}
    return tnc.compile("std.convolution", family, set=settings, bind=BIND, cache=False, **options)


@pytest.mark.parametrize("family", ["CP", "TK", "rTK", "rTT"])
def test_layers(family: str) -> None:
    """At the least that there is, and half way to it; where least is allocated at once that is no
    more than PyTorch's own derivative needs."""
    shape = (4, 16, 12, 12)
    usual, least = convolution(family), convolution(family, objective="memory").plan.peak_bytes
    plain = convolution(family, backward="autograd")
    assert peak(getattr(usual.module, family)(), shape) <= peak(
        getattr(plain.module, family)(), shape
    )
    for limit in (least, (least + usual.plan.peak_bytes) // 2):
        made = convolution(family, memory_limit=limit)
        measured = peak(getattr(made.module, family)(), shape)
        assert measured == made.plan.peak_bytes <= limit


NET = """tnn 1
from std.nn import relu
from std.convolution import CP, TK
layer Net {
  mode n, c: 8, h, w
  input x[n, c, h, w]
  output y = x |> CP(8, 8, R: 6) |> relu |> repeat (3) TK(8, 8, R: 5) |> relu |> CP(8, 8, R: 6)
}
"""


def network(**options: object) -> tnc.Compiled:
    bind = {"n": 4, "h": 12, "w": 12}
    return tnc.compile(source=NET, layer="Net", bind=bind, cache=False, **options)


def test_a_network() -> None:
    """The limit is that of the whole: some layers compute more anew than others, and only as much
    as is needed."""
    usual, least = network().plan, network(objective="memory").plan
    assert not any(step.recomputed for step in usual.steps)
    again = []
    for share in (0.0, 0.4, 0.8):
        limit = int(least.peak_bytes + share * (usual.peak_bytes - least.peak_bytes))
        made = network(memory_limit=limit)
        assert peak(made.module.Net(), (4, 8, 12, 12)) <= limit
        again.append(sum(step.recomputed for step in made.plan.steps))
        assert usual.macs_backward <= made.plan.macs_backward <= least.macs_backward
    assert again[0] >= again[1] >= again[2] > 0
