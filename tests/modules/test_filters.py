"""The filter of a convolution from its signal and its result, the taps known at run time only."""

from __future__ import annotations

import pytest
import torch

import tnc

TEXT = """tnn 1
layer Filter {{
  mode n, h, i
  conv{options} h' = h * i
  input x[n, h], g[n, h']
  output y[i] = x * g
}}
"""


@pytest.mark.parametrize(
    ("options", "same"),
    [("", {}), ("(dilation: 2)", {"dilation": 2}), ("(pad: 1)", {"padding": 1})],
)
@pytest.mark.parametrize("taps", [1, 3, 4])
def test_it_is_the_gradient_of_the_weight(options: str, same: dict[str, int], taps: int) -> None:
    x = torch.randn(2, 9, dtype=torch.double)
    weight = torch.randn(1, 1, taps, dtype=torch.double, requires_grad=True)
    result = torch.nn.functional.conv1d(x[:, None], weight, **same)
    g = torch.randn_like(result)
    result.backward(g)
    assert weight.grad is not None
    found = tnc.load(source=TEXT.format(options=options)).Filter()(x, g[:, 0])
    torch.testing.assert_close(found, weight.grad[0, 0])


def test_a_result_that_is_too_long_is_refused() -> None:
    module = tnc.load(source=TEXT.format(options="")).Filter()
    with pytest.raises(tnc.ShapeError, match="g and x leave size -30 for mode i"):
        module(torch.randn(2, 9), torch.randn(2, 40))


def test_with_a_stride_the_taps_need_a_size() -> None:
    with pytest.raises(tnc.CompileError, match="the size of `i` cannot be inferred"):
        tnc.load(source=TEXT.format(options="(stride: 2)")).Filter()
