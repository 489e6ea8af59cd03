"""Layers of several equations, and convolutions without tap modes."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.families.compiled import instance
from tests.oracle import agree

STRIDES = [1, 2, 3]


def signal(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64)


@pytest.mark.parametrize("stride", STRIDES)
@pytest.mark.parametrize("dilation", [1, 2])
def test_depthwise(stride: int, dilation: int) -> None:
    def dense(x: Tensor, D: Tensor) -> Tensor:
        return functional.conv2d(x, D[:, None], None, stride, dilation, dilation, groups=5)

    layer = instance("conv2d", "Depthwise", S=5, stride=stride, dilation=dilation)
    assert sum(p.numel() for p in layer.parameters()) == 5 * 9
    agree(layer, dense, signal(2, 5, 7, 8))


@pytest.mark.parametrize("stride", STRIDES)
def test_separable(stride: int) -> None:
    def dense(x: Tensor, D: Tensor, P: Tensor) -> Tensor:
        return functional.conv2d(x, torch.einsum("sij,st->tsij", D, P), None, stride, 1)

    layer = instance("composed2d", "Separable", S=5, T=7, stride=stride)
    assert sum(p.numel() for p in layer.parameters()) == 5 * 9 + 5 * 7
    agree(layer, dense, signal(2, 5, 7, 8))


@pytest.mark.parametrize("stride", STRIDES)
def test_bottleneck(stride: int) -> None:
    def dense(x: Tensor, A: Tensor, C: Tensor, B: Tensor) -> Tensor:
        a = functional.relu(functional.conv2d(x, A.T[:, :, None, None]))
        b = functional.relu(functional.conv2d(a, C.transpose(0, 1), None, stride, 1))
        return functional.conv2d(b, B.T[:, :, None, None])

    layer = instance("composed2d", "Bottleneck", S=5, T=7, R=3, stride=stride)
    assert sum(p.numel() for p in layer.parameters()) == 5 * 3 + 9 * 9 + 3 * 7
    agree(layer, dense, signal(2, 5, 7, 8))


@pytest.mark.parametrize("stride", STRIDES)
def test_factoring(stride: int) -> None:
    def dense(x: Tensor, A: Tensor, B: Tensor) -> Tensor:
        kernel = torch.einsum("sri,rtj->tsij", A, B)
        return functional.conv2d(x, kernel, None, stride, 1)

    layer = instance("composed2d", "Factoring", S=5, T=7, R=3, stride=stride)
    assert sum(p.numel() for p in layer.parameters()) == 3 * 3 * (5 + 7)
    agree(layer, dense, signal(2, 5, 7, 8))


def test_pointwise() -> None:
    def dense(x: Tensor, A: Tensor, B: Tensor) -> Tensor:
        return functional.conv2d(x, (A @ B).T[:, :, None, None])

    agree(instance("composed2d", "Pointwise", S=5, T=7, R=3), dense, signal(2, 5, 7, 4))


def test_pointwise_reshaped() -> None:
    def dense(x: Tensor, **weights: Tensor) -> Tensor:
        kernel = torch.einsum("wsap,pvbq->absv", weights["K_1"], weights["K_2"])
        return functional.conv2d(x, kernel.flatten(2, 3).flatten(0, 1)[:, :, None, None])

    layer = instance("composed2d", "PointwiseTT", S=[2, 3], T=[3, 4], R=[5])
    assert sum(p.numel() for p in layer.parameters()) == 2 * 3 * 5 + 3 * 4 * 5
    agree(layer, dense, signal(2, 6, 5, 4))


@pytest.mark.parametrize("stride", STRIDES)
def test_projection_subsamples(stride: int) -> None:
    def dense(x: Tensor, P: Tensor, b: Tensor) -> Tensor:
        return functional.conv2d(x[:, :, ::stride, ::stride], P.transpose(0, 1), b)

    layer = instance("composed2d", "Projection", S=5, T=7, stride=stride)
    agree(layer, dense, signal(2, 5, 7, 8))


@pytest.mark.parametrize("k", [2, 4, 6])
def test_upsample(k: int) -> None:
    def dense(x: Tensor, W: Tensor) -> Tensor:
        return functional.conv_transpose2d(x, W, None, 2, k // 2 - 1)

    agree(instance("transposed", "Upsample", S=5, T=7, k=k), dense, signal(2, 5, 4, 3))


@pytest.mark.parametrize("k", [2, 4])
def test_upsample_in_cp_form(k: int) -> None:
    def dense(x: Tensor, A: Tensor, U: Tensor, V: Tensor, B: Tensor) -> Tensor:
        kernel = torch.einsum("sr,ir,jr,rt->stij", A, U, V, B)
        return functional.conv_transpose2d(x, kernel, None, 2, k // 2 - 1)

    agree(instance("transposed", "UpsampleCP", S=5, T=7, k=k), dense, signal(2, 5, 4, 3))


@pytest.mark.parametrize(
    ("signal_size", "stride", "pad", "dilation", "k"),
    [
        (7, 1, 0, 1, 3),
        (9, 2, 1, 1, 3),
        (10, 2, 1, 1, 3),  # one position beyond the last window
        (11, 3, 1, 1, 2),
        (13, 3, 0, 2, 3),
        (14, 3, 2, 2, 3),
        (12, 2, 3, 1, 3),  # more padding than the kernel reaches
    ],
)
def test_transposed(signal_size: int, stride: int, pad: int, dilation: int, k: int) -> None:
    """functional.conv_transpose1d, with the output padding that fills the signal."""
    result = (signal_size + 2 * pad - dilation * (k - 1) - 1) // stride + 1
    covered = (result - 1) * stride - 2 * pad + dilation * (k - 1) + 1

    def dense(x: Tensor, W: Tensor) -> Tensor:
        rest = signal_size - covered
        return functional.conv_transpose1d(x, W, None, stride, pad, rest, 1, dilation)

    options = {"H": signal_size, "k": k, "stride": stride, "pad": pad, "dilation": dilation}
    layer = instance("transposed", "Transposed1d", S=3, T=4, **options)
    agree(layer, dense, signal(2, 3, result))
