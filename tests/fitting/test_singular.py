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
    with pytest.raises(
        ValueError, match="the target has elements without squares in float64: scale them"
    ):
        tnc.fit(layer, scale * target)
    wanted = tnc.fit(layer, target).error
    for near in (1e-100, 1e100):
        assert tnc.fit(layer, near * target).error == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize(
    ("family", "middle", "spread", "least"),
    [("TR", 0.3, 0.1, 1e-4), ("TR", 1.0, 0.1, 1e-4), ("TT", 300.0, 10.0, 0.28)],
)
@pytest.mark.parametrize("seed", range(2))
def test_starts_whose_components_cancel(
    family: str, middle: float, spread: float, least: float, seed: int
) -> None:
    """A sweep that fails by rounding ends nothing; what is told is the error of the kernel."""
    torch.manual_seed(seed)
    layer = library("std.convolution")[family](S=12, T=8)
    kernel = torch.randn(8, 12, 3, 3)
    with torch.no_grad():
        for weight in layer.parameters():
            weight.copy_(torch.randn_like(weight) * spread + middle)
    report = tnc.fit(layer, kernel, start="current", iterations=60, tolerance=1e-9)
    assert report.error < least
    assert report.error == pytest.approx(relative(tnc.expand(layer), kernel), rel=1e-3)


@pytest.mark.parametrize(("x", "y"), [(1e-170, 1), (1e160, 1), (1, 1e-170), (1, 1e160)])
def test_samples_without_squares_are_refused(x: float, y: float) -> None:
    activations = tnc.Activations(library("std.dense").SVD(S=8, T=6, R=2))
    with pytest.raises(ValueError, match="the activations have elements without squares"):
        activations.add(x * torch.randn(50, 8), y * torch.randn(50, 6))


def test_weights_that_overflow_are_refused() -> None:
    layer = library("std.dense").SVD(S=8, T=6, R=2)
    with torch.no_grad():
        layer.A.mul_(1e130)
        layer.B.mul_(1e130)
    with pytest.raises(ValueError, match="overflow: scale the target and the weights"):
        tnc.fit(layer, torch.randn(6, 8), start="current")
    assert tnc.fit(layer, torch.randn(6, 8), start="current", restarts=2).error < 1
