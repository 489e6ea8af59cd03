"""Deep networks start with activations that neither vanish nor grow."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import tnc

DEPTH = 10
SEEDS = 8
TEXT = """tnn 1
from std.nn import relu
from std.convolution import Conv, CP, rTT
layer Deep(Conv: layer, depth: int) {
  mode n, c: 64, h, w
  input x[n, c, h, w]
  output y = x |> repeat (depth) Once(Conv)
}
layer Once(Conv: layer) {
  mode n, c: 64, h, w
  input x[n, c, h, w]
  output y = x |> Conv(64, 64, pad: "circular") |> relu
}
"""


def growth(conv: str, scale: float = 1.0) -> float:
    """The mean square after the layers relative to that before, averaged over seeds. Nothing is
    lost at borders, and no norm hides a kernel of another scale."""
    made = tnc.compile(source=TEXT, layer="Deep", set={"Conv": conv, "depth": DEPTH}).module
    found = []
    for seed in range(SEEDS):
        torch.manual_seed(seed)
        net: nn.Module = made.Deep()
        x = torch.randn(4, 64, 8, 8)
        with torch.no_grad():
            for weight in net.parameters():
                weight.mul_(scale)
            found.append((net(x).square().mean() / x.relu().square().mean()).item())
    return sum(found) / len(found)


@pytest.mark.parametrize("conv", ["Conv", "rTT(ratio: 0.4)", "CP(ratio: 0.4)"])
def test_activations_keep_their_size(conv: str) -> None:
    assert 1 / 3 < growth(conv) < 3


def test_a_kernel_of_another_scale_would_be_seen() -> None:
    assert growth("Conv", 0.9) < 1 / 3
    assert growth("Conv", 1.1) > 3
