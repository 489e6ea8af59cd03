"""The factorised layers of the papers: values, derivatives of every order, costs, copies."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from tests.interpreter import evaluate
from tests.lower.families import FAMILIES
from tests.lower.running import module, program_of, run
from tnc.ir.layer import Layer
from tnc.ir.program import Program
from tnc.ir.size import Size
from tnc.ops import Contract

SMALL = {"n": 2, "h": 5, "w": 7}

COPIES = {
    "CP conv": (0, 0),
    "TK conv": (0, 0),
    "TT conv": (1, 2),
    "r-CP conv": (1, 4),
    "r-TK conv": (2, 2),
    "r-TT conv": (1, 3),
    "CP dense": (0, 0),
    "r-CP dense": (1, 1),
    "r-TK dense": (1, 1),
    "r-TT dense": (1, 1),
}
"""How often the forward and the backward copy a tensor to present it otherwise."""


@cache
def built(name: str) -> tuple[Layer, Program]:
    layer = FAMILIES[name]()
    return layer, program_of(layer)


def tensors(layer: Layer, sizes: dict[str, int] = SMALL) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        one.name: torch.randn(
            [Size.product(mode.size for mode in axis).evaluate(sizes) for axis in one.axes],
            dtype=torch.float64,
            generator=generator,
        ).requires_grad_()
        for one in (*layer.inputs, *layer.weights)
    }


def oracle(layer: Layer, given: dict[str, torch.Tensor]) -> torch.Tensor:
    """The output by definition."""
    leaves = {}
    for one in (*layer.inputs, *layer.weights):
        shape = [mode.size.evaluate(SMALL) for mode in one.value.type.modes]
        leaves[one.value] = given[one.name].reshape(shape)
    (port,) = layer.outputs
    shape = [Size.product(mode.size for mode in axis).evaluate(SMALL) for axis in port.axes]
    return evaluate(port.value, leaves, SMALL).reshape(shape)


def close(found: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-8)


@pytest.mark.parametrize("name", FAMILIES)
def test_first_and_second_derivatives(name: str) -> None:
    layer, program = built(name)
    given = tensors(layer)
    values = list(given.values())
    (found,), expected = module(program)(**given), oracle(layer, given)
    close(found, expected)
    seed = torch.randn_like(expected).requires_grad_()
    directions = [torch.randn_like(value) for value in values]
    pulled = [
        torch.autograd.grad(result, values, seed, create_graph=True) for result in (found, expected)
    ]
    for one, other in zip(*pulled, strict=True):
        close(one, other)
    twice = [
        torch.autograd.grad(
            sum((g * v).sum() for g, v in zip(grads, directions, strict=True)), [*values, seed]
        )
        for grads in pulled
    ]
    for one, other in zip(*twice, strict=True):
        close(one, other)


@pytest.mark.parametrize("name", FAMILIES)
def test_tangents(name: str) -> None:
    layer, program = built(name)
    given = {key: value.detach() for key, value in tensors(layer).items()}
    dots = {key: torch.randn_like(value) for key, value in given.items()}
    found = torch.func.jvp(lambda held: module(program, jvp=True)(**held)[0], (given,), (dots,))
    expected = torch.func.jvp(lambda held: oracle(layer, held), (given,), (dots,))
    close(found[1], expected[1])


@pytest.mark.parametrize("name", ["CP conv", "TK conv", "r-CP conv", "r-TT conv", "r-TK dense"])
def test_forward_over_reverse(name: str) -> None:
    layer, program = built(name)
    given = {key: value.detach() for key, value in tensors(layer).items()}
    dots = {key: torch.randn_like(value) for key, value in given.items()}
    run_ = module(program, jvp=True)

    def loss(held: dict[str, torch.Tensor]) -> torch.Tensor:
        return run_(**held)[0].square().sum()

    found = torch.func.jvp(torch.func.grad(loss), (given,), (dots,))[1]
    expected = torch.func.jvp(
        torch.func.grad(lambda held: oracle(layer, held).square().sum()), (given,), (dots,)
    )[1]
    for key in given:
        torch.testing.assert_close(found[key], expected[key], rtol=1e-7, atol=1e-6)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("axis", [0, 1])
def test_vmap_of_the_gradient(name: str, axis: int) -> None:
    layer, program = built(name)
    given = {key: value.detach() for key, value in tensors(layer).items()}
    several = torch.stack([given["x"], 2 * given["x"], given["x"] - 1], axis)
    weights = {key: value for key, value in given.items() if key != "x"}

    def pulled(x: torch.Tensor) -> dict[str, torch.Tensor]:
        return torch.func.grad(lambda held: module(program)(x=x, **held)[0].square().sum())(weights)

    found = torch.func.vmap(pulled, in_dims=axis)(several)
    for k, x in enumerate(several.unbind(axis)):
        for key, value in pulled(x).items():
            close(found[key][k], value)


@pytest.mark.parametrize("name", FAMILIES)
def test_memory_format_and_strides_do_not_matter(name: str) -> None:
    layer, program = built(name)
    given = {key: value.detach() for key, value in tensors(layer).items()}
    turned = {key: value.mT.contiguous().mT for key, value in given.items()}
    if given["x"].dim() == 4:
        turned["x"] = given["x"].contiguous(memory_format=torch.channels_last)
    (found,), (expected,) = module(program)(**turned), module(program)(**given)
    close(found, expected)


@pytest.mark.parametrize("name", FAMILIES)
def test_flops_are_those_of_the_plan(name: str) -> None:
    """Broadcast multiplications are not seen by the counter."""
    layer, program = built(name)
    (routine,) = program.routines
    expected = 0
    for value in layer.graph.values:
        if isinstance(value.op, Contract) and len(value.operands) == 2:
            contracts = set().union(*(one.type.modes for one in value.operands)) - set(
                value.op.keep
            )
            if contracts:
                expected += value.op.macs([one.type for one in value.operands]).evaluate(SMALL)
    given = {key: value.detach() for key, value in tensors(layer).items()}
    with FlopCounterMode(display=False) as counter:
        run(routine.forward, run(routine.sizes, given))
    assert counter.get_total_flops() == 2 * expected


class Copies(TorchDispatchMode):
    """Counts the copies that presenting operands costs."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += func is torch.ops.aten.clone.default
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("name", FAMILIES)
def test_copies_stay_as_few(name: str) -> None:
    layer, program = built(name)
    (routine,) = program.routines
    given = {key: value.detach() for key, value in tensors(layer).items()}
    scope = run(routine.sizes, given)
    with Copies() as forward:
        done = run(routine.forward, scope)
    kept = {name: done[name] for name in (*scope, *routine.saved)}
    seeds = {
        seed: torch.ones_like(done[output])
        for seed, output in zip(routine.seeds, routine.outputs, strict=True)
    }
    with Copies() as backward:
        run(routine.backward, kept | seeds | {"needs": [True] * len(routine.arguments)})
    assert (forward.count, backward.count) == COPIES[name]


