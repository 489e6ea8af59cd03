"""Every kernel against the definition: contractions with patterns written out, in float64."""

from __future__ import annotations

import torch
from hypothesis import given, settings

from tests.interpreter import evaluate
from tests.lower.running import layer_of, leaf, module, program_of
from tests.lower.strategies import Case, cases
from tnc.ir.graph import Builder, Value
from tnc.ir.program import Program

NAMES = ("x", "w")


def compiled(case: Case) -> tuple[Program, Value, list[Value]]:
    build = Builder()
    leaves = [
        leaf(build, kind, name, modes)
        for kind, name, modes in zip(("input", "weight"), NAMES, case.operands, strict=False)
    ]
    value = build.make(case.op, leaves)
    return program_of(layer_of(build, [("y", None, value)])), value, leaves


def tensors(leaves: list[Value], seed: int = 0) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.randn(
            [mode.size.evaluate({}) for mode in value.type.modes],
            dtype=torch.float64,
            generator=generator,
        ).requires_grad_()
        for value in leaves
    ]


def close(found: torch.Tensor, expected: torch.Tensor) -> None:
    assert found.shape == expected.shape
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


def agrees(case: Case) -> None:
    program, value, leaves = compiled(case)
    given_ = tensors(leaves)
    expected = evaluate(value, dict(zip(leaves, given_, strict=True)), {})
    (found,) = module(program)(**dict(zip(NAMES, given_, strict=False)))
    close(found, expected)
    seed = torch.randn(expected.shape, dtype=torch.float64)
    if not expected.requires_grad:
        return
    wanted = torch.autograd.grad(expected, given_, seed, allow_unused=True)
    pulled = torch.autograd.grad(found, given_, seed, allow_unused=True)
    for one, other, argument in zip(pulled, wanted, given_, strict=True):
        close(one, torch.zeros_like(argument) if other is None else other)


@settings(max_examples=150, deadline=None)
@given(cases(most=0))
def test_products(case: Case) -> None:
    agrees(case)


@settings(max_examples=150, deadline=None)
@given(cases(most=3, regular=True))
def test_convolutions(case: Case) -> None:
    agrees(case)


@settings(max_examples=150, deadline=None)
@given(cases())
def test_any_relations(case: Case) -> None:
    agrees(case)


@settings(max_examples=100, deadline=None)
@given(cases(most=2, count=1))
def test_one_operand(case: Case) -> None:
    agrees(case)
