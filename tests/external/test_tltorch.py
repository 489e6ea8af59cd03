"""Factorised layers of tensorly-torch, with the same weights."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import tltorch
import torch
from torch import Tensor, nn

from tests.families.compiled import instance, instance_of
from tests.oracle import close, leaf, randomised

DOUBLE = torch.float64
Copied = tuple[nn.Module, dict[str, Tensor]]
Build = Callable[[int], Copied]


def their_convolution(kind: str, order: int, rank: object) -> nn.Module:
    return randomised(
        tltorch.FactorizedConv(
            *(5, 7),
            kernel_size=3,
            order=order,
            rank=rank,
            factorization=kind,
            implementation="factorized",
            bias=False,
            stride=2,
            padding=1,
            dtype=DOUBLE,
        )
    )


def cp(order: int) -> Copied:
    """Their factors are [t, r], [s, r], [taps, r]…, with a weight per rank."""
    layer = their_convolution("cp", order, 4)
    t, s, *taps = layer.weight.factors
    names = {1: ("C",), 2: ("U", "V"), 3: ("U", "V", "X")}[order]
    scaled = {"A": s * layer.weight.weights, "B": t.T}
    return layer, scaled | dict(zip(names, taps, strict=True))


def tucker(order: int) -> Copied:
    """Their core is [t, s, taps…]; the factors of the taps are absorbed into ours."""
    layer = their_convolution("tucker", order, (4,) * (order + 2))
    core: Tensor = layer.weight.core
    t, s, *taps = layer.weight.factors
    for factor in taps:
        core = torch.tensordot(core, factor, dims=([2], [1]))
    return layer, {"A": s, "B": t.T, "C": core.movedim((1, 0), (-2, -1))}


def train(order: int) -> Copied:
    """Their cores are [1, s, r], [r, taps, r]…, [r, t, 1]."""
    layer = their_convolution("tt", order, 4)
    first, *inner, last = layer.weight.factors
    names = {2: ("G", "H"), 3: ("U", "V", "X")}[order]
    cores = {name: core.transpose(0, 1) for name, core in zip(names, inner, strict=True)}
    return layer, {"A": first[0], "B": last[..., 0], **cores}


def agrees(theirs: nn.Module, ours: nn.Module, copied: dict[str, Tensor], x: Tensor) -> None:
    """Same weights, same value, same gradient of the input."""
    with torch.no_grad():
        for name, weight in ours.named_parameters():
            weight.copy_(copied[name])
    mine, other = leaf(x), leaf(x)
    found, expected = ours(mine), theirs(other)
    close(found, expected, "value")
    seed = torch.randn_like(expected)
    found.backward(seed)
    expected.backward(seed)
    close(mine.grad, other.grad, "gradient")


@pytest.mark.parametrize("order", [1, 2, 3])
def test_cp_convolution(order: int) -> None:
    theirs, copied = cp(order)
    name = "CP4" if order == 2 else "CP"
    ours = instance(f"conv{order}d", name, S=5, T=7, R=4, stride=2, pad=1)
    agrees(theirs, ours, copied, torch.randn(2, 5, *(6, 7, 8)[:order], dtype=DOUBLE))


@pytest.mark.parametrize("order", [1, 2, 3])
def test_tucker_convolution(order: int) -> None:
    theirs, copied = tucker(order)
    *_, p, q = copied["C"].shape
    ours = instance(f"conv{order}d", "TK", S=5, T=7, P=p, Q=q, stride=2, pad=1)
    agrees(theirs, ours, copied, torch.randn(2, 5, *(6, 7, 8)[:order], dtype=DOUBLE))


@pytest.mark.parametrize("order", [2, 3])
def test_tensor_train_convolution(order: int) -> None:
    theirs, copied = train(order)
    ranks = [4] * (order + 1)
    ours = instance(f"conv{order}d", "TT", S=5, T=7, R=ranks, stride=2, pad=1)
    agrees(theirs, ours, copied, torch.randn(2, 5, *(6, 7, 8)[:order], dtype=DOUBLE))


def test_tensor_train_linear() -> None:
    """Their TT-matrix has cores [r, t, s, r]."""
    theirs = randomised(
        tltorch.FactorizedLinear(
            *((2, 3, 2), (3, 2, 3)),
            rank=4,
            factorization="blocktt",
            implementation="factorized",
            bias=False,
            dtype=DOUBLE,
        )
    )
    cores = [core.transpose(1, 2) for core in theirs.weight.factors]
    copied = {f"K_{number}": core for number, core in enumerate(cores, 1)}
    ranks = [core.shape[-1] for core in cores[:-1]]
    ours = instance("dense", "rTT", S=[2, 3, 2], T=[3, 2, 3], R=ranks)
    agrees(theirs, ours, copied, torch.randn(4, 12, dtype=DOUBLE))


def test_cp_linear() -> None:
    """Their CP has a factor per s_l and per t_l; the outer product of two is one of our cores."""
    theirs = randomised(
        tltorch.FactorizedLinear(
            *((2, 3), (3, 4)),
            rank=5,
            factorization="cp",
            implementation="factorized",
            bias=False,
            dtype=DOUBLE,
        )
    )
    t1, t2, s1, s2 = theirs.weight.factors
    first = torch.einsum("sr,tr,r->rst", s1, t1, theirs.weight.weights)
    copied = {"K_1": first, "K_2": torch.einsum("sr,tr->rst", s2, t2)}
    ours = instance("dense", "rCP", S=[2, 3], T=[3, 4], R=5)
    agrees(theirs, ours, copied, torch.randn(4, 6, dtype=DOUBLE))


def test_a_contraction_layer() -> None:
    """tltorch.TCL: every mode of the input projected by its own matrix."""
    theirs = randomised(tltorch.TCL((3, 4, 5), (2, 3, 2), bias=False, dtype=DOUBLE))
    text = """tnn 1
    layer L {
      mode n, a: 3, b: 4, c: 5, p: 2, q: 3, r: 2
      input x[n, a, b, c]
      weight U[p, a], V[q, b], W[r, c]
      output y[n, p, q, r] = x * U * V * W
    }"""
    copied = dict(zip("UVW", theirs.factors, strict=True))
    agrees(theirs, instance_of(text), copied, torch.randn(2, 3, 4, 5, dtype=DOUBLE))
