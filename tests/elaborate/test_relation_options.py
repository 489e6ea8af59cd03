"""Options of relations: the index of a family, and the border that pads have by themselves."""

from __future__ import annotations

import torch
from torch.nn import functional

import tnc

EACH = """tnn 1
layer Each(strides: [int], pads, borders) {
  mode n, h[a in 1..2], f[a in 1..2]: 3
  conv(stride: strides[a], pad: pads[a], border: borders[a]) g[a] for a in 1..2 = h[a] * f[a]
  input x[n, h...]
  weight W[f...]
  output y[n, g...] = x * W
}
"""


def test_the_index_of_a_family_stands_in_options() -> None:
    layer = tnc.load(source=EACH).Each(strides=[1, 2], pads=[0, 2], borders=["zeros", "reflect"])
    x = torch.randn(2, 7, 9)
    padded = functional.pad(x[:, None], (2, 2, 0, 0), mode="reflect")
    wanted = functional.conv2d(padded, layer.W[None, None], stride=(1, 2))[:, 0]
    torch.testing.assert_close(layer(x), wanted)


def test_zeros_is_the_border_of_every_pad() -> None:
    text = EACH.replace("borders[a]", "zeros").replace(", borders", "")
    layer = tnc.load(source=text).Each(strides=[1, 1], pads=["same", "causal"])
    x = torch.randn(2, 7, 9)
    padded = functional.pad(x[:, None], (2, 0, 1, 1))
    wanted = functional.conv2d(padded, layer.W[None, None])[:, 0]
    torch.testing.assert_close(layer(x), wanted)


def test_elsewhere_the_index_is_unknown() -> None:
    text = EACH.replace("g[a] for a in 1..2 = h[a] * f[a]", "u = h[1] * f[1]")
    codes = {each.code for each in tnc.check(source=text)}
    assert "E0102" in codes


def test_a_mistake_in_options_of_a_family_is_said_once() -> None:
    text = EACH.replace("strides[a]", "0")
    said = [each.code for each in tnc.check(source=text)]
    assert said.count("E0303") == 1
