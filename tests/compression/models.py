"""Models as users have them, with weights that small ranks represent exactly."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def exact(layer: nn.Module) -> nn.Module:
    """The layer with a weight of rank 1 in all its axes, however they are reshaped, as each is a
    geometric sequence: every family of the standard library represents it."""
    weight = layer.weight
    assert isinstance(weight, Tensor)
    kernel = torch.ones((), dtype=weight.dtype)
    for size in weight.shape:
        base = 0.8 + 0.4 * torch.rand((), dtype=weight.dtype)
        kernel = kernel[..., None] * base ** torch.arange(size, dtype=weight.dtype)
    with torch.no_grad():
        weight.copy_(kernel)
    return layer


class Conv1D(nn.Module):
    """The dense layer of GPT-2 in transformers (modeling_utils.py): its weight is [S, T]."""

    def __init__(self, nf: int, nx: int) -> None:
        super().__init__()
        self.nf, self.nx = nf, nx
        self.weight = nn.Parameter(torch.randn(nx, nf))
        self.bias = nn.Parameter(torch.randn(nf))

    def forward(self, x: Tensor) -> Tensor:
        return torch.addmm(self.bias, x.flatten(0, -2), self.weight).unflatten(0, x.shape[:-1])


class Net(nn.Module):
    """Every kind of layer that is left alone by default, and some that are not."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.conv = exact(nn.Conv2d(8, 12, 3, stride=2, padding=1, bias=False))
        self.norm = nn.BatchNorm2d(12)
        self.depthwise = nn.Conv2d(12, 12, 3, padding=1, groups=12)
        self.point = exact(nn.Conv2d(12, 16, 1))
        self.hidden = exact(nn.Linear(16, 24))
        self.head = nn.Linear(24, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.conv(self.stem(x).relu())).relu()
        x = self.point(self.depthwise(x)).mean((2, 3))
        return self.head(self.hidden(x).relu())


class Tied(nn.Module):
    """`c` is `a`; `b` has its weight and its bias, `d` its weight and another bias, `e` a weight of
    its own."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.d, self.e = (exact(nn.Linear(8, 8)) for _ in range(4))
        self.c = self.a
        self.b.weight, self.b.bias = self.a.weight, self.a.bias
        self.d.weight = self.a.weight

    def forward(self, x: Tensor) -> Tensor:
        for layer in (self.a, self.b, self.c, self.d, self.e):
            x = layer(x)
        return x


class Together(nn.Module):
    """Layers of different weights with one bias: `a` and `b` are replaced, `head` is not; `line`
    has a bias of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.line, self.head = (exact(nn.Linear(8, 8)) for _ in range(4))
        self.b.bias = self.head.bias = self.a.bias

    def forward(self, x: Tensor) -> Tensor:
        for layer in (self.a, self.b, self.line, self.head):
            x = layer(x)
        return x


def net() -> Net:
    """The same one each time."""
    torch.manual_seed(0)
    return Net()
