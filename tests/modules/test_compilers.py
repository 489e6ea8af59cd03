"""torch.compile and torch.export take generated modules whole."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from tests.modules.layers import SUBJECTS, Subject, named, total
from tests.oracle import as_tuple, close, leaf

each_layer = pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)


def gradients(layer: nn.Module, parameters: list[Tensor], x: Tensor) -> list[Tensor]:
    x = leaf(x)
    outputs = as_tuple(layer(x))
    value = total(outputs)
    return [*outputs, *torch.autograd.grad(value, [x, *parameters])]


@pytest.fixture(autouse=True)
def _fresh() -> None:
    """Other tests' recompilations do not count towards Dynamo's limit."""
    torch.compiler.reset()


@each_layer
def test_one_graph_forward_and_backward(subject: Subject) -> None:
    """Dynamo and AOT autograd, without breaks; several sizes."""
    layer = subject.build()
    parameters = list(layer.parameters())
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    for batch in (2, 4):
        x = subject.input(batch=batch)
        found = gradients(compiled, parameters, x)
        for a, b in zip(found, gradients(layer, parameters, x), strict=True):
            close(a, b, f"batch {batch}")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cp", "tt"])
def test_inductor(name: str) -> None:
    subject = named(name)
    layer, x = subject.build(torch.float32), subject.input(torch.float32)
    parameters = list(layer.parameters())
    compiled = torch.compile(layer, fullgraph=True)
    found = gradients(compiled, parameters, x)
    for a, b in zip(found, gradients(layer, parameters, x), strict=True):
        close(a, b, name, 1e-4)


@each_layer
def test_export_with_a_dynamic_batch(subject: Subject) -> None:
    layer = subject.build().eval()
    shapes = {"x": {0: torch.export.Dim("n", min=1, max=64)}}
    program = torch.export.export(layer, (subject.input(batch=3),), dynamic_shapes=shapes)
    for batch in (2, 7):
        x = subject.input(batch=batch)
        found = as_tuple(program.module()(x))
        for a, b in zip(found, as_tuple(layer(x)), strict=True):
            close(a, b, f"batch {batch}")


def test_inside_a_larger_compiled_network() -> None:
    """Two generated layers and a loss in one compiled function."""
    subject = named("tt")
    first = subject.build()
    head = nn.Linear(4, 2, dtype=torch.float64)
    network = nn.Sequential(first, nn.ReLU(), head)
    compiled = torch.compile(network, fullgraph=True, backend="aot_eager")
    x, parameters = subject.input(), list(network.parameters())
    found = gradients(compiled, parameters, x)
    for a, b in zip(found, gradients(network, parameters, x), strict=True):
        close(a, b, "network")
