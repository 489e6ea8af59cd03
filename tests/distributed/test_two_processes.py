"""Two processes that train a generated module together get what one process gets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import tnc
from tests.distributed.worker import PROCESSES, SHAPES, STEPS, WAYS, work

pytestmark = pytest.mark.slow  # two processes start
each_net = pytest.mark.parametrize("net", SHAPES)
each_way = pytest.mark.parametrize("way", WAYS)


@pytest.fixture(scope="module")
def module() -> Any:
    return tnc.compile(Path(__file__).parent / "nets.tnn")


@pytest.fixture(scope="module")
def results(module: Any, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What every process wrote."""
    folder = tmp_path_factory.mktemp("processes")
    module.write(folder / "nets.py")
    torch.multiprocessing.spawn(work, (str(folder),), nprocs=PROCESSES)
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(PROCESSES)]


def test_the_processes_did_without_the_compiler(results: list[dict[str, Any]]) -> None:
    assert [each["compiler"] for each in results] == [False] * PROCESSES


@each_way
@each_net
def test_losses(results: list[dict[str, Any]], net: str, way: str) -> None:
    """The mean over the processes is the loss of all samples, at every step."""
    alone, _ = results[0][net]["alone"]
    each = torch.tensor([result[net][way][0] for result in results], dtype=torch.float64)
    assert each.shape == (PROCESSES, STEPS)
    assert each.mean(0).tolist() == pytest.approx(alone, abs=1e-9)
    assert alone[-1] < alone[0]


@each_way
@each_net
def test_parameters_and_gradients(results: list[dict[str, Any]], net: str, way: str) -> None:
    """After all steps they are those of one process, in every process."""
    _, alone = results[0][net]["alone"]
    for _, state in (result[net][way] for result in results):
        assert set(state) == set(alone)
        for name, tensor in alone.items():
            torch.testing.assert_close(state[name], tensor, rtol=0, atol=1e-9)
    moved = [name for name in alone if name.endswith(".grad") and alone[name].abs().max() > 1e-4]
    assert len(moved) > 0.8 * sum(name.endswith(".grad") for name in alone)


@each_net
def test_sharded_parameters_start(results: list[dict[str, Any]], module: Any, net: str) -> None:
    """First values of shards: all processes have the same, and nothing is left unset."""
    first, second = (result[net]["started"] for result in results)
    for name, tensor in getattr(module.module, net)().named_parameters():
        assert torch.equal(first[name], second[name])
        assert (first[name] == 0).all() == (tensor == 0).all()
        assert first[name].abs().max() < 3 * tensor.abs().max() + 1
    for name, tensor in getattr(module.module, net)().named_buffers():
        assert torch.equal(first[name].to(tensor.dtype), tensor)


def test_sharded_kernels_have_their_variance(results: list[dict[str, Any]]) -> None:
    """The kernel that the factors represent has Kaiming variance exactly, as in one process."""
    state = results[0]["LeNet"]["started"]
    A, C, B = (state[f"conv2.{name}"] for name in "ACB")
    kernel = torch.einsum("sr,ijr,rt->tsij", A, C, B)
    assert kernel.square().mean() == pytest.approx(2 / (6 * 25), rel=1e-6)


def test_norms_become_synchronised(module: Any) -> None:
    """PyTorch's conversion finds the norms of a generated network, and leaves its state alone."""
    network = module.module.ResNet()
    names = set(network.state_dict())
    norms = sum(isinstance(each, nn.BatchNorm2d) for each in network.modules())
    made = nn.SyncBatchNorm.convert_sync_batchnorm(network)
    assert sum(isinstance(each, nn.SyncBatchNorm) for each in made.modules()) == norms > 0
    assert set(made.state_dict()) == names
