"""Small layers that the networks of these tests are made of, and how the tests read them."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

import tnc
from tnc.diagnostics import Diagnostic

LAYERS = """tnn 1
from std.nn import relu, BatchNorm, flatten, dropout
layer Dense(S: int, T: int, bias: bool = false) {
  mode n, s: S, t: T
  input x[n, s]
  weight W[s, t], b[t]
  output y[n, t] = if bias then x * W + b else x * W
}
layer Low(S: int, T: int, R: int = 2) {
  mode n, s: S, t: T, r: R
  input x[n, s]
  weight A[s, r], B[r, t]
  output y[n, t] = x * A * B
}
layer Conv(S: int, T: int, stride: int = 1) {
  mode n, h, w, s: S, t: T, i: 3, j: 3
  conv(stride: stride, pad: same) h' = h * i, w' = w * j
  input x[n, s, h, w]
  weight W[s, t, i, j]
  output y[n, t, h', w'] = x * W
}
"""


def compiled(text: str, layer: str = "Net", **options: Any) -> Any:
    """What `tnc.compile` makes of a network that stands after `LAYERS`."""
    return tnc.compile(source=LAYERS + text, layer=layer, **options)


def instance(text: str, layer: str = "Net", **options: Any) -> nn.Module:
    """A float64 module with standard normal parameters."""
    made: nn.Module = getattr(compiled(text, layer, **options).module, layer)(dtype=torch.float64)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_()
    return made


def said(text: str) -> list[Diagnostic]:
    """The errors of a text that stands after `LAYERS`."""
    return [each for each in tnc.check(source=LAYERS + text) if each.severity == "error"]


def places(text: str) -> list[tuple[str, int, int]]:
    """Codes with line and column, lines counted from the first after `LAYERS`."""
    before = LAYERS.count("\n")
    return [(each.code, each.span.line - before, each.span.column) for each in said(text)]


def random(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64)