def test_no_general_contraction_is_called() -> None:
    for name in FAMILIES:
        (routine,) = built(name)[1].routines
        for line in (*routine.forward, *routine.backward, *routine.tangent):
            assert not re.search("einsum|tensordot|matmul", line.expression)


@pytest.mark.parametrize("name", ["CP conv", "TK conv", "r-TT dense"])
def test_each_gradient_alone(name: str) -> None:
    """With all other arguments frozen, and all lines skipped which only they need."""
    layer, program = built(name)
    for alone in tensors(layer):
        given = {
            key: value.detach().requires_grad_(key == alone)
            for key, value in tensors(layer).items()
        }
        (found,), expected = module(program)(**given), oracle(layer, given)
        seed = torch.randn_like(expected)
        close(*(torch.autograd.grad(one, given[alone], seed)[0] for one in (found, expected)))


def test_a_line_of_the_backward_knows_who_needs_it() -> None:
    """Without the gradient of the input, nothing that only it needs is computed."""
    layer, program = built("CP conv")
    given = tensors(layer)
    given["x"] = given["x"].detach()
    weights = [value for key, value in given.items() if key != "x"]
    (found,) = module(program)(**given)
    seed = torch.ones_like(found)
    expected = torch.autograd.grad(oracle(layer, given), weights, seed)
    for one, other in zip(torch.autograd.grad(found, weights, seed), expected, strict=True):
        close(one, other)
    (routine,) = program.routines
    position = routine.arguments.index("x")
    alone = [line for line in routine.backward if line.needs == {position}]
    assert [line.targets for line in alone] == [("grad_x",)]
