"""Several images, images with three signals, and what both memory formats share."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.families.compiled import from_text, instance, instance_of
from tests.oracle import close

LAST, LAST_3D = torch.channels_last, torch.channels_last_3d
PLAIN = {"k": 3, "stride": 1, "pad": "same", "dilation": 1}
HEAD = """tnn 1
from std.nn import relu
layer L(S: int = 5, T: int = 4, R: int = 3) {
  mode n, h, w, s: S, t: T, r: R, i: 3, j: 3, one: 1, p: 6, q: 7
  conv(pad: same) h' = h * i, w' = w * j
"""
FACTORS = "  weight A[s, r], B[r, t], C[i, j, r]\n"
SKIP = f"""{HEAD}  input x[n, s, h, w], z[n, t, h', w']
{FACTORS}  output y[n, t, h', w'] = x * A * C * B + z
}}
"""
MASK = f"""{HEAD}  input x[n, s, h, w], z[n, one, h', w']
{FACTORS}  output y[n, t, h', w'] = x * A * C * B * z
}}
"""
BESIDE = f"""{HEAD}  input x[n, s, h, w], c[n, p]
{FACTORS}  weight D[p, q], E[q, t]
  output y[n, t, h', w'] = x * A * C * B
  output z[n, t] = relu((c * D)[n, q]) * E
}}
"""


def gradients(layer: nn.Module, *given: Tensor) -> list[Tensor]:
    inputs = [one.detach().requires_grad_() for one in given]
    y = layer(*inputs)
    seed = torch.linspace(-1, 1, y.numel(), dtype=y.dtype).view(y.shape)
    return [y, *torch.autograd.grad(y, [*inputs, *layer.parameters()], seed)]


def formats(image: Tensor) -> tuple[Tensor, Tensor]:
    return image.contiguous(), image.contiguous(memory_format=LAST)


def test_several_images_are_followed_where_they_agree() -> None:
    layer = instance_of(SKIP)
    xs = formats(torch.randn(2, 5, 6, 7, dtype=torch.float64))
    zs = formats(torch.randn(2, 4, 6, 7, dtype=torch.float64))
    expected = gradients(layer, xs[0], zs[0])
    for (k, x), (m, z) in itertools.product(enumerate(xs), enumerate(zs)):
        found = gradients(layer, x, z)
        if k == m:
            assert found[0].is_contiguous(memory_format=LAST if k else torch.contiguous_format)
        for a, b in zip(found, expected, strict=True):
            close(a, b, f"{k} {m}", 1e-10)


def test_an_image_of_both_formats_agrees_with_either() -> None:
    layer = instance_of(MASK)
    z = torch.randn(2, 1, 6, 7, dtype=torch.float64)
    for k, x in enumerate(formats(torch.randn(2, 5, 6, 7, dtype=torch.float64))):
        y = layer(x, z)
        assert y.is_contiguous(memory_format=LAST if k else torch.contiguous_format)


def test_what_is_the_same_in_both_forms_is_written_once() -> None:
    sizes = {"S": 33, "T": 34}
    source: str = from_text(BESIDE, set=sizes).source
    assert source.count("def _product_1(c, D):") == source.count("def _product_2(E, v):") == 1
    assert "_product_1_channels_last" not in source
    assert "def _product_3_channels_last(x, A, B, C):" in source
    layer = instance_of(BESIDE, set=sizes)
    c = torch.randn(2, 6, dtype=torch.float64)
    x, last = formats(torch.randn(2, 33, 6, 7, dtype=torch.float64))
    for a, b in zip(layer(last, c), layer(x, c), strict=True):
        close(a, b, "shared", 1e-10)


SMALL: dict[str, dict[str, Any]] = {
    "Conv": {},
    "CP": {"R": 3},
    "TK": {"P": 3, "Q": 2},
    "TT": {"R": [3, 2, 2, 2]},
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("name", SMALL)
def test_three_signals_are_followed_as_far_as_torch_does(name: str, dtype: torch.dtype) -> None:
    """What a convolution makes is left as torch made it: contiguous in float64, where another
    order would cost a copy."""
    layer = instance("conv3d", name, dtype=dtype, S=5, T=4, **SMALL[name], **PLAIN)
    x = torch.randn(2, 5, 4, 6, 5, dtype=dtype).contiguous(memory_format=LAST_3D)
    y = layer(x)
    theirs = torch.conv3d(x, torch.randn(4, 5, 3, 3, 3, dtype=dtype), None, 1, 1)
    assert y.is_contiguous(memory_format=LAST_3D) or not theirs.is_contiguous(memory_format=LAST_3D)
    close(y, layer(x.contiguous()), name, 1e-4 if dtype == torch.float32 else 1e-10)
