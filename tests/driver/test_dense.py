"""The dense layer that a factorised one replaces: it has PyTorch's kernel, and its values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, linear, relu

from tests.oracle import as_tuple
from tnc.api.files import open_unit
from tnc.diagnostics import Report
from tnc.driver.build import dense_module
from tnc.driver.dense import dense_layer
from tnc.driver.imports import standard
from tnc.driver.options import Options
from tnc.elaborate import Elaborator
from tnc.emit.load import load_module
from tnc.ir.layer import Layer


def elaborated(file: str | None, name: str, source: str | None = None, **settings: Any) -> Layer:
    unit = open_unit(file, source)
    report = Report()
    module = standard("std.convolution")
    layer = Elaborator(report, [] if module is None else [module]).layer(
        unit.module, name, settings
    )
    assert layer is not None, report.diagnostics
    return layer


def dense(layer: Layer) -> nn.Module:
    made = dense_module(layer, Options(cache=False, verify=True))
    assert made is not None
    module: nn.Module = getattr(load_module(made[0]), layer.name)(dtype=torch.float64)
    return module


def kernels(module: nn.Module) -> Mapping[str, Tensor]:
    return {name: weight.detach() for name, weight in module.named_parameters()}


CONVOLUTIONS = {
    "CP": {"S": 4, "T": 6, "R": 3},
    "CP4": {"S": 4, "T": 6, "R": 3, "stride": 2},
    "TK": {"S": 4, "T": 6, "R": 3, "dilation": 2},
    "rTT": {"S": 4, "T": 6, "R": 3, "groups": 2},
    "rTK": {"S": 4, "T": 6, "R": 2, "k": 5},
}


@pytest.mark.parametrize("family", CONVOLUTIONS)
def test_a_convolution(family: str) -> None:
    settings = CONVOLUTIONS[family]
    module = dense(elaborated("std.convolution", family, **settings))
    (kernel,) = kernels(module).values()
    groups, taps = settings.get("groups", 1), settings.get("k", 3)
    dilation = settings.get("dilation", 1)
    assert kernel.shape == (6, 4 // groups, taps, taps)
    x = torch.randn(2, 4, 9, 8, dtype=torch.float64)
    expected = conv2d(
        x,
        kernel,
        stride=settings.get("stride", 1),
        padding=dilation * (taps // 2),
        dilation=dilation,
        groups=groups,
    )
    torch.testing.assert_close(module(x), expected)


@pytest.mark.parametrize("family", ["SVD", "TK", "rCP", "rTT", "HT"])
def test_a_matrix(family: str) -> None:
    module = dense(elaborated("std.dense", family, S=8, T=12, R=2))
    found = kernels(module)
    assert set(found) == {"W", "b"}
    x = torch.randn(2, 5, 8, dtype=torch.float64)
    expected = linear(x, found["W"], found["b"])
    torch.testing.assert_close(module(x), expected)


def test_layers_inside_are_dense_too_and_shared_ones_stay_shared() -> None:
    text = """tnn 1
from std.dense import SVD
layer Net {
  mode n, s: 6
  input x[n, s]
  let low = SVD(6, 6, bias: false, R: 1)
  let other = SVD(6, 6, R: 2)
  output y = x |> low |> relu |> low |> other
}
"""
    module = dense(elaborated(None, "Net", text))
    found = kernels(module)
    assert {name: tuple(each.shape) for name, each in found.items()} == {
        "low.W": (6, 6), "other.W": (6, 6), "other.b": (6,),
    }  # fmt: skip
    x = torch.randn(3, 6, dtype=torch.float64)
    inner = linear(relu(linear(x, found["low.W"])), found["low.W"])
    expected = linear(inner, found["other.W"], found["other.b"])
    torch.testing.assert_close(module(x), expected)


TWICE = """tnn 1
layer Twice {
  mode n, s: 3, r: 2, t: 3
  input x[n, s], z[n, s]
  weight A[s, r], B[r, t], c[t]
  buffer m[t]
  output y[n, t] = x * A * B * c * m
  output u[n, t] = z * A * B * c * m
  output v[n, s, t] = z * c
}
"""


def test_one_kernel_for_the_same_weights_which_are_left_where_they_stand_alone() -> None:
    layer = dense_layer(elaborated(None, "Twice", TWICE))
    assert layer is not None
    assert [weight.name for weight in layer.weights] == ["c", "m", "W"]
    module = dense(elaborated(None, "Twice", TWICE))
    found = kernels(module) | dict(module.named_buffers())
    x, z = torch.randn(2, 4, 3, dtype=torch.float64)
    one, two = (each @ found["W"].T * found["m"] for each in (x, z))
    expected = (one, two, z[:, :, None] * found["c"])
    torch.testing.assert_close(as_tuple(module(x, z)), expected)


def test_the_name_of_the_kernel_is_free() -> None:
    text = "tnn 1\nlayer L {\n mode n, s: 3, r: 2\n input W[n, s]\n weight A[s, r], B[r]\n"
    layer = dense_layer(elaborated(None, "L", text + " output y[n] = W * A * B\n}\n"))
    assert layer is not None
    assert [weight.name for weight in layer.weights] == ["WW"]


@pytest.mark.parametrize(
    "body",
    [
        "input x[n, s]\n weight A[s, r]\n output y[n, r] = x * A",
        "input x[n, s], z[s, r]\n output y[n, r] = x * z",
        "input x[n, s]\n weight A[s, r], B[r]\n let z[n, r] = x * A\n output y[n, r] = z + B",
    ],
)
def test_a_layer_that_is_dense_has_none(body: str) -> None:
    text = f"tnn 1\nlayer L {{\n mode n, s: 3, r: 2\n {body}\n}}\n"
    assert dense_layer(elaborated(None, "L", text)) is None
