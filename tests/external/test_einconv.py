"""Convolutions as einconv writes them (Dangel 2024, arXiv 2307.02275): values and gradients."""

from __future__ import annotations

import pytest
import torch
from einconv.expressions import convNd_input_vjp, convNd_weight_vjp
from einconv.functionals import convNd
from torch import Tensor

from tests.families.compiled import instance
from tests.oracle import close, leaf

CASES = [  # signal, groups, taps, stride, padding, dilation
    ((9,), 1, 3, 1, 0, 1),
    ((10,), 1, 3, 2, 1, 2),
    ((10,), 2, 4, 3, 2, 1),
    ((8, 7), 1, 3, 1, 1, 1),
    ((9, 7), 1, 2, 2, 0, 1),
    ((9, 10), 1, 3, 3, 2, 2),
    ((7, 8), 2, 3, 2, 1, 1),
    ((5, 6, 7), 1, 2, 2, 1, 1),
    ((5, 4, 6), 1, 3, 1, 1, 1),
]


def contracted(expression: tuple[str, list[Tensor], tuple[int, ...]]) -> Tensor:
    equation, operands, shape = expression
    return torch.einsum(equation, *operands).reshape(shape)


@pytest.mark.parametrize(("signal", "groups", "k", "stride", "pad", "dilation"), CASES)
def test_convolution(
    signal: tuple[int, ...], groups: int, k: int, stride: int, pad: int, dilation: int
) -> None:
    options = {"k": k, "stride": stride, "pad": pad, "dilation": dilation}
    split = {"groups": groups} if groups > 1 else {}
    name = "Grouped" if groups > 1 else "Conv"
    layer = instance(f"conv{len(signal)}d", name, S=4, T=6, **options, **split)
    x = leaf(torch.randn(2, 4, *signal, dtype=torch.float64))
    weight = layer.W.detach()
    # ours [g, s, t, taps…] or [s, t, taps…]; theirs [(g t), s, taps…]
    kernel = weight.transpose(1, 2).flatten(0, 1) if groups > 1 else weight.transpose(0, 1)
    settings = {"stride": stride, "padding": pad, "dilation": dilation, "groups": groups}
    y = layer(x)
    close(y, convNd(x.detach(), kernel, **settings), "value")
    seed = torch.randn_like(y)
    y.backward(seed)
    expected = contracted(convNd_input_vjp.einsum_expression(kernel, seed, signal, **settings))
    close(x.grad, expected, "gradient of the signal")
    expected = contracted(convNd_weight_vjp.einsum_expression(x.detach(), seed, k, **settings))
    if groups > 1:
        found = layer.W.grad.transpose(1, 2).flatten(0, 1)
    else:
        found = layer.W.grad.transpose(0, 1)
    close(found, expected, "gradient of the kernel")
