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
