"""Small layers of every kind of network, and how to run them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial

import torch
from torch import Tensor, nn

import tnc
from tests.fitting import unit

S, T = 8, 6

COMPOSED = """tnn 1
## A convolution of convolutions: 3 taps and 2 taps, 4 of them apart by one.
layer Composed(S: int = 8, T: int = 6, R: int = 3) {
  mode n, h, s: S, t: T, r: R, i: 3, j: 2
  conv(pad: (2, 1)) g = h * i * j
  input x[n, s, h]
  weight A[s, i, r], B[r, j, t]
  output y[n, t, g] = x * A * B
}
layer Stages(S: int = 8, T: int = 6, R: int = 3) {
  mode n, h, s: S, t: T, r: R, i: 3, j: 2
  conv(pad: (2, 1)) g = h * i
  conv(pad: 0) e = g * j
  input x[n, s, h]
  weight A[s, i, r], B[r, j, t]
  let z[n, r, g] = x * A
  output y[n, t, e] = z * B
}
layer Sum(S: int = 8, T: int = 6, R: int = 2) {
  mode n, s: S, t: T, r: R, p: R
  input x[n, s]
  weight A[r, s], B[t, r], C[p, s], D[t, p]
  output y[n, t] = 2 * x * A * B - x * C * D
}
layer Twice(S: int = 8, T: int = 6, R: int = 3) {
  mode n, s: S, t: T, r: R
  input x[n, s]
  weight A[r, s], B[t, r], C[t, r]
  output y[n, t] = x * A * B + 3 * x * A * C
}
layer Branches(S: int = 8, T: int = 6, R: int = 3) {
  mode n, h, s: S, t: T, r: R, i: 3, j: 5
  conv(pad: same) g = h * i
  conv(pad: same) g = h * j
  input x[n, s, h]
  weight A[s, r], B[r, i, t], C[s, j, t]
  output y[n, t, g] = x * A * B + x * C
}
"""


@dataclass(frozen=True)
class Case:
    """A layer in float64, and its kernel as a function of its weights."""

    name: str
    make: Callable[[], nn.Module]
    run: Mapping[str, object] = field(default_factory=dict)

    def __repr__(self) -> str:
        return self.name

    def layer(self, seed: int = 0) -> nn.Module:
        torch.manual_seed(seed)
        return self.make()

    def kernel(self, layer: nn.Module, weights: Mapping[str, Tensor]) -> Tensor:
        """By running the layer on unit inputs."""
        return unit.kernel(layer, weights, S, **self.run)  # type: ignore[arg-type]


@cache
def library(name: str) -> tnc.Library:
    return tnc.load(name) if name.startswith("std.") else tnc.load(source=COMPOSED)


def made(home: str, layer: str, settings: Mapping[str, object]) -> nn.Module:
    return library(home)[layer](S=S, T=T, dtype=torch.float64, **settings)


def convolution(layer: str, **settings: object) -> Case:
    groups, k = settings.get("groups", 1), settings.get("k", 3)
    dimensions = settings.get("D", 2)
    assert isinstance(dimensions, int)
    run = {"taps": [k] * dimensions, "groups": groups, "dilation": settings.get("dilation", 1)}
    said = ", ".join(f"{name}={value}" for name, value in settings.items())
    return Case(f"{layer}({said})", partial(made, "std.convolution", layer, settings), run)


def dense(layer: str, **settings: object) -> Case:
    said = ", ".join(f"{name}={value}" for name, value in settings.items())
    given = {"bias": False, **settings}
    return Case(f"dense {layer}({said})", partial(made, "std.dense", layer, given))


def own(layer: str, **run: object) -> Case:
    return Case(layer, partial(made, "", layer, {}), run)


CASES = (
    convolution("CP", R=4),
    convolution("CP", R=4, groups=2),
    convolution("CP4", R=4, dilation=2),
    convolution("TK", R1=3, R2=4),
    convolution("TT", R=3),
    convolution("TR", R=2),
    convolution("BT", R=2, blocks=2),
    convolution("HT", R=2),
    convolution("SVD", R=5),
    convolution("CP", R=3, k=1),
    convolution("TT", R=3, D=1),
    convolution("CP", R=3, D=3),
    convolution("rCP", R=3),
    convolution("rTK", R1=[2, 2], R2=[1, 2], groups=2),
    convolution("rTT", R=3),
    convolution("rTR", R=2),
    convolution("Conv"),
    dense("SVD", R=3),
    dense("rCP", R=3),
    dense("rTT", R=4),
    dense("rTR", R=2),
    dense("rBT", R=2, blocks=2),
    own("Composed", taps=[4], left=[2]),
    own("Stages", taps=[4], left=[2]),
    own("Sum"),
    own("Twice"),
    own("Branches", taps=[5]),
)
