"""The costs that a plan reports are those of the operations that run."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

import tnc
from tests.families.compiled import PROGRAMS, compiled
from tests.families.kernels import CONVOLUTIONS, DENSE, Family

SIZES = {"n": 2, "d": 4, "h": 7, "w": 8}
PRODUCTS = {"mm": 2, "bmm": 2, "addmm": 3, "baddbmm": 3}


class Macs(TorchDispatchMode):
    """Multiply-adds of matrix products and convolutions, of products with vectors (which PyTorch's
    counter does not see), and of broadcast multiplications."""

    def __init__(self) -> None:
        super().__init__()
        self.products = self.vectors = self.broadcast = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **kwargs or {})
        name = func.overloadpacket.__name__
        if name in PRODUCTS:
            self.products += result.numel() * args[PRODUCTS[name] - 2].shape[-1]
        elif name in ("mv", "dot", "vdot"):
            self.vectors += args[0].numel()
        elif name == "convolution":
            signal, kernel, transposed = args[0], args[1], args[6]
            places = signal if transposed else result
            self.products += kernel.numel() * places.shape[0] * math.prod(places.shape[2:])
        elif name == "mul" and all(isinstance(each, Tensor) for each in args):
            self.broadcast += result.numel()
        return result


def made(family: Family) -> tuple[Any, nn.Module, Tensor]:
    bind = {"n": 2} | {mode: SIZES[mode] for mode in "dhw"[3 - family.taps :]}
    if family.taps == 1:
        bind = {"n": 2, "h": SIZES["h"]}
    out = compiled(family.file, family.layer, bind=bind, **family.settings)
    layer = getattr(out.module, family.layer)()
    signal = {0: "", 1: "h", 2: "hw", 3: "dhw"}[family.taps]
    x = torch.randn(2, family.channels[0], *(SIZES[mode] for mode in signal))
    return out, layer, x.requires_grad_()


@pytest.mark.parametrize("family", [*DENSE, *CONVOLUTIONS], ids=lambda family: family.name)
def test_macs_are_those_that_run(family: Family) -> None:
    out, layer, x = made(family)
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter, Macs() as macs:
        layer(x)
    assert counter.get_total_flops() == 2 * macs.products
    assert out.plan.macs == macs.products + macs.vectors + macs.broadcast


@pytest.mark.parametrize("family", [*DENSE, *CONVOLUTIONS], ids=lambda family: family.name)
def test_the_plan_adds_up(family: Family) -> None:
    out, layer, _ = made(family)
    plan = out.plan
    assert plan.macs == sum(step.macs for step in plan.steps)
    assert plan.parameters == sum(parameter.numel() for parameter in layer.parameters())
    assert plan.parameters == family.parameters
    s, t = family.channels
    assert plan.dense_parameters == s * t * 3**family.taps // family.groups
    assert 0 <= plan.saved_bytes <= plan.peak_bytes
    stored = plan.to_json()
    assert stored["schema"] == "tnc.plan/1"
    assert stored["macs"] == plan.macs
    assert len(stored["steps"]) == len(plan.steps)


def test_the_backward_costs_twice_the_forward() -> None:
    """Each gradient of a pairwise step is the same trilinear form."""
    family = next(f for f in CONVOLUTIONS if f.name == "conv2d-TK")
    plan = made(family)[0].plan
    assert plan.macs_backward == 2 * plan.macs


@pytest.mark.parametrize("objective", ["time", "macs", "memory"])
def test_no_objective_changes_the_value(objective: str) -> None:
    family = next(f for f in CONVOLUTIONS if f.name == "conv2d-CP4")
    plans = {
        name: tnc.compile(PROGRAMS / "conv2d.tnn", "CP4", set=family.settings, objective=name)
        for name in ("macs", objective)
    }
    first = plans["macs"].module.CP4(dtype=torch.float64)
    second = plans[objective].module.CP4(dtype=torch.float64)
    second.load_state_dict(first.state_dict())
    x = torch.randn(2, family.channels[0], 7, 8, dtype=torch.float64)
    torch.testing.assert_close(first(x), second(x), rtol=1e-10, atol=1e-10)
    assert plans["macs"].plan.macs <= plans[objective].plan.macs
