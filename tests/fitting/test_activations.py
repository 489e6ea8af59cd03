"""Fits to samples: what is summed up of them, and that it is least squares in the outputs."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import tnc
from tests.fitting.families import CASES, Case, library
from tnc.fitting.starts import Start

Batches = list[tuple[Tensor, Tensor]]

GEOMETRIES = [
    {},
    {"stride": 2},
    {"dilation": 2, "pad": 2},
    {"groups": 2},
    {"pad": 0, "k": 2},
    {"k": 1, "stride": 2},
]


def images(teacher: nn.Module, count: int = 3, dimensions: int = 2) -> Batches:
    """Batches whose channels depend on each other, and which have a mean."""
    mix = torch.randn(8, 8, dtype=torch.float64)
    found = []
    for _ in range(count):
        x = torch.randn(6, 8, *(9, 7, 5)[:dimensions], dtype=torch.float64)
        x = torch.einsum("st,nt...->ns...", mix, x) + 1
        found.append((x, teacher(x).detach()))
    return found


def added(layer: nn.Module, batches: Batches) -> tnc.Activations:
    activations = tnc.Activations(layer)
    for x, y in batches:
        activations.add(x, y)
    return activations


def loss(layer: nn.Module, batches: Batches) -> float:
    gaps = [(layer(x) - y).square().sum() for x, y in batches]
    return float(sum(gaps).detach())  # type: ignore[union-attr]


def square(batches: Batches) -> float:
    """‖Y‖²."""
    return sum(float(y.square().sum()) for _, y in batches)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", ["CP", "rTT"])
@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
def test_the_error_is_that_of_the_outputs(geometry: dict[str, int], name: str, bias: bool) -> None:
    conv = library("std.convolution")
    sizes = {"S": 8, "T": 6, "bias": bias, "dtype": torch.float64, **geometry}
    batches = images(conv.Conv(**sizes))
    layer = conv[name](R=3, **sizes)
    report = tnc.fit(layer, added(layer, batches), iterations=20)
    wanted = (loss(layer, batches) / square(batches)) ** 0.5
    assert report.error == pytest.approx(wanted, rel=1e-6)
    assert never_rises(report)
    assert report.bias == ("fitted" if bias else "none")


def never_rises(report: tnc.FitReport) -> bool:
    """From the start on, no sweep makes the error larger."""
    return all(b <= a * (1 + 1e-9) for a, b in pairwise(report.errors))


@pytest.mark.parametrize("start", ["auto", "current"])
@pytest.mark.parametrize("case", CASES, ids=repr)
def test_no_sweep_raises_the_loss(case: Case, start: Start) -> None:
    layer = case.layer()
    activations = tnc.Activations(layer)
    signal = [7] * len(case.run.get("taps", []))  # type: ignore[arg-type]
    for _ in range(3):
        x = torch.randn(16, 8, *signal, dtype=torch.float64).cumsum(1)
        activations.add(x, torch.randn_like(layer(x)))
    report = tnc.fit(layer, activations, start=start, iterations=12, tolerance=0)
    assert never_rises(report)
    assert report.errors[-1] < report.errors[0]


@pytest.mark.parametrize("edge", ["circular", "reflect", "replicate"])
def test_borders_are_those_of_the_layer(edge: str) -> None:
    option = "pad: circular" if edge == "circular" else f"pad: same, border: {edge}"
    text = f"""tnn 1
    layer L(R: int = 2) {{
      mode n, s: 8, t: 6, r: R, h, i: 3
      conv({option}) g = h * i
      input x[n, s, h]
      weight A[s, i, r], B[r, t]
      output y[n, t, g] = x * A * B
    }}
    """
    made = tnc.load(source=text)
    layer, teacher = made.L(dtype=torch.float64), made.L(R=4, dtype=torch.float64)
    batches = images(teacher, dimensions=1)
    report = tnc.fit(layer, added(layer, batches), iterations=20)
    wanted = (loss(layer, batches) / square(batches)) ** 0.5
    assert report.error == pytest.approx(wanted, rel=1e-6)


def test_any_number_of_leading_axes_are_samples() -> None:
    layer = library("std.dense").SVD(S=8, T=6, R=2, dtype=torch.float64)
    x, y = torch.randn(5, 3, 8, dtype=torch.float64), torch.randn(5, 3, 6, dtype=torch.float64)
    activations = added(layer, [(x, y), (x[0, 0], y[0, 0])])
    assert activations.samples == 16


def test_many_batches_say_what_one_does() -> None:
    layer = library("std.convolution").CP(S=8, T=6, R=3, bias=True, dtype=torch.float64)
    batches = images(nn.Conv2d(8, 6, 3, padding=1, dtype=torch.float64))
    whole = [(torch.cat([x for x, _ in batches]), torch.cat([y for _, y in batches]))]
    first = tnc.fit(layer, added(layer, batches), iterations=5)
    second = tnc.fit(layer, added(layer, whole), iterations=5)
    assert first.errors == pytest.approx(second.errors, rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["CP", "TK", "TT", "rCP", "rTT"])
def test_it_is_hardly_worse_than_gradient_descent_on_the_same_samples(name: str) -> None:
    """Which is given the time to come as far as it can: it ends within a tenth of the fit."""
    conv = library("std.convolution")
    sizes = {"S": 8, "T": 6, "bias": True, "dtype": torch.float64}
    batches = images(nn.Conv2d(8, 6, 3, padding=1, dtype=torch.float64))
    layer = conv[name](R=3, **sizes)
    tnc.fit(layer, added(layer, batches), restarts=3)
    trained = min(descended(conv[name](R=3, **sizes), batches) for _ in range(3))
    assert 0.9 * trained < loss(layer, batches) <= 1.02 * trained


def descended(layer: nn.Module, batches: Batches) -> float:
    """The loss after stochastic gradient descent with a decreasing rate."""
    steps = 600
    optimiser = torch.optim.Adam(layer.parameters(), 0.1)
    rates = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for step in range(steps):
        x, y = batches[step % len(batches)]
        optimiser.zero_grad()
        functional.mse_loss(layer(x), y).backward()
        optimiser.step()
        rates.step()
    return loss(layer, batches)


def rows(batches: Batches) -> tuple[Tensor, Tensor]:
    return torch.cat([x for x, _ in batches]), torch.cat([y for _, y in batches])


def samples() -> Batches:
    torch.manual_seed(2)
    return [(torch.randn(9, 8).double() + 2, torch.randn(9, 6).double() - 1) for _ in range(4)]


def test_a_frozen_bias_is_held() -> None:
    """Of full rank, the kernel is least squares in what the bias leaves."""
    layer = library("std.dense").SVD(S=8, T=6, R=6, dtype=torch.float64)
    nn.init.normal_(layer.b)
    layer.b.requires_grad_(False)
    before, batches = layer.b.clone(), samples()
    report = tnc.fit(layer, added(layer, batches), iterations=400, tolerance=1e-12)
    x, y = rows(batches)
    best = torch.linalg.lstsq(x, y - before).solution
    torch.testing.assert_close(tnc.expand(layer), best.T, rtol=1e-6, atol=1e-6)
    assert torch.equal(layer.b, before)
    assert report.bias == "kept"
    gap = (y - before - x @ best).norm() / y.norm()
    assert report.error == pytest.approx(gap.item(), rel=1e-6)


def test_frozen_factors_are_held_beside_a_bias_that_is_fitted() -> None:
    layer = library("std.dense").SVD(S=8, T=6, R=3, dtype=torch.float64)
    layer.A.requires_grad_(False)
    before, batches = layer.A.clone(), samples()
    tnc.fit(layer, added(layer, batches), iterations=50)
    x, y = rows(batches)
    inside = torch.cat([x @ before, torch.ones(len(x), 1).double()], 1)
    best = torch.linalg.lstsq(inside, y).solution
    torch.testing.assert_close(layer.B, best[:3], rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(layer.b, best[3], rtol=1e-6, atol=1e-6)
    assert torch.equal(layer.A, before)


def test_a_bias_is_fitted_beside_factors_that_are_all_frozen() -> None:
    layer = library("std.dense").SVD(S=8, T=6, R=3, dtype=torch.float64)
    layer.A.requires_grad_(False)
    layer.B.requires_grad_(False)
    batches = samples()
    x, y = rows(batches)
    wanted = (y - x @ layer.A @ layer.B).mean(0)
    report = tnc.fit(layer, added(layer, batches), restarts=2, polish=True)
    torch.testing.assert_close(layer.b, wanted)
    gap = (y - layer(x)).norm() / y.norm()
    assert report.error == pytest.approx(gap.item(), rel=1e-6)
    layer.b.requires_grad_(False)
    with pytest.raises(ValueError, match="every weight of SVD is frozen"):
        tnc.fit(layer, added(layer, batches))


def test_memory_does_not_grow_with_the_samples() -> None:
    layer = library("std.convolution").CP(S=8, T=6, R=3)
    activations = tnc.Activations(layer)
    sizes = set()
    for _ in range(3):
        activations.add(torch.randn(2, 8, 5, 5), torch.randn(2, 6, 5, 5))
        held = [each for each in vars(activations).values() if isinstance(each, Tensor)]
        sizes.add(sum(each.numel() for each in held))
    assert len(sizes) == 1


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        ((2, 8, 5, 5), (3, 6, 5, 5), "2 inputs, but 3 outputs"),
        ((2, 7, 5, 5), (2, 6, 5, 5), "`x` cannot have the size 7"),
        ((2, 8, 5), (2, 6, 5, 5), "`x` has 4 axes, not 3"),
    ],
)
def test_samples_that_do_not_fit_are_refused(
    x: tuple[int, ...], y: tuple[int, ...], said: str
) -> None:
    layer = library("std.convolution").CP(S=8, T=6, R=3)
    with pytest.raises(ValueError, match=said):
        tnc.Activations(layer).add(torch.randn(x), torch.randn(y))


def test_no_samples_and_those_of_another_layer_are_refused() -> None:
    conv = library("std.convolution")
    layer, other = conv.CP(S=8, T=6, R=3), conv.CP(S=8, T=6, R=4)
    with pytest.raises(ValueError, match="no activations were added"):
        tnc.fit(layer, tnc.Activations(layer))
    with pytest.raises(ValueError, match="those of another layer"):
        tnc.fit(other, tnc.Activations(layer))
