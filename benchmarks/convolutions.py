"""Factorised 3×3 convolutions against the dense layer, and against one n-ary einsum-like order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from tltorch import FactorizedConv
from torch import Tensor, nn

import tnc

RATIO = 0.1


@dataclass(frozen=True, slots=True)
class Shape:
    """Channels, signal and batch of a layer."""

    channels: int
    signal: int
    batch: int

    def __str__(self) -> str:
        return f"{self.channels}→{self.channels} {self.signal}×{self.signal} batch {self.batch}"


SHAPES = (Shape(16, 32, 32), Shape(64, 16, 32), Shape(256, 14, 8))

CP = """tnn 1
layer CP(S: int, T: int, R: int, k: int = 3) {
  mode n, h, w, s: S, t: T, r: R, i: k, j: k
  conv(pad: same) h' = h * i, w' = w * j
  input x[n, s, h, w]
  weight A[r, s], B[r, t], C[r, i], D[r, j]
  output y[n, t, h', w'] = x * A * B * C * D
}
"""
TK = """tnn 1
layer TK(S: int, T: int, R: int, k: int = 3) {
  mode n, h, w, s: S, t: T, p: R, q: R, i: k, j: k
  conv(pad: same) h' = h * i, w' = w * j
  input x[n, s, h, w]
  weight A[s, p], C[i, j, p, q], B[q, t]
  output y[n, t, h', w'] = x * A * C * B
}
"""


def candidates(shape: Shape, family: str) -> dict[str, Callable[[], object]]:
    """One training step (forward and backward) of each layer."""
    torch.manual_seed(0)
    S = shape.channels
    x = torch.randn(shape.batch, S, shape.signal, shape.signal, requires_grad=True)
    dense = nn.Conv2d(S, S, 3, padding=1, bias=False)
    rank = _rank(family, S)
    text, kind = (CP, "cp") if family == "CP" else (TK, "tucker")
    bind = {"n": shape.batch, "h": shape.signal, "w": shape.signal}
    options = {"source": text, "layer": family, "set": {"S": S, "T": S, "R": rank}, "bind": bind}
    ours = getattr(tnc.compile(**options).module, family)()
    plain = getattr(tnc.compile(**options, backward="autograd").module, family)()
    peer = FactorizedConv.from_conv(
        dense, rank=RATIO, factorization=kind, implementation="factorized"
    )
    layers = {"dense": dense, "tnc": ours, "tnc, autograd": plain, "tltorch": peer}
    return {name: _step(layer, x) for name, layer in layers.items()}


def _rank(family: str, S: int) -> int:
    budget = RATIO * 9 * S * S
    if family == "CP":
        return max(1, int(budget / (2 * S + 6)))
    return max(1, int(((4 * S * S + 36 * budget) ** 0.5 - 2 * S) / 18))


def _step(layer: nn.Module, x: Tensor) -> Callable[[], object]:
    with torch.no_grad():
        seed = torch.randn_like(layer(x))
    tensors = [x, *layer.parameters()]
    return lambda: torch.autograd.grad(layer(x), tensors, seed)


def cases() -> Iterator[tuple[str, dict[str, Callable[[], object]]]]:
    """Every case, with its title."""
    for family in ("CP", "TK"):
        for shape in SHAPES:
            yield f"{family} {RATIO:.0%} {shape}", candidates(shape, family)
