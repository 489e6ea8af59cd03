"""The layers on which generated modules are exercised, small and unlike each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn

from tests.families.compiled import PROGRAMS, compiled, from_text
from tests.oracle import as_tuple, randomised
from tnc.driver.drafts import Draft
from tnc.driver.project import Project

ATTENTION = """tnn 1
from std.nn import softmax

## The core of one attention head: a contraction, a softmax, a contraction.
layer L {
  mode n, t, u: size(t), e: 3, f: 4, c: 2
  input x[n, t, e]
  weight Q[e, c], K[e, c], V[e, c], O[c, f]
  let q[n, t, c] = x[n, t, e] * Q
  let k[n, u, c] = x[n, u, e] * K
  let v[n, u, c] = x[n, u, e] * V
  let z[n, t, u] = q * k / sqrt(size(c))
  let a[n, t, u] = softmax(z, over: u)
  output y[n, t, f] = a * v * O
}
"""

TWO_OUTPUTS = """tnn 1
## Two outputs that share a product; the second sums two terms and has a bias.
layer L {
  mode n, s: 3, t: 4, r: 2
  input x[n, s]
  weight A[s, r], B[r, t], D[s, t], b[t]
  output y[n, r] = x * A
  output z[n, t] = x * A * B + x * D + b
}
"""


@dataclass(frozen=True)
class Subject:
    """A compiled layer with the shape of its input; `linear` in its input or not."""

    name: str
    made: Callable[..., Any]
    layer: str
    shape: tuple[int, ...]
    linear: bool = True

    def build(self, dtype: torch.dtype = torch.float64) -> nn.Module:
        """A module with standard normal parameters."""
        return randomised(getattr(self.made().module, self.layer)(dtype=dtype))

    def plain(self) -> Any:
        """The same layer compiled without derived gradients."""
        return self.made(backward="autograd")

    def input(self, dtype: torch.dtype = torch.float64, batch: int | None = None) -> Tensor:
        batch = self.shape[0] if batch is None else batch
        return torch.randn(batch, *self.shape[1:], dtype=torch.float64).to(dtype)


def family(name: str, file: str, layer: str, shape: tuple[int, ...], **settings: Any) -> Subject:
    return Subject(name, partial(compiled, file, layer, **settings), layer, shape)


def saving_nothing(project: Project, *_: object) -> dict[Any, Draft]:
    """Every layer with as much computed anew in the backward as can be."""
    return {each: min(project.every(each), key=lambda d: d.saved) for each in project.layers}


LONGER = (
    TWO_OUTPUTS.replace("r: 2", "q: 3, r: 2")
    .replace("B[r, t]", "B[r, q], E[q, t]")
    .replace("x * A * B", "x * A * B * E")
)


def again(source: str, backward: str = "derived") -> Any:
    """A program in a string whose backward computes all intermediates anew."""
    with patch("tnc.driver.build.chosen", saving_nothing):
        return from_text(f"{source}\n", backward=backward)


CP = """tnn 1
layer L {
  mode n, h, w, s: 3, t: 2, r: 2, i: 3, j: 3
  conv(pad: same, stride: 2) h' = h * i, w' = w * j
  input x[n, s, h, w]
  weight A[s, r], U[i, r], V[j, r], B[r, t]
  output y[n, t, h', w'] = x * A * U * V * B
}
"""


SUBJECTS = [
    family("cp", "conv2d", "CP4", (2, 3, 4, 5), S=3, T=2, R=2, stride=2),
    family("tt", "dense", "rTT", (3, 6), S=[2, 3], T=[2, 2], R=[2]),
    Subject("attention", partial(from_text, ATTENTION), "L", (2, 3, 3), linear=False),
    Subject("two", partial(from_text, TWO_OUTPUTS), "L", (3, 3)),
    family("transposed", "transposed", "UpsampleCP", (2, 2, 2, 3), S=2, T=3, R=2),
    Subject("cp again", partial(again, CP), "L", (2, 3, 4, 5)),
    Subject("two again", partial(again, LONGER), "L", (3, 3)),
    Subject("attention again", partial(again, ATTENTION), "L", (2, 3, 3), linear=False),
]
LINEAR = [subject for subject in SUBJECTS if subject.linear]
PATHS = {"cp": PROGRAMS / "conv2d.tnn", "tt": PROGRAMS / "dense.tnn"}


def named(name: str) -> Subject:
    return next(subject for subject in SUBJECTS if subject.name == name)


def total(values: Tensor | tuple[Tensor, ...]) -> Tensor:
    """A scalar that depends on every element, not linearly."""
    return torch.stack([value.square().sum() for value in as_tuple(values)]).sum()
