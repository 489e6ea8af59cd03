"""Kernels and samples that leave factors undetermined: ranks that are more than full, channels that
are dead, fewer samples than channels. No sweep raises the error, and nothing overflows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

import tnc
from tests.fitting.families import library

S, T = 16, 12
FAMILIES = ("CP", "TK", "TT", "TR", "HT", "BT", "rCP", "rTK", "rTT")
each_family = pytest.mark.parametrize("family", FAMILIES)


def made(family: str, **settings: object) -> nn.Module:
    """With the ranks that the family has by itself."""
    layer: nn.Module = library("std.convolution")[family](S=S, T=T, **settings)
    return layer


def separable() -> Tensor:
    return torch.einsum("t,s,i,j->tsij", *map(torch.randn, (T, S, 3, 3)))


def few_outputs() -> Tensor:
    kernel = torch.randn(T, S, 3, 3)
    kernel[4:] = 0
    return kernel


def low_rank() -> Tensor:
    core = torch.randn(3, 3, 3, 3)
    return torch.einsum("ta,sb,abij->tsij", torch.randn(T, 3), torch.randn(S, 3), core)


KERNELS = {
    "random": lambda: torch.randn(T, S, 3, 3),
    "separable": separable,
    "few outputs": few_outputs,
    "low rank": low_rank,
}


def relative(found: Tensor, wanted: Tensor) -> float:
    return float((found.detach() - wanted).norm() / wanted.norm())


def never_rises(report: tnc.FitReport) -> bool:
    return all(b <= a * (1 + 1e-6) + 1e-12 for a, b in pairwise(report.errors))


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@each_family
@pytest.mark.parametrize("kind", KERNELS)
def test_kernels(family: str, kind: str) -> None:
    torch.manual_seed(0)
    kernel, layer = KERNELS[kind](), made(family)
    report = tnc.fit(layer, kernel, iterations=30)
    assert never_rises(report)
    assert report.error == pytest.approx(relative(tnc.expand(layer), kernel), rel=1e-6, abs=1e-10)
    assert report.error < 1


@each_family
@pytest.mark.parametrize("start", ["auto", "current"])
@pytest.mark.parametrize("kind", ["two images", "constant", "dead channels"])
def test_samples(family: str, kind: str, start: str) -> None:
    torch.manual_seed(0)
    teacher, layer = nn.Conv2d(S, T, 3, padding=1), made(family, bias=True)
    x = torch.randn(2 if kind == "two images" else 20, S, 4, 4)
    if kind == "constant":
        x = torch.ones_like(x) * x[:1]
    if kind == "dead channels":
        x[:, 3:] = 0
    y = teacher(x).detach()
    tnc.fit(layer, teacher, iterations=5)
    before = relative(layer(x), y)
    activations = tnc.Activations(layer)
    activations.add(x, y)
    report = tnc.fit(layer, activations, start=start, iterations=20)  # type: ignore[arg-type]
    assert never_rises(report)
    after = relative(layer(x), y)
    assert report.error == pytest.approx(after, rel=1e-4, abs=3e-5)  # a ridge of 1e-10
    assert after <= before * (1 + 1e-6) + 1e-6 or start == "auto"


def test_where_nothing_can_be_gained_nothing_moves() -> None:
    """The start is exact, though its factors are one choice of many."""
    torch.manual_seed(0)
    report = tnc.fit(made("rTT"), torch.randn(T, S, 3, 3))
    assert (report.iterations, report.converged) == (0, True)
    assert report.error < 1e-13


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(number: float) -> None:
    layer = library("std.dense").SVD(S=8, T=6, R=2)
    before = layer.A.detach().clone()
    with torch.no_grad():
        layer.B[0, 0] = number
    with pytest.raises(ValueError, match="`B` of the layer has elements that are not finite"):
        tnc.fit(layer, torch.randn(6, 8), start="current")
    assert torch.equal(layer.A, before)
    assert tnc.fit(layer, torch.randn(6, 8)).error < 1  # from another start they do not matter
    with torch.no_grad():
        layer.B[0, 0] = number
    layer.B.requires_grad_(False)
    with pytest.raises(ValueError, match="`B` of the layer has elements that are not finite"):
        tnc.fit(layer, torch.randn(6, 8))


@pytest.mark.parametrize("scale", [1e-160, 1e160])
def test_targets_without_squares_are_refused(scale: float) -> None:
    layer = library("std.dense").SVD(S=8, T=6, R=2)
    target = torch.randn(6, 8)
    with pytest.raises(ValueError, match="have no squares in float64: scale it"):
        tnc.fit(layer, scale * target)
    wanted = tnc.fit(layer, target).error
    for near in (1e-100, 1e100):
        assert tnc.fit(layer, near * target).error == pytest.approx(wanted, rel=1e-6)


def test_weights_that_overflow_are_refused() -> None:
    layer = library("std.dense").SVD(S=8, T=6, R=2)
    with torch.no_grad():
        layer.A.mul_(1e200)
        layer.B.mul_(1e200)
    with pytest.raises(ValueError, match="overflow: scale the target and the weights"):
        tnc.fit(layer, torch.randn(6, 8), start="current")
