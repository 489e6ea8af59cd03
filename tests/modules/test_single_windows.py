"""A relation of which one window of one element is left, the signal being as long as the stride."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import tnc
from tests.families.compiled import from_text


def random(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


def program(equation: str) -> str:
    return f"""tnn 1
layer L {{
  mode n, i: 1, h: 3
  conv(stride: 3, pad: same) h' = h * i
  {equation}
}}
"""


def test_forwards() -> None:
    made = from_text(program("input x[n, h], k[i]\n  output y[n, h'] = x * k")).module.L()
    x, k = random(2, 3), random(1)
    torch.testing.assert_close(made(x, k), x[:, :1] * k)
    assert torch.autograd.gradcheck(made, (x, k))
    assert torch.autograd.gradgradcheck(made, (x, k))


def test_backwards() -> None:
    made = from_text(program("input x[n, h'], k[i]\n  output y[n, h] = x * k")).module.L()
    x, k = random(2, 1), random(1)
    torch.testing.assert_close(made(x, k), torch.nn.functional.pad(x * k, (0, 2)))
    assert torch.autograd.gradcheck(made, (x, k))


def test_sideways() -> None:
    made = from_text(program("input x[n, h], g[n, h']\n  output y[i] = x * g")).module.L()
    x, g = random(2, 3), random(2, 1)
    torch.testing.assert_close(made(x, g), (x[:, :1] * g).sum(0))
    assert torch.autograd.gradcheck(made, (x, g))


@pytest.mark.parametrize("size", [2, 3, 5])
def test_strided_1x1_convolutions(size: int) -> None:
    x, k = random(2, 3, size, size), random(4, 3, 1, 1)
    equation = "n s h w, t s i j -> n t h' w' | h' = h*i, w' = w*j; stride=2"
    ours = tnc.einsum(equation, x, k)
    theirs = torch.conv2d(x, k, stride=2)
    torch.testing.assert_close(ours, theirs)
    for a, b in zip(
        torch.autograd.grad(ours.square().sum(), (x, k)),
        torch.autograd.grad(theirs.square().sum(), (x, k)),
        strict=True,
    ):
        torch.testing.assert_close(a, b)


def test_strided_convolutions_with_one_complex_tap() -> None:
    """The gradient of the input lies among zeros, and has a gradient itself."""
    x = torch.randn(2, 3, 5, dtype=torch.complex128, requires_grad=True)
    k = torch.randn(4, 3, 1, dtype=torch.complex128, requires_grad=True)

    def ours(x: Tensor, k: Tensor) -> Tensor:
        return tnc.einsum("n s h, t s i -> n t h' | h' = h*i; stride=2", x, k)

    torch.testing.assert_close(ours(x, k), torch.conv1d(x, k, stride=2))
    assert torch.autograd.gradcheck(ours, (x, k))
    assert torch.autograd.gradgradcheck(ours, (x, k))
