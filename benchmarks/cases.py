"""What is measured: layers at their sizes, each with the dense layer that it replaces."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from tnc.api.files import open_unit
from tnc.driver.build import compile_unit
from tnc.driver.options import Options, Output, Request
from tnc.emit.load import load_module

OWN = str(Path(__file__).parent / "layers.tnn")


@dataclass(frozen=True, slots=True)
class Case:
    """A factorised layer at one size. `share`: its parameters as a part of the dense layer's.

    Cases with the same `group` have the same input and replace the same layer, which `dense` makes.
    """

    kind: str
    family: str
    group: str
    share: float
    file: str
    layer: str
    settings: Mapping[str, Any]
    bind: Mapping[str, int]
    shape: tuple[int, ...]
    dense: Callable[[], nn.Module] = field(compare=False)

    def __str__(self) -> str:
        return f"{self.family} {self.group}" + (f" {self.share:.0%}" if self.share else "")

    def to_json(self) -> dict[str, Any]:
        """What tells it from others, as plain values."""
        names = ("kind", "family", "group", "share")
        sizes = {"batch": self.shape[0], "S": self.settings.get("S", 0)}
        return {name: getattr(self, name) for name in names} | sizes

    def output(self, **options: Any) -> Output:
        """The generated module and its plan, made for these sizes; plans of earlier days are not
        taken."""
        request = Request(self.layer, self.settings)
        given = Options(binding=self.bind, cache=False, **options)
        return compile_unit(open_unit(self.file, None), [request], given)

    def module(self, output: Output) -> nn.Module:
        """The generated layer, with the same weights in every call."""
        torch.manual_seed(0)
        made: nn.Module = getattr(load_module(output.text), self.layer)()
        return made

    def input(self, memory_format: torch.memory_format = torch.contiguous_format) -> Tensor:
        """A random input of the layer, the same in every call."""
        torch.manual_seed(1)
        return torch.randn(self.shape).to(memory_format=memory_format)


@dataclass(frozen=True, slots=True)
class Image:
    """Channels before and after, side of the image, stride of a 3×3 convolution."""

    S: int
    T: int
    side: int
    stride: int = 1

    def __str__(self) -> str:
        stride = f" stride {self.stride}" if self.stride != 1 else ""
        return f"{self.S}→{self.T}@{self.side}²{stride}"


CONVOLUTIONS = ("CP", "CP4", "TK", "TT", "rCP", "rTK", "rTT")
IMAGES = (
    Image(16, 16, 32),
    Image(32, 64, 16, 2),
    Image(64, 64, 8),
    Image(256, 256, 14),
    Image(512, 512, 7),
)
SHARES = (0.02, 0.05, 0.1, 0.2)
DENSE = {"CP": "SVD", "TK": "TK", "rCP": "rCP", "rTT": "rTT"}
"""Families of dense layers. CP of a matrix is its low rank, which the library calls SVD."""
DENSE_SHARES = (0.02, 0.1)
DENSE_BATCHES = (1, 8, 32, 128, 512)
WIDE = 1024


def convolution(family: str, image: Image, share: float, batch: int = 32) -> Case:
    """A factorised 3×3 convolution of the standard library."""
    S, T, side, stride = image.S, image.T, image.side, image.stride
    return Case(
        "convolution",
        family,
        f"{image} batch {batch}",
        share,
        "std.convolution",
        family,
        {"S": S, "T": T, "stride": stride, "ratio": share},
        {"n": batch, "h_1": side, "h_2": side},
        (batch, S, side, side),
        lambda: nn.Conv2d(S, T, 3, stride=stride, padding=1, bias=False),
    )


def dense(family: str, share: float, batch: int, S: int = WIDE, T: int = WIDE, d: int = 2) -> Case:
    """A factorised dense layer of the standard library."""
    factors = {"d": d} if family.startswith("r") and d != 2 else {}
    return Case(
        "dense",
        family + (f" of {d} cores" if factors else ""),
        f"{S}→{T} batch {batch}",
        share,
        "std.dense",
        DENSE[family],
        {"S": S, "T": T, "bias": False, "ratio": share, **factors},
        {"...": batch},
        (batch, S),
        lambda: nn.Linear(S, T, bias=False),
    )


class _Regression(nn.Linear):
    """The dense layer over all features of an image."""

    def forward(self, input: Tensor) -> Tensor:
        """n c h w -> n t"""
        return super().forward(input.flatten(1))


def regression(batch: int, C: int = 256, H: int = 7, T: int = 100) -> Case:
    """A low-rank regression layer in Tucker form."""
    return Case(
        "regression",
        "TK",
        f"{C}@{H}²→{T} batch {batch}",
        0,
        OWN,
        "Regression",
        {"C": C, "H": H, "T": T, "R": 32, "Q": 4},
        {"n": batch},
        (batch, C, H, H),
        lambda: _Regression(C * H * H, T, bias=False),
    )


class _Attention(nn.Module):
    """Self-attention as it is written by hand."""

    def __init__(self, E: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.inward = nn.Linear(E, 3 * E, bias=False)
        self.outward = nn.Linear(E, E, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """n t e -> n t e"""
        n, t, E = x.shape
        q, k, v = self.inward(x).view(n, t, 3, self.heads, E // self.heads).permute(2, 0, 3, 1, 4)
        return self.outward(scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, t, E))


def attention(batch: int, positions: int = 64, E: int = 256, heads: int = 8) -> Case:
    """The core of self-attention; nothing is factorised, so that the dense layer is its peer."""
    return Case(
        "attention",
        "core",
        f"{positions}×{E} {heads} heads batch {batch}",
        0,
        OWN,
        "Attention",
        {"E": E, "heads": heads},
        {"n": batch, "t": positions},
        (batch, positions, E),
        lambda: _Attention(E, heads),
    )


def tiny(batch: int = 1) -> Case:
    """Three cores on 8×8×8."""
    shape = (batch, 8, 8, 8)
    dense = lambda: _Regression(math.prod(shape[1:]), 8, bias=False)  # noqa: E731
    return Case(
        "tiny", "TT", f"8×8×8 batch {batch}", 0, OWN, "Tiny", {}, {"n": batch}, shape, dense
    )


def everything(batches: tuple[int, ...] = (32, 8)) -> Iterator[Case]:
    """The whole grid; convolutions at these batches."""
    for batch in batches:
        for image in IMAGES:
            for family in CONVOLUTIONS:
                for share in SHARES:
                    yield convolution(family, image, share, batch)
    for batch in DENSE_BATCHES:
        for family in DENSE:
            for share in DENSE_SHARES:
                yield dense(family, share, batch)
        yield dense("rTT", 0.02, batch, 4096, 4096, 6)
        yield regression(batch)
    for batch in (1, 8, 32):
        yield attention(batch)
