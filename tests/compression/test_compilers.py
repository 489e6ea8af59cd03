"""A compressed residual network is compiled and exported as the dense one is."""

from __future__ import annotations

import copy
import io
from functools import cache
from pathlib import Path

import onnxruntime
import pytest
import torch
from torch import Tensor, nn

import tnc
from benchmarks.resnet import small
from tnc.compression.loader import load_, read_safetensors

SLOW = [pytest.param(family, marks=pytest.mark.slow) for family in ("TT", "rCP", "rTK", "rTT")]
each_family = pytest.mark.parametrize("family", ["CP", "TK", *SLOW])
batches = {"x": {0: torch.export.Dim("n", min=2, max=64)}}


def image(batch: int) -> Tensor:
    return torch.randn(batch, 3, 64, 64, generator=torch.Generator().manual_seed(batch))


@cache
def compressed(family: str) -> tnc.Compressed:
    torch.manual_seed(0)
    return tnc.compress(small(), family=family, ratio=0.1, example=image(2), iterations=3)


def model(family: str) -> nn.Module:
    found = compressed(family).model
    assert found is not None
    return found.eval()


def near(found: Tensor, wanted: Tensor) -> None:
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


@each_family
def test_what_is_feasible_is_replaced_and_shapes_are_kept(family: str) -> None:
    table = compressed(family).table
    assert all(row.ratio <= 0.1 for row in table.replaced)
    reasons = {row.reason.partition(":")[0] for row in table.rows if not row.family}
    assert reasons <= {"the first convolution", "the classifier", "no ranks reach the ratio 0.1"}
    assert len(table.replaced) >= 8
    dense = {name: each.shape for name, each in _shapes(small()).items()}
    assert {name: each.shape for name, each in _shapes(model(family)).items()} == dense


def _shapes(network: nn.Module) -> dict[str, Tensor]:
    """What every layer gives."""
    found: dict[str, Tensor] = {}
    handles = [
        each.register_forward_hook(lambda _, __, y, name=name: found.update({name: y}))
        for name, each in network.named_modules()
    ]
    network.eval()(image(2))
    for handle in handles:
        handle.remove()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("family", ["CP", "TK", "rTT"])
def test_export_with_any_batch(family: str) -> None:
    program = torch.export.export(model(family), (image(3),), dynamic_shapes=batches)
    for batch in (2, 5):
        near(program.module()(image(batch)), model(family)(image(batch)))


@pytest.mark.slow
@pytest.mark.parametrize("family", ["CP", "rTT"])
def test_onnx_agrees_with_eager(family: str) -> None:
    exported = torch.onnx.export(
        model(family), (image(3),), dynamo=True, dynamic_shapes=batches, verbose=False
    )
    assert exported is not None
    file = io.BytesIO()
    exported.save(file)
    session = onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
    for batch in (2, 5):
        (found,) = session.run(None, {session.get_inputs()[0].name: image(batch).numpy()})
        near(torch.from_numpy(found), model(family)(image(batch)))


@pytest.mark.slow
def test_one_graph_in_training() -> None:
    torch.compiler.reset()
    network = model("rCP").train()
    whole = torch.compile(network, fullgraph=True, backend="aot_eager")
    parameters = list(network.parameters())
    for found, wanted in zip(
        *(torch.autograd.grad(each(image(4)).sum(), parameters) for each in (whole, network)),
        strict=True,
    ):
        torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-4)


def test_the_state_round_trips(tmp_path: Path) -> None:
    done, network = compressed("CP"), model("CP")
    state, _ = read_safetensors(done.write(tmp_path) / "checkpoint.safetensors")
    wanted = network.state_dict()
    assert state.keys() == wanted.keys()
    assert all(torch.equal(value, wanted[name]) for name, value in state.items())
    other = copy.deepcopy(network)
    for each in other.state_dict().values():
        each.zero_()
    load_(other, state)
    assert torch.equal(other(image(2)), network(image(2)))
