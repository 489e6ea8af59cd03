"""Taps of size 1 need no factor: windows of one element rename the signal, or choose positions."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import tnc
from tests.elaborate.reading import checked, contraction, layer, places, program
from tests.oracle import Pad, Relation, agree, evaluate, randomised
from tnc.ops import Contract

PARAMS = 'stride: int = 1, pad = "same"'
FORWARD = """
  mode n, h, s: 3, t: 4, i: 1, j: 1
  conv(stride: stride, pad: pad) h' = h * i * j
  input x[n, s, h]
  weight A[s, t]
  output y[n, t, h'] = x * A
"""
BACKWARD = """
  mode n, s: 3, t: 4, h: 7, i: 1
  conv(stride: stride, pad: pad) h' = h * i
  input x[n, s, h']
  weight A[s, t]
  output y[n, t, h] = x * A
"""


PADDED = """
  mode n, h: 3, s: 3, t: 4, i: 1
  conv(stride: 2, pad: (0, 2)) h' = h * i
  input x[n, s, h]
  weight A[s, t]
  output y[n, t, h'] = x * A
"""


def reference(stride: int, pad: Pad, *, backward: bool = False) -> object:
    """The same with a tap that a factor of ones carries."""
    relation = Relation("g", "h", ("i",), stride, (1,), pad)
    ones = torch.ones(1, dtype=torch.float64)

    def dense(x: Tensor, A: Tensor) -> Tensor:
        signal, result = ("g", "h") if backward else ("h", "g")
        operands = [(x, ("n", "s", signal)), (A, ("s", "t")), (ones, ("i",))]
        sizes = {"h": 7} if backward else None
        return evaluate(operands, ("n", "t", result), [relation], sizes)

    return dense


@pytest.mark.parametrize(
    ("stride", "pad"), [(1, "same"), (2, "same"), (3, "valid"), (1, 1), (2, 1), (2, "circular")]
)
def test_forward(stride: int, pad: Pad) -> None:
    made = tnc.compile(
        source=program(FORWARD, PARAMS), layer="L", set={"stride": stride, "pad": pad}
    )
    module = randomised(made.module.L(dtype=torch.float64))
    for size in (6, 8) if pad == "circular" else (1, 6, 7, 9):
        agree(module, reference(stride, pad), torch.randn(2, 3, size, dtype=torch.float64))


@pytest.mark.parametrize(("stride", "pad", "size"), [(1, "same", 7), (2, "same", 4), (2, 1, 5)])
def test_backward(stride: int, pad: Pad, size: int) -> None:
    made = tnc.compile(
        source=program(BACKWARD, PARAMS), layer="L", set={"stride": stride, "pad": pad}
    )
    module = randomised(made.module.L(dtype=torch.float64))
    x = torch.randn(2, 3, size, dtype=torch.float64)
    agree(module, reference(stride, pad, backward=True), x)


@pytest.mark.parametrize("size", [3, 8])
def test_as_many_results_as_positions_are_no_name_for_them(size: int) -> None:
    """3 positions and 2 zeros, of which every second is taken: 3 again, and others."""
    text = program(PADDED if size == 3 else PADDED.replace("h: 3, ", "h, "))
    module = randomised(tnc.compile(source=text, layer="L").module.L(dtype=torch.float64))
    agree(module, reference(2, (0, 2)), torch.randn(2, 3, size, dtype=torch.float64))


def test_the_signal_is_renamed() -> None:
    """There is no relation left, and no pass over the data."""
    (output,) = layer(FORWARD, PARAMS).outputs
    assert isinstance(output.value.op, Contract)
    assert contraction(output.value)[1] == []


def test_positions_are_chosen_first() -> None:
    """16 of 32 positions, two images: 2 · 16 · 3 · 4 macs."""
    made = tnc.compile(
        source=program(FORWARD, PARAMS), layer="L", set={"stride": 2}, bind={"n": 2, "h": 32}
    )
    assert made.plan.macs == 2 * 16 * 3 * 4


def test_a_longer_tap_needs_its_factor() -> None:
    said = checked(program(FORWARD.replace("j: 1", "j: 2"), PARAMS))
    assert "E0204" in [code for code, _, _ in places(said)]
