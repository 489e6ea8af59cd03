"""Random networks: values, every gradient, and the adjoint identity, against the oracle."""

from __future__ import annotations

from dataclasses import replace

import torch
from hypothesis import given, settings
from torch import Tensor, nn
from torch.func import functional_call, jvp, vjp

import tnc
from tests.families.compiled import instance_of
from tests.oracle import agree, as_tuple, close, leaf
from tests.property.network import Network
from tests.property.strategies import expressions, networks, resized


def built(network: Network) -> tuple[Network, nn.Module]:
    """The compiled network; with every size declared if there is no plan for all sizes."""
    try:
        return network, instance_of(network.text())
    except tnc.CompileError as refused:
        codes = {each.code for each in refused.diagnostics if each.severity == "error"}
        signals = {relation.signal for relation in network.relations}
        if codes != {"E0304"} or not network.running & signals:
            raise
    static = replace(network, running=frozenset())
    return static, instance_of(static.text())


@settings(max_examples=60)
@given(networks())
def test_layers(network: Network) -> None:
    """A compiled layer agrees with the oracle, at the sizes of its program and at others."""
    network, layer = built(network)
    agree(layer, network.reference(), *network.signals())
    if network.running:
        larger = resized(network, 2)
        agree(layer, larger.reference(), *larger.signals())


@settings(max_examples=100)
@given(expressions())
def test_equations(network: Network) -> None:
    """`tnc.einsum` agrees with the oracle, second derivatives included."""
    mine = [leaf(x) for x in network.signals()]
    theirs = [leaf(x) for x in mine]
    found = tnc.einsum(network.einsum(), *mine)
    (expected,) = as_tuple(network.reference()(*theirs))
    close(found, expected, "value")
    seed = torch.randn_like(expected)
    first = torch.autograd.grad(found, mine, seed, create_graph=True)
    wanted = torch.autograd.grad(expected, theirs, seed, create_graph=True)
    for a, b in zip(first, wanted, strict=True):
        close(a, b, "gradient")
    second = gradients_of_norm(first, mine)
    for a, b in zip(second, gradients_of_norm(wanted, theirs), strict=True):
        close(a, b, "gradient of a gradient")


def gradients_of_norm(values: tuple[Tensor, ...], inputs: list[Tensor]) -> tuple[Tensor, ...]:
    total = sum(value.square().sum() for value in values)
    return torch.autograd.grad(total, inputs, allow_unused=True, materialize_grads=True)


@settings(max_examples=40)
@given(networks())
def test_adjoint(network: Network) -> None:
    """⟨Jv, w⟩ = ⟨v, Jᵀw⟩: forward mode and reverse mode are each other's transpose."""
    network, layer = built(network)
    primals = (dict(layer.named_parameters()), tuple(network.signals()))

    def call(weights: dict[str, Tensor], inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return as_tuple(functional_call(layer, weights, inputs))

    tangents = (
        {name: torch.randn_like(value) for name, value in primals[0].items()},
        tuple(torch.randn_like(value) for value in primals[1]),
    )
    outputs, pushed = jvp(call, primals, tangents)
    seeds = tuple(torch.randn_like(value) for value in outputs)
    weights, inputs = vjp(call, *primals)[1](seeds)
    left = inner(pushed, seeds)
    right = inner(tangents[1], inputs) + inner(
        tuple(tangents[0].values()), tuple(weights[name] for name in tangents[0])
    )
    close(left, right, "the two products")


def inner(left: tuple[Tensor, ...], right: tuple[Tensor, ...]) -> Tensor:
    products = [(a * b).sum() for a, b in zip(left, right, strict=True)]
    return torch.stack(products).sum() if products else torch.zeros((), dtype=torch.float64)
