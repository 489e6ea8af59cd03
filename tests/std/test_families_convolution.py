"""Every family of std.convolution equals the dense convolution with the reconstructed kernel."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.oracle import Reference, agree, randomised
from tests.std import kernels
from tests.std.built import compiled, parameters
from tests.std.families import CONVOLUTIONS, Case, Family

CONVOLVE = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}
SIGNAL = {1: (11,), 2: (7, 8), 3: (5, 4, 6)}  # strides 2 and 3 divide some of them, not all

CASES = [  # every pair of k, groups, stride and bias occurs in some case
    (Case(2, 3, 1), 1, False),
    (Case(2, 3, 2), 3, True),
    (Case(2, 1, 2), 1, True),
    (Case(2, 1, 1), 2, True),
    (Case(1, 1, 1), 3, False),
    (Case(1, 3, 2), 2, False),
    (Case(3, 3, 1), 2, False),
]
BY_NAME = {family.layer: family for family in CONVOLUTIONS}


def named(case: Case, stride: int, bias: bool) -> str:
    return f"{case.D}d-k{case.k}-g{case.groups}-s{stride}-{'bias' if bias else 'plain'}"


def layer_of(family: Family, case: Case, **settings: Any) -> nn.Module:
    given = {"S": case.groups * case.S, "T": case.groups * case.T, "k": case.k, "D": case.D}
    given |= {"groups": case.groups, **family.settings(case), **settings}
    made = compiled("convolution", family.layer, **given)
    return randomised(getattr(made.module, family.layer)(dtype=torch.float64))


def dense(family: Family, case: Case, stride: int, pad: int, dilation: int = 1) -> Reference:
    def convolve(x: Tensor, b: Tensor | None = None, **weights: Tensor) -> Tensor:
        kernel = family.kernel(case.D, case.k)(weights, case.groups)
        kernel = kernel.reshape(*kernel.shape[:2], *[case.k] * case.D)
        assert kernel.shape[:2] == (case.groups * case.T, case.S)
        return CONVOLVE[case.D](x, kernel, b, stride, pad, dilation, case.groups)

    return convolve


def signal(case: Case) -> Tensor:
    return torch.randn(2, case.groups * case.S, *SIGNAL[case.D], dtype=torch.float64)


@pytest.mark.parametrize(("case", "stride", "bias"), CASES, ids=[named(*each) for each in CASES])
@pytest.mark.parametrize("family", CONVOLUTIONS, ids=lambda family: family.layer)
def test_equals_the_dense_convolution(family: Family, case: Case, stride: int, bias: bool) -> None:
    case = family.sized(case)
    layer = layer_of(family, case, stride=stride, bias=bias)
    channels = case.groups * case.T
    expected = case.groups * family.parameters(case) + (channels if bias else 0)
    assert parameters(layer) == expected
    agree(layer, dense(family, case, stride, case.k // 2), signal(case))


@pytest.mark.parametrize("name", ["CP", "rTT", "Factoring", "HT"])
@pytest.mark.parametrize(("pad", "dilation", "k"), [(0, 2, 3), (2, 1, 5), (1, 1, 2)])
def test_padding_and_dilation(name: str, pad: int, dilation: int, k: int) -> None:
    family = BY_NAME[name]
    case = family.sized(Case(2, k))
    layer = layer_of(family, case, stride=2, pad=pad, dilation=dilation)
    agree(layer, dense(family, case, 2, pad, dilation), signal(case))


@pytest.mark.parametrize("name", ["rCP", "rTK", "rTT", "rTR", "rBT"])
def test_three_factors_of_the_channels(name: str) -> None:
    """Ss and Ts given, not in the order of `factor`."""
    family, case = BY_NAME[name], Case(2, 3, 1, 12, 6)
    factors: dict[str, Any] = {"Ss": [3, 2, 2], "Ts": [1, 3, 2]}
    made = compiled("convolution", name, S=12, T=6, R=2, **factors)
    layer = randomised(getattr(made.module, name)(dtype=torch.float64))
    tripled = replace(family, kernel=lambda D, k: getattr(kernels, name.lower())(D, k, 3))
    agree(layer, dense(tripled, case, 1, 1), signal(case))


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("groups", [1, 2])
def test_bottleneck(k: int, groups: int) -> None:
    """Three convolutions of PyTorch, with a rectification after the first two."""

    def stacked(x: Tensor, A: Tensor, C: Tensor, B: Tensor, b: Tensor) -> Tensor:
        parts = []
        for part, a, c, d in zip(
            x.chunk(groups, 1),
            A.chunk(groups),
            C.reshape(k, k, -1, 4).chunk(groups, 2),
            B.chunk(groups, 1),
            strict=True,
        ):
            v = functional.relu(functional.conv2d(part, a.T[:, :, None, None]))
            w = functional.relu(functional.conv2d(v, c.permute(3, 2, 0, 1), None, 2, k // 2))
            parts.append(functional.conv2d(w, d.T[:, :, None, None]))
        return torch.cat(parts, 1) + b[:, None, None]

    settings = {"S": 5 * groups, "T": 7 * groups, "k": k, "groups": groups, "R1": 3, "R2": 4}
    made = compiled("convolution", "Bottleneck", **settings, stride=2, bias=True)
    layer = randomised(made.module.Bottleneck(dtype=torch.float64))
    count = 3 * 5 + k * k * 3 * 4 + 4 * 7 + 7
    assert parameters(layer) == groups * count
    agree(layer, stacked, torch.randn(2, 5 * groups, 7, 8, dtype=torch.float64))


@pytest.mark.parametrize(("name", "D"), [("Conv1d", 1), ("Conv2d", 2), ("Conv3d", 3)])
def test_loads_the_weights_of_pytorch(name: str, D: int) -> None:
    theirs = [nn.Conv1d, nn.Conv2d, nn.Conv3d][D - 1](
        4, 6, 3, 2, 1, groups=2, bias=True, dtype=torch.float64
    )
    made = compiled("convolution", name, S=4, T=6, k=3, stride=2, groups=2, bias=True)
    layer = getattr(made.module, name)(dtype=torch.float64)
    layer.load_state_dict({"W": theirs.weight, "b": theirs.bias})
    x = torch.randn(2, 4, *SIGNAL[D], dtype=torch.float64)
    torch.testing.assert_close(layer(x), theirs(x))


def test_grouped_is_a_convolution_of_two_groups() -> None:
    made = compiled("convolution", "Grouped", S=6, T=4)
    assert parameters(made.module.Grouped()) == 9 * 6 * 4 // 2
