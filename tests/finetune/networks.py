"""A dense network, and the same with compiled layers."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

import tnc


class Dense(nn.Module):
    """`last` is declared first and called last; `twice` is called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(30, 4)
        self.conv = nn.Conv2d(2, 5, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(5)
        self.twice = nn.Linear(6, 6, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.conv(x)).relu().flatten(2)
        y = self.twice(self.twice(y).relu())
        out: Tensor = self.last(y.flatten(1))
        return out


def dense() -> Dense:
    torch.manual_seed(5)
    net = Dense().double()
    tnc.reestimate(net, data)
    return net.eval()


def layers(rank: int, conv_rank: int) -> dict[str, nn.Module]:
    plain, convolution = tnc.load("std.dense"), tnc.load("std.convolution")
    torch.manual_seed(6)
    return {
        "last": plain.SVD(S=30, T=4, bias=True, R=rank).double(),
        "conv": convolution.CP(S=2, T=5, stride=2, pad=1, bias=True, R=conv_rank).double(),
        "twice": plain.SVD(S=6, T=6, bias=False, R=rank).double(),
    }


def compressed(rank: int, conv_rank: int = 2) -> nn.Module:
    net = copy.deepcopy(dense())
    for name, layer in layers(rank, conv_rank).items():
        setattr(net, name, layer)
    return net.eval()


def data(epoch: int) -> Iterator[tuple[Tensor, None]]:
    """Three batches of images 4×6 of which convolution makes 2×3."""
    generator = torch.Generator().manual_seed(epoch)
    for count in (20, 25, 15):
        yield torch.randn(count, 2, 4, 6, generator=generator).double(), None


def drawn_after(run: Callable[[], object]) -> tuple[Tensor, float, float]:
    """What PyTorch, Python and NumPy draw after `run`, having been seeded before."""
    torch.manual_seed(11)
    random.seed(12)
    np.random.seed(13)
    run()
    return torch.rand(3), random.random(), float(np.random.rand())
