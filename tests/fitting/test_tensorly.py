"""From equal starts, in equally many sweeps, the error is that of tensorly's decompositions."""

from __future__ import annotations

import pytest
import tensorly
import torch
from tensorly.decomposition import parafac, partial_tucker, tensor_train
from torch import Tensor, nn

import tnc
from tests.fitting.families import library

SWEEPS, RANK = 25, 4
T, S = 10, 12


@pytest.fixture(autouse=True)
def _backend() -> None:
    tensorly.set_backend("pytorch")


def kernel(kind: str, seed: int) -> Tensor:
    """[t, s, i, j]: normal numbers; or smooth taps and channels of decreasing importance."""
    source = torch.Generator().manual_seed(seed)
    noise = torch.randn(T, S, 3, 3, generator=source, dtype=torch.float64)
    if kind == "random":
        return noise
    parts = [torch.randn(size, 6, generator=source, dtype=torch.float64) for size in (T, S, 3, 3)]
    weights = torch.arange(1, 7, dtype=torch.float64) ** -1.0
    return torch.einsum("tr,sr,ir,jr,r->tsij", *parts, weights) + 0.1 * noise


def error(found: Tensor, target: Tensor) -> float:
    return float((found - target).norm() / target.norm())


@torch.no_grad()
def given(layer: nn.Module, **weights: Tensor) -> nn.Module:
    for name, value in weights.items():
        own = getattr(layer, name)
        own.copy_(value.reshape(own.shape))
    return layer


KERNELS = [(kind, seed) for kind in ("random", "structured") for seed in range(3)]


@pytest.mark.parametrize(("kind", "seed"), KERNELS)
def test_cp(kind: str, seed: int) -> None:
    target = kernel(kind, seed)
    ordered = target.permute(1, 2, 3, 0)  # as the layer declares its factors
    source = torch.Generator().manual_seed(seed)
    start = [
        torch.randn(size, RANK, generator=source, dtype=torch.float64) for size in ordered.shape
    ]
    one = torch.ones(RANK, dtype=torch.float64)
    init = (one, [each.clone() for each in start])
    theirs = parafac(ordered, RANK, n_iter_max=SWEEPS, init=init, tol=0)
    s, i, j, t = start
    layer = library("std.convolution").CP4(S=S, T=T, R=RANK, dtype=torch.float64)
    given(layer, A=s, C_1=i, C_2=j, B=t.T)
    report = tnc.fit(layer, target, start="current", iterations=SWEEPS, tolerance=0)
    assert report.error <= 1.01 * error(tensorly.cp_to_tensor(theirs), ordered)


@pytest.mark.parametrize(("kind", "seed"), KERNELS)
def test_tucker(kind: str, seed: int) -> None:
    target = kernel(kind, seed)
    (core, factors), _ = partial_tucker(
        target, rank=[RANK, RANK], modes=[0, 1], n_iter_max=SWEEPS, tol=0
    )
    theirs = tensorly.tenalg.multi_mode_dot(core, factors, modes=[0, 1])
    layer = library("std.convolution").TK(S=S, T=T, R=RANK, dtype=torch.float64)
    report = tnc.fit(layer, target, iterations=SWEEPS, tolerance=0)
    assert report.error <= 1.01 * error(theirs, target)


@pytest.mark.parametrize(("kind", "seed"), KERNELS)
def test_tensor_train(kind: str, seed: int) -> None:
    target = kernel(kind, seed)
    theirs = tensor_train(target.permute(1, 2, 3, 0), rank=[1, RANK, RANK, RANK, 1])
    found = tensorly.tt_to_tensor(theirs).permute(3, 0, 1, 2)
    layer = library("std.convolution").TT(S=S, T=T, R=RANK, dtype=torch.float64)
    report = tnc.fit(layer, target, iterations=1)
    assert report.errors[0] <= 1.05 * error(found, target)  # of another order of truncations
    assert report.error <= 1.01 * error(found, target)
