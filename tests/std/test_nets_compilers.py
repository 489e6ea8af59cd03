"""torch.compile, torch.export and ONNX take the networks of `std.nets` whole."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any

import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from tests.oracle import close, leaf
from tests.std.built import network
from tests.std.reference import stirred


@dataclass(frozen=True)
class Case:
    name: str
    layer: str
    shape: tuple[int, ...]
    settings: dict[str, Any] = field(default_factory=dict)

    def build(self, dtype: torch.dtype = torch.float32, **options: Any) -> nn.Module:
        torch.manual_seed(0)
        return stirred(network(self.layer, dtype, **options, **self.settings))

    def input(self, batch: int, dtype: torch.dtype = torch.float32) -> Tensor:
        generator = torch.Generator().manual_seed(batch)
        return torch.randn(batch, *self.shape, dtype=dtype, generator=generator)


CASES = [
    Case("lenet5", "LeNet5", (1, 28, 28)),
    Case("resnet20", "ResNet20", (3, 8, 8)),
    Case("resnet8-cp", "CifarResNet", (3, 8, 8), {"blocks": 1, "Conv": "CP(R: 4)"}),
    Case("transformer", "TransformerBlock", (5, 8), {"E": 8, "heads": 2, "drop": 0.0}),
]
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
batches = {"x": {0: torch.export.Dim("n", min=1, max=64)}}


@pytest.fixture(autouse=True)
def _fresh() -> None:
    """Other tests' recompilations do not count towards Dynamo's limit."""
    torch.compiler.reset()


@pytest.mark.slow
@each_case
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
def test_one_graph_forward_and_backward(case: Case, training: bool) -> None:
    """Dynamo and AOT autograd, without breaks."""
    net = case.build(torch.float64).train(training)
    compiled = torch.compile(net, fullgraph=True, backend="aot_eager")
    parameters = list(net.parameters())
    x = case.input(3, torch.float64)
    found, expected = (_gradients(each, parameters, x) for each in (compiled, net))
    for a, b in zip(found, expected, strict=True):
        close(a, b, case.name)


def _gradients(module: nn.Module, parameters: list[Tensor], x: Tensor) -> list[Tensor]:
    x = leaf(x)
    y = module(x)
    return [y, *torch.autograd.grad(y.square().sum(), [x, *parameters])]


@pytest.mark.slow
def test_inductor() -> None:
    case = CASES[-1]
    net = case.build()
    compiled = torch.compile(net, fullgraph=True)
    parameters = list(net.parameters())
    x = case.input(3)
    found, expected = (_gradients(each, parameters, x) for each in (compiled, net))
    for a, b in zip(found, expected, strict=True):
        close(a, b, case.name, 1e-4)


@each_case
def test_export_with_a_dynamic_batch(case: Case) -> None:
    net = case.build(torch.float64).eval()
    program = torch.export.export(net, (case.input(3, torch.float64),), dynamic_shapes=batches)
    for batch in (1, 7):
        x = case.input(batch, torch.float64)
        close(program.module()(x), net(x), f"{case.name}, batch {batch}")


@pytest.mark.slow
@each_case
def test_onnx_with_a_dynamic_batch(case: Case) -> None:
    """onnxruntime gives the same; the derivative has no place there."""
    net = case.build(backward="autograd").eval()
    program = torch.onnx.export(
        net, (case.input(3),), dynamo=True, dynamic_shapes=batches, verbose=False
    )
    assert program is not None
    text = io.BytesIO()
    program.save(text)
    session = onnxruntime.InferenceSession(text.getvalue())
    (given,) = session.get_inputs()
    for batch in (1, 7):
        x = case.input(batch)
        (found,) = session.run(None, {given.name: x.numpy()})
        close(torch.from_numpy(found), net(x), f"{case.name}, batch {batch}", 1e-4)
