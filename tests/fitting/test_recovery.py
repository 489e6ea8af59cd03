"""Kernels that a layer can have are found again."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import tnc
from tests.fitting.families import CASES, Case, dense, library


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_a_kernel_of_exact_rank_is_recovered_from_the_best_of_three_starts(case: Case) -> None:
    target = tnc.expand(case.layer(seed=1)).detach()
    layer = case.layer(seed=2)
    report = tnc.fit(layer, target, iterations=400, tolerance=1e-9, restarts=3)
    assert report.error < 1e-8
    assert float((tnc.expand(layer).detach() - target).norm() / target.norm()) < 1e-8


def kronecker() -> Tensor:
    """A kernel [t1 t2, s1 s2, i, j] whose channels are Kronecker products."""
    channels = torch.kron(torch.randn(3, 4).double(), torch.randn(2, 2).double())
    return channels[:, :, None, None] * torch.randn(3, 3).double()


def test_reshaped_cp_of_rank_one_has_every_kronecker_product_and_cp_has_not() -> None:
    target = kronecker()
    conv = library("std.convolution")
    sizes = {"S": 8, "T": 6, "R": 1, "dtype": torch.float64}
    reshaped = conv.rCP(Ss=[4, 2], Ts=[3, 2], **sizes)
    assert tnc.fit(reshaped, target).error < 1e-12
    assert tnc.fit(conv.CP(**sizes), target, restarts=3).error > 0.3


@pytest.mark.parametrize("name", ["SVD", "TK"])
def test_a_low_rank_is_that_of_the_truncated_svd(name: str) -> None:
    target = torch.randn(6, 8, dtype=torch.float64)
    layer = dense(name, R=3).layer()
    report = tnc.fit(layer, target)
    values = torch.linalg.svdvals(target)
    best = float(values[3:].square().sum().sqrt() / target.norm())
    assert report.error == pytest.approx(best, rel=1e-9)


def test_polishing_lowers_the_error_where_sweeps_were_stopped() -> None:
    case = CASES[0]
    target = torch.randn(6, 8, 3, 3, dtype=torch.float64)
    plain = tnc.fit(case.layer(), target, iterations=5)
    polished = tnc.fit(case.layer(), target, iterations=5, polish=True)
    assert polished.error < plain.error - 1e-4
    assert polished.iterations == 5


@pytest.mark.parametrize("name", ["CP", "TK", "TT", "TR", "BT"])
def test_the_largest_norm_is_that_of_a_kernel_with_one_bond_held(name: str) -> None:
    conv = library("std.convolution")
    layer = conv[name](S=8, T=6, R=3, dtype=torch.float64)
    target = torch.randn(6, 8, 3, 3, dtype=torch.float64)
    report = tnc.fit(layer, target, iterations=3)
    largest = 0.0
    for weight in list(layer.parameters()):
        whole = weight.detach().clone()
        for axis in (axis for axis, size in enumerate(whole.shape) if size in (3, 4)):
            for place in range(whole.shape[axis]):
                with torch.no_grad():
                    weight.zero_()
                    weight.select(axis, place).copy_(whole.select(axis, place))
                if axis not in taps(name, weight):
                    largest = max(largest, float(tnc.expand(layer).detach().norm()))
        weight.data.copy_(whole)
    assert report.largest_norm == pytest.approx(largest / float(target.norm()), rel=1e-8)


def taps(name: str, weight: Tensor) -> set[int]:
    """The axes of a factor which are taps, not bonds: those of the core, in their places."""
    if weight.ndim == 2 or 8 in weight.shape or 6 in weight.shape:
        return set()
    return {"CP": {0, 1}, "TK": {0, 1}, "TT": {0}, "TR": {1}, "BT": {0, 1}}[name]


def test_components_that_cancel_each_other_are_told() -> None:
    a, b = torch.eye(2, dtype=torch.float64)
    limit = (
        torch.einsum("i,j,k->ijk", a, a, b)
        + torch.einsum("i,j,k->ijk", a, b, a)
        + torch.einsum("i,j,k->ijk", b, a, a)
    )  # rank 3, the limit of rank 2 (de Silva, Lim 2008)
    layer = library("std.convolution").CP(S=2, T=2, k=2, R=2, D=1, pad=0, dtype=torch.float64)
    report = tnc.fit(layer, limit, iterations=300, tolerance=0, start="random")
    assert report.error < 0.05
    assert report.largest_norm > 1.9
    assert (
        tnc.fit(library("std.convolution").CP(S=2, T=2, k=2, R=3, D=1, pad=0), limit).largest_norm
        < 1.9
    )
