"""The oracle itself, against PyTorch and numpy."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.oracle import Border, Pad, Relation, close, dense_pattern, evaluate, landed, windows

STRIDES = DILATIONS = (1, 2, 3)


def test_pattern_by_hand() -> None:
    pattern = dense_pattern(4, 2, [3], 2, [1], 1)
    assert pattern.shape == (4, 2, 3)
    assert {tuple(place) for place in pattern.nonzero().tolist()} == {
        (0, 0, 1),
        (1, 0, 2),
        (1, 1, 0),
        (2, 1, 1),
        (3, 1, 2),
    }


@pytest.mark.parametrize(
    ("pad", "size"),
    [
        ("valid", lambda h, r, s: (h - r - 1) // s + 1),
        ("same", lambda h, r, s: -(-h // s)),
        ("tf_same", lambda h, r, s: -(-h // s)),
        ("full", lambda h, r, s: (h + r - 1) // s + 1),
        ("causal", lambda h, r, s: -(-h // s)),
        ("circular", lambda h, r, s: -(-h // s)),
        (2, lambda h, r, s: (h + 4 - r - 1) // s + 1),
        ((3, 1), lambda h, r, s: (h + 4 - r - 1) // s + 1),
    ],
)
def test_enumerated_windows_are_the_table(pad: Pad, size: Callable[[int, int, int], int]) -> None:
    for h, s, reach in itertools.product(range(4, 12), STRIDES, range(4)):
        assert windows(h, reach, s, pad)[1] == size(h, reach, s), (h, s, reach)


@pytest.mark.parametrize(
    ("stride", "pad"),  # PyTorch's `same` has no strides
    [(1, "same"), *itertools.product(STRIDES, ("valid", 1, 2))],
)
@pytest.mark.parametrize("dilation", DILATIONS)
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
def test_one_relation_is_conv1d(stride: int, dilation: int, pad: str | int) -> None:
    for k, h in itertools.product(range(1, 4), range(7, 10)):
        x = torch.randn(2, 3, h, dtype=torch.float64)
        w = torch.randn(4, 3, k, dtype=torch.float64)
        relation = Relation("h'", "h", ("i",), stride, (dilation,), pad)
        found = evaluate([(x, "nsh"), (w, "tsi")], ["n", "t", "h'"], [relation])
        close(found, functional.conv1d(x, w, None, stride, pad, dilation), f"{k} {h}")


@pytest.mark.parametrize("stride", STRIDES)
def test_backwards_is_conv_transpose1d(stride: int) -> None:
    x = torch.randn(2, 3, 5, dtype=torch.float64)
    w = torch.randn(3, 4, 3, dtype=torch.float64)
    relation = Relation("g", "h", ("i",), stride, (2,), 1)
    expected = functional.conv_transpose1d(x, w, None, stride, 1, 0, 1, 2)
    sizes = {"h": expected.shape[-1]}
    found = evaluate([(x, "nsg"), (w, "sti")], "nth", [relation], sizes)
    close(found, expected, "transposed")


def test_sideways_is_the_gradient_of_the_kernel() -> None:
    x = torch.randn(2, 3, 9, dtype=torch.float64)
    w = torch.randn(4, 3, 3, dtype=torch.float64, requires_grad=True)
    seed = torch.randn(2, 4, 4, dtype=torch.float64)
    (expected,) = torch.autograd.grad(functional.conv1d(x, w, None, 2), w, seed)
    relation = Relation("g", "h", ("i",), 2)
    found = evaluate([(x, "nsh"), (seed, "ntg")], "tsi", [relation], {"i": 3})
    close(found, expected, "gradient")


@pytest.mark.parametrize("mode", ["circular", "reflect", "replicate"])
def test_borders_are_those_of_pad(mode: Border) -> None:
    x = torch.arange(5.0, dtype=torch.float64)
    padded = functional.pad(x[None], (3, 4), mode=mode)[0]
    read = [landed(p, 5, mode) for p in range(-3, 9)]
    assert padded.tolist() == read


@pytest.mark.parametrize("mode", ["circular", "reflect", "replicate"])
def test_borders_in_a_convolution(mode: Border) -> None:
    x = torch.randn(2, 3, 8, dtype=torch.float64)
    w = torch.randn(4, 3, 4, dtype=torch.float64)
    padded = functional.pad(x, (1, 2), mode=mode)
    pad, border = ("circular", "zero") if mode == "circular" else ("same", mode)
    relation = Relation("g", "h", ("i",), pad=pad, border=border)
    found = evaluate([(x, "nsh"), (w, "tsi")], "ntg", [relation])
    close(found, functional.conv1d(padded, w), mode)


def test_flip_and_full_are_numpys_convolution() -> None:
    x, w = np.random.randn(7), np.random.randn(4)
    relation = Relation("g", "h", ("i",), pad="full", flip=True)
    found = evaluate([(torch.tensor(x), "h"), (torch.tensor(w), "i")], "g", [relation])
    close(found, torch.tensor(np.convolve(x, w)), "convolve")


def test_several_taps_are_their_full_convolution() -> None:
    """h' = h * i * j equals one kernel: the full convolution of both (with their dilations)."""
    x, u, v = (torch.randn(size, dtype=torch.float64) for size in (11, 3, 2))
    relation = Relation("g", "h", ("i", "j"), 2, (1, 2), "same")
    found = evaluate([(x, "h"), (u, "i"), (v, "j")], "g", [relation])
    spread = torch.zeros(3, dtype=torch.float64)
    spread[::2] = v
    kernel = torch.tensor(np.convolve(u, spread))
    padded = functional.pad(x[None, None], (2, 2))
    close(found, functional.conv1d(padded, kernel[None, None], None, 2)[0, 0], "merged")


def test_networks_without_relations_are_numpys_einsum() -> None:
    a, b, c = np.random.randn(2, 3), np.random.randn(3, 3, 4), np.random.randn(4)
    operands = [(torch.tensor(t), modes) for t, modes in ((a, "ab"), (b, "bbc"), (c, "d"))]
    close(evaluate(operands, "ca"), torch.tensor(np.einsum("ab,bbc,d->ca", a, b, c)), "einsum")


def test_more_modes_than_letters() -> None:
    """A chain over 40 modes with words for names."""
    matrices = [torch.randn(2, 2, dtype=torch.float64) for _ in range(39)]
    operands = [(m, (f"mode{k}", f"mode{k + 1}")) for k, m in enumerate(matrices)]
    product: Tensor = torch.linalg.multi_dot(matrices)
    close(evaluate(operands, ("mode0", "mode39")), product, "chain")


def test_gradients_are_those_of_torch() -> None:
    x = torch.randn(2, 3, 7, dtype=torch.float64, requires_grad=True)
    w = torch.randn(4, 3, 3, dtype=torch.float64, requires_grad=True)
    relation = Relation("g", "h", ("i",), 2, (1,), 1)
    found = evaluate([(x, "nsh"), (w, "tsi")], "ntg", [relation])
    expected = functional.conv1d(x, w, None, 2, 1)
    seed = torch.randn_like(expected)
    mine = torch.autograd.grad(found, (x, w), seed)
    theirs = torch.autograd.grad(expected, (x, w), seed)
    for a, b in zip(mine, theirs, strict=True):
        close(a, b, "gradient")
