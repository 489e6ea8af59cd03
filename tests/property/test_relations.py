"""One convolution relation: every padding, stride, dilation and kernel, read in every direction."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.families.compiled import instance_of
from tests.oracle import Pad, Relation, agree, margins
from tests.property.network import Equation, Factor, Network, Term

PADS: list[Pad] = ["valid", "same", "tf_same", "full", "causal", "circular", 2, (3, 1), (0, 2)]
STRIDES = DILATIONS = (1, 2, 3)
KERNELS = (1, 2, 3, 4, 5)
ONE = Relation("h'", "h", ("i",))
CARRIED = {"x": ("n", "s", "h"), "W": ("s", "t", "i"), "y": ("n", "t", "h'")}


def forward(relation: Relation, k: int, h: int = 13) -> Network:
    """y[n, t, h'] = x[n, s, h] * W[s, t, i]."""
    term = Term((Factor("x", CARRIED["x"]), Factor("W", CARRIED["W"])), (relation,))
    return Network(
        sizes={"n": 2, "s": 2, "t": 3, "h": h, "i": k},
        inputs={"x": CARRIED["x"]},
        weights={"W": CARRIED["W"]},
        equations=(Equation(CARRIED["y"], (term,)),),
        running=frozenset("nh"),
    )


def backward(relation: Relation, k: int, h: int) -> Network:
    """x[n, s, h] = y[n, t, h'] * W[s, t, i], the size of h declared."""
    term = Term((Factor("y", CARRIED["y"]), Factor("W", CARRIED["W"])), (relation,))
    return Network(
        sizes={"n": 2, "s": 2, "t": 3, "h": h, "i": k},
        inputs={"y": CARRIED["y"]},
        weights={"W": CARRIED["W"]},
        equations=(Equation(CARRIED["x"], (term,)),),
        running=frozenset("n"),
    )


def sideways(relation: Relation, k: int, h: int) -> Network:
    """W[s, t, i] = x[n, s, h] * y[n, t, h'], the number of taps declared."""
    term = Term((Factor("x", CARRIED["x"]), Factor("y", CARRIED["y"])), (relation,))
    return Network(
        sizes={"n": 2, "s": 2, "t": 3, "h": h, "i": k},
        inputs={"x": CARRIED["x"], "y": CARRIED["y"]},
        equations=(Equation(CARRIED["W"], (term,)),),
        running=frozenset("nh"),
    )


def check(network: Network, *others: dict[str, int]) -> None:
    """The compiled network agrees with the oracle at its own sizes and at others."""
    layer = instance_of(network.text())
    for sizes in ({}, *others):
        changed = replace(network, sizes=network.sizes | sizes)
        agree(layer, changed.reference(), *changed.signals())


@pytest.mark.parametrize("k", KERNELS)
@pytest.mark.parametrize("stride", STRIDES)
@pytest.mark.parametrize("pad", PADS, ids=str)
def test_forward(pad: Pad, stride: int, k: int) -> None:
    """Signals of every remainder by the stride, in one module."""
    others = [{"h": 12}, {"h": 18}] if pad == "circular" else [{"h": 14}, {"h": 15}]
    for dilation in DILATIONS:
        relation = replace(ONE, stride=stride, dilations=(dilation,), pad=pad)
        check(forward(relation, k, 24 if pad == "circular" else 13), *others)


@pytest.mark.parametrize("k", KERNELS)
@pytest.mark.parametrize("pad", PADS, ids=str)
def test_flipped(pad: Pad, k: int) -> None:
    for stride, dilation in ((1, 1), (2, 3), (3, 2)):
        relation = replace(ONE, stride=stride, dilations=(dilation,), pad=pad, flip=True)
        check(forward(relation, k, 18 if pad == "circular" else 14))


@pytest.mark.parametrize("border", ["reflect", "replicate"])
@pytest.mark.parametrize("pad", ["same", 2, (3, 1), (0, 2)], ids=str)
@pytest.mark.parametrize("stride", STRIDES)
def test_borders(border: str, pad: Pad, stride: int) -> None:
    for dilation, k in ((1, 3), (2, 2), (1, 4), (3, 3)):
        relation = replace(ONE, stride=stride, dilations=(dilation,), pad=pad, border=border)
        check(forward(relation, k, 11), {"h": 12})


@pytest.mark.parametrize("h", [1, 2, 3])
def test_circular_windows_longer_than_the_signal(h: int) -> None:
    """Positions are taken modulo the signal, however often a window goes around."""
    check(forward(replace(ONE, pad="circular", dilations=(2,)), 4, h))


@pytest.mark.parametrize("pad", ["valid", "same", 1, (2, 1), "causal", "full"], ids=str)
@pytest.mark.parametrize("stride", STRIDES)
@pytest.mark.parametrize("dilation", DILATIONS)
def test_forward_is_torch(pad: Pad, stride: int, dilation: int) -> None:
    layer = instance_of(
        forward(replace(ONE, stride=stride, dilations=(dilation,), pad=pad), 3).text()
    )

    def convolve(x: Tensor, W: Tensor) -> Tensor:
        padded = functional.pad(x, margins(x.shape[-1], 2 * dilation, stride, pad))
        return functional.conv1d(padded, W.transpose(0, 1), None, stride, 0, dilation)

    agree(layer, convolve, torch.randn(2, 2, 10, dtype=torch.float64))


@pytest.mark.parametrize("stride", STRIDES)
@pytest.mark.parametrize("pad", PADS, ids=str)
def test_transposed(pad: Pad, stride: int) -> None:
    """Even kernels and signals of every remainder included."""
    signals = (12,) if pad == "circular" else (11, 12, 13)
    for h, (dilation, k) in itertools.product(signals, ((1, 3), (2, 2), (3, 4))):
        check(backward(replace(ONE, stride=stride, dilations=(dilation,), pad=pad), k, h))


@pytest.mark.parametrize("stride", STRIDES)
@pytest.mark.parametrize("pad", PADS, ids=str)
def test_filter_gradient(pad: Pad, stride: int) -> None:
    other = {"h": 18} if pad == "circular" else {"h": 14}
    for dilation, k in ((1, 3), (2, 2), (3, 4), (1, 1)):
        relation = replace(ONE, stride=stride, dilations=(dilation,), pad=pad)
        check(sideways(relation, k, 12), other)


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("reading", [backward, sideways])
def test_flipped_in_the_other_directions(reading: object, flip: bool) -> None:
    for pad in ("same", "causal", "full", "circular", 1):
        relation = replace(ONE, stride=2, dilations=(2,), pad=pad, flip=flip)
        check(reading(relation, 3, 12))  # type: ignore[operator]


THREE = Relation("h'", "h", ("i", "j", "l"), dilations=(1, 1, 1))


@pytest.mark.parametrize("pad", PADS, ids=str)
@pytest.mark.parametrize("stride", STRIDES)
def test_three_taps(pad: Pad, stride: int) -> None:
    """h' = h * i * j * l, whose factors may meet the signal in any order."""
    for dilations in ((1, 1, 1), (1, 2, 3), (2, 4, 2), (3, 3, 2)):
        for flip in (False, True)[: 1 + (dilations[0] == 2)]:
            relation = replace(THREE, stride=stride, dilations=dilations, pad=pad, flip=flip)
            carried = {"A": ("r", "i"), "B": ("r", "j"), "C": ("r", "l")}
            factors = [Factor("x", ("n", "r", "h")), *(Factor(*item) for item in carried.items())]
            network = Network(
                sizes={"n": 1, "r": 2, "h": 18, "i": 3, "j": 2, "l": 2},
                inputs={"x": ("n", "r", "h")},
                weights=carried,
                equations=(Equation(("n", "r", "h'"), (Term(tuple(factors), (relation,)),)),),
                running=frozenset("nh"),
            )
            check(network, *([] if pad == "circular" else [{"h": 13}, {"h": 14}]))


@pytest.mark.parametrize("stride", STRIDES)
@pytest.mark.parametrize("dilations", [(1, 1, 1), (1, 2, 3), (2, 4, 2)], ids=str)
def test_three_taps_are_the_composed_kernel(stride: int, dilations: tuple[int, int, int]) -> None:
    """F.conv1d with the full convolution of the three taps."""
    text = f"""tnn 1
    layer L {{
      mode n, h, i: 3, j: 2, l: 2
      conv(stride: {stride}, dilation: {dilations}, pad: same) h' = h * i * j * l
      input x[n, h]
      weight A[i], B[j], C[l]
      output y[n, h'] = x * A * B * C
    }}"""

    def composed(x: Tensor, A: Tensor, B: Tensor, C: Tensor) -> Tensor:
        kernel = torch.ones(1, 1, 1, dtype=torch.float64)
        for taps, dilation in zip((A, B, C), dilations, strict=True):
            reach = dilation * (len(taps) - 1)
            flipped = taps.flip(0)[None, None]  # conv1d correlates, kernels convolve
            kernel = functional.conv1d(kernel, flipped, None, 1, reach, dilation)
        padded = functional.pad(x, margins(x.shape[-1], kernel.shape[-1] - 1, stride, "same"))
        return functional.conv1d(padded[:, None], kernel, None, stride)[:, 0]

    agree(instance_of(text), composed, torch.randn(2, 13, dtype=torch.float64))
