"""Functions over several modes at once, beside PyTorch's over one flattened axis."""

import pytest
import torch

import tnc

TEXT = """tnn 1
from std.nn import {name}
layer L() {{
  mode n, u, v: 3, t: 4
  input x[n, u, t, v]
  output y[n, u, t, v] = {name}(x, over: {over})
}}
"""


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize(
    ("over", "places"), [("[u, v]", (1, 3)), ("[v, u]", (1, 3)), ("[t, v]", (2, 3))]
)
def test_softmax_over_two_modes(name: str, over: str, places: tuple[int, int]) -> None:
    x = torch.randn(2, 5, 4, 3, dtype=torch.float64, requires_grad=True)
    y = tnc.compile(source=TEXT.format(name=name, over=over)).module.L().double()(x)
    rest = [place for place in range(4) if place not in places]
    flat = x.permute(*rest, *places).flatten(2)
    wanted = getattr(torch, name)(flat, 2)
    there = y.permute(*rest, *places).flatten(2)
    torch.testing.assert_close(there, wanted)
    seed = torch.randn_like(there)
    torch.testing.assert_close(
        torch.autograd.grad((there * seed).sum(), x), torch.autograd.grad((wanted * seed).sum(), x)
    )


LARGEST = """tnn 1
from std.nn import {name}
layer L() {{
  mode n, u, v: 3, one: 1, t: 4
  input x[n, u, one, t, v]
  output {result} = {name}(x, over: {over})
}}
"""


@pytest.mark.parametrize("name", ["amax", "maxpool"])
@pytest.mark.parametrize(
    ("result", "over", "places"),
    [
        ("y[n, t]", "[v, u, one]", (1, 2, 4)),
        ("y[t, u, n, one]", "v", (4,)),
        ("y[n, u, t, v]", "one", (2,)),
        ("y[]", "[n, u, one, t, v]", (0, 1, 2, 3, 4)),
    ],
)
def test_largest_element(name: str, result: str, over: str, places: tuple[int, ...]) -> None:
    """The modes that are reduced are gone; the gradient is that of torch.amax."""
    x = torch.randn(2, 5, 1, 4, 3, dtype=torch.float64, requires_grad=True)
    text = LARGEST.format(name=name, over=over, result=result)
    y = tnc.compile(source=text).module.L().double()(x)
    wanted = x.amax(places, keepdim=True)
    if result == "y[t, u, n, one]":
        wanted = wanted.permute(3, 1, 0, 2, 4)
    wanted = wanted.reshape(y.shape)
    torch.testing.assert_close(y, wanted)
    seed = torch.randn_like(y)
    torch.testing.assert_close(
        torch.autograd.grad((y * seed).sum(), x), torch.autograd.grad((wanted * seed).sum(), x)
    )


def test_largest_element_after_a_product() -> None:
    """In a layer whose products have a derivative of their own, inside of a pipe."""
    text = """tnn 1
from std.nn import maxpool
layer L() {
  mode n, h, w, s: 3, t: 2
  input x[n, s, h, w]
  weight W[s, t]
  output y = (x * W)[n, t, h, w] |> maxpool(over: [h, w])
}
"""
    layer = tnc.compile(source=text).module.L(dtype=torch.float64)
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64, requires_grad=True)
    y, wanted = layer(x), torch.einsum("nshw,st->nthw", x, layer.W).amax((2, 3))
    torch.testing.assert_close(y, wanted)
    leaves = [x, layer.W]
    found = torch.autograd.grad(y.square().sum(), leaves)
    torch.testing.assert_close(found, torch.autograd.grad(wanted.square().sum(), leaves))


def test_a_mode_cannot_be_reduced_and_kept() -> None:
    text = LARGEST.format(name="amax", over="v", result="y[n, u, one, t, v]")
    with pytest.raises(tnc.CompileError, match="`amax` goes over `v`, which the result keeps"):
        tnc.compile(source=text)
