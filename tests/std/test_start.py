"""The kernels of the standard families have Kaiming's mean square as soon as they are made."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from tests.std.built import network
from tests.std.families import Case
from tests.std.test_families_convolution import BY_NAME, layer_of

FAMILIES = ["SVD", "CP", "CP4", "TK", "TT", "TR", "HT", "Factoring"]
RESHAPED = ["rCP", "rTK", "rTT", "rTR", "rHT"]


@pytest.mark.parametrize("D", [1, 2])
@pytest.mark.parametrize("k", [3, 5])
@pytest.mark.parametrize("name", FAMILIES + RESHAPED)
def test_the_kernel_has_the_variance_exactly(name: str, k: int, D: int) -> None:
    family = BY_NAME[name]
    case = family.sized(Case(D, k))
    for seed in range(3):
        torch.manual_seed(seed)
        layer = layer_of(family, case)
        layer.reset_parameters()
        weights = {key: weight.detach() for key, weight in layer.named_parameters()}
        kernel = family.kernel(D, k)(weights, 1)
        assert kernel.numel() == case.S * case.T * case.volume
        expected = 2 / (case.S * case.volume)
        assert kernel.square().mean().item() == pytest.approx(expected, rel=1e-10)


def gains(conv: str, seed: int, scale: float = 1.0) -> list[float]:
    """The mean square that leaves each 3 × 3 convolution of a ResNet-32, before the norm, relative
    to twice that which comes in: 1 where nothing is lost at borders."""
    torch.manual_seed(seed)
    net = network("ResNet32", torch.float32, Conv=conv)
    found: list[float] = []

    def watch(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        found.append((output.square().mean() / inputs[0].square().mean() / 2).item())

    for name, module in net.named_modules():
        if type(module).__name__.startswith(conv.split("(")[0]) and name:
            module.register_forward_hook(watch)
            with torch.no_grad():
                for weight in module.parameters():
                    weight.mul_(scale)
    with torch.no_grad():
        net(torch.randn(4, 3, 32, 32))
    return found


def mean_gain(conv: str, scale: float = 1.0) -> float:
    """The geometric mean over the convolutions and two seeds."""
    each = [gain for seed in range(2) for gain in gains(conv, seed, scale)]
    assert len(each) >= 2 * 30
    return math.exp(sum(map(math.log, each)) / len(each))


def test_a_deep_residual_network_keeps_the_variance_of_its_activations() -> None:
    dense = mean_gain("Conv")
    assert 0.8 < dense < 1.1
    for conv in ("rTT(ratio: 0.1)", "rCP(ratio: 0.1)"):
        assert mean_gain(conv) == pytest.approx(dense, rel=0.1)


def test_kernels_of_another_scale_would_be_seen() -> None:
    assert mean_gain("rTT(ratio: 0.1)", 0.98) < 0.9 * mean_gain("rTT(ratio: 0.1)")
