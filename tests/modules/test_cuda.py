"""Generated modules on a CUDA device, against the same modules in float64 on the CPU."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

import tnc
from tests.families.compiled import instance
from tests.families.kernels import CONV2D, CONV3D, DENSE, RESHAPED2D, Family
from tests.oracle import as_tuple

pytestmark = pytest.mark.gpu
FAMILIES = [*DENSE, *CONV2D, *RESHAPED2D, *CONV3D]


def results(layer: nn.Module, x: Tensor) -> list[Tensor]:
    """The output, and the gradients of its mean square, on the CPU in float64."""
    x = x.detach().requires_grad_()
    outputs = as_tuple(layer(x))
    total = sum(output.double().square().mean() for output in outputs)
    total.backward()
    found = [*outputs, x.grad, *(p.grad for p in layer.parameters())]
    layer.zero_grad()
    return [each.detach().double().cpu() for each in found]


def subject(family: Family) -> tuple[nn.Module, Tensor]:
    layer = instance(family.file, family.layer, **family.settings)
    signal = [7, 9, 6][: family.taps]
    return layer, torch.randn(5, family.channels[0], *signal, dtype=torch.float64)


def near(ours: list[Tensor], theirs: list[Tensor], tolerance: float) -> None:
    for a, b in zip(ours, theirs, strict=True):
        assert (a - b).norm() <= tolerance * b.norm()


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_values_and_gradients(family: Family) -> None:
    layer, x = subject(family)
    expected = results(layer, x)
    near(results(copy.deepcopy(layer).cuda(), x.cuda()), expected, 1e-9)
    single = copy.deepcopy(layer).float().cuda()
    torch.backends.cudnn.allow_tf32 = False
    near(results(single, x.float().cuda()), expected, 1e-4)
    if x.ndim == 4:
        last = x.float().cuda().to(memory_format=torch.channels_last)
        near(results(single, last), expected, 1e-4)
        output = single(last)
        assert output.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("family", [*DENSE[:3], *CONV2D[:6]], ids=lambda family: family.name)
def test_autocast_with_the_backward_outside(family: Family, dtype: torch.dtype) -> None:
    layer, x = subject(family)
    expected = results(layer, x)
    single = copy.deepcopy(layer).float().cuda()
    given = x.float().cuda().requires_grad_()
    with torch.autocast("cuda", dtype=dtype):
        output = single(given)
    assert output.dtype == dtype
    output.float().square().mean().backward()
    found = [output, given.grad, *(p.grad for p in single.parameters())]
    near([each.detach().double().cpu() for each in found], expected, 0.05)


def test_transforms() -> None:
    layer, x = subject(next(family for family in CONV2D if family.layer == "CP4"))
    layer, x = layer.cuda(), x.cuda().requires_grad_()
    (ours,) = torch.autograd.grad(layer(x).square().sum(), x, create_graph=True)
    ours.square().sum().backward()
    assert x.grad is not None
    _, tangent = torch.func.jvp(layer, (x,), (torch.ones_like(x),))
    assert tangent.shape == layer(x).shape
    batched = torch.func.vmap(layer)(torch.stack([x, 2 * x]).detach())
    torch.testing.assert_close(batched[0], layer(x).detach(), rtol=1e-9, atol=1e-9)


@pytest.mark.slow
def test_compiled() -> None:
    layer, x = subject(next(family for family in CONV2D if family.layer == "CP4"))
    layer, x = layer.float().cuda(), x.float().cuda()
    compiled = torch.compile(layer, fullgraph=True)
    near(results(compiled, x), results(layer, x), 1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("conv", ["Conv", "CP(ratio: 0.1)"])
def test_a_network_trains(conv: str) -> None:
    made = tnc.compile("tnc/std/nets.tnn", "ResNet20", set={"Conv": conv})
    torch.manual_seed(0)
    net = made.module.ResNet20(device="cuda")
    assert all(p.device.type == "cuda" for p in net.parameters())
    x = torch.randn(16, 3, 32, 32, device="cuda")
    labels = torch.arange(16, device="cuda") % 10
    optimiser = torch.optim.SGD(net.parameters(), 0.05, momentum=0.9)
    losses = []
    for _ in range(15):
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(net(x), labels)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
