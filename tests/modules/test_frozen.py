"""Gradients that nobody asked for are not computed: the operations that run are counted."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from tests.families.compiled import instance
from tests.modules.layers import SUBJECTS, Subject, named, total
from tests.oracle import close, leaf

HEAVY = {"mm", "bmm", "mv", "dot", "addmm", "baddbmm", "convolution", "convolution_backward"}


class Count(TorchDispatchMode):
    """Counts the products that run; a convolution's backward counts each gradient it returns."""

    def __init__(self) -> None:
        super().__init__()
        self.products = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        name = func.overloadpacket.__name__
        if name == "convolution_backward":
            self.products += sum(args[-1])
        elif name != "mul":
            self.products += name in HEAVY
        else:
            self.products += all(isinstance(each, torch.Tensor) for each in args)
        return func(*args, **kwargs or {})


def products(subject_layer: torch.nn.Module, x: torch.Tensor) -> int:
    """Products in a backward alone."""
    value = total(subject_layer(x))
    with Count() as count:
        value.backward()
    return count.products


def test_a_dense_layer_has_one_product_per_gradient() -> None:
    layer = instance("dense", "Linear", S=5, T=7)
    x = torch.randn(4, 5, dtype=torch.float64)
    outer = 2  # the backward of `total`
    everything = products(layer, leaf(x))
    weight_only = products(layer, x)
    layer.requires_grad_(False)
    input_only = products(layer, leaf(x))
    assert everything - weight_only == 1
    assert everything - input_only == 1
    assert weight_only <= 1 + outer


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_frozen_weights_cost_nothing(subject: Subject) -> None:
    layer = subject.build()
    everything = products(layer, leaf(subject.input()))
    weights_only = products(layer, subject.input())
    layer.requires_grad_(False)
    input_only = products(layer, leaf(subject.input()))
    assert input_only < everything
    assert weights_only < everything


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_each_weight_alone(subject: Subject) -> None:
    """With one weight trained, its gradient is right, and nothing else has one."""
    layer, x = subject.build(), subject.input()
    total(layer(leaf(x))).backward()
    expected = {name: value.grad for name, value in layer.named_parameters()}
    for chosen in expected:
        for name, value in layer.named_parameters():
            value.grad = None
            value.requires_grad_(name == chosen)
        total(layer(x)).backward()
        for name, value in layer.named_parameters():
            assert (value.grad is not None) == (name == chosen), name
        close(dict(layer.named_parameters())[chosen].grad, expected[chosen], chosen)


def test_nothing_is_kept_without_gradients() -> None:
    layer = named("cp").build()
    with torch.no_grad():
        assert layer(named("cp").input()).grad_fn is None
    with torch.inference_mode():
        assert layer(named("cp").input()).grad_fn is None
    layer.requires_grad_(False)
    assert layer(named("cp").input()).grad_fn is None
