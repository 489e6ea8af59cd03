"""What each of two processes does: train the networks of a generated module, alone and together.

It imports the generated module and PyTorch, not tnc, and writes what came out of it to a file.
"""

from __future__ import annotations

import copy
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.fsdp import fully_shard
from torch.nn.functional import cross_entropy
from torch.nn.parallel import DistributedDataParallel
from torch.utils.checkpoint import checkpoint

PROCESSES, BATCH, STEPS = 2, 8, 4
SHAPES = {"LeNet": (1, 12, 12), "ResNet": (3, 6, 5), "Shared": (6,)}
State = dict[str, Tensor]


def sharded(network: nn.Module) -> nn.Module:
    """FSDP2, a group for every layer; each gives its weights back after its forward."""
    for layer in network.modules():
        if layer is not network and list(layer.parameters(recurse=False)):
            fully_shard(layer, reshard_after_forward=True)
    return fully_shard(network, reshard_after_forward=True)


class Recomputed(nn.Module):
    """FSDP2 with activation checkpointing: the backward runs the forward again."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.module = sharded(network)

    def forward(self, x: Tensor) -> Tensor:
        return checkpoint(self.module, x, use_reentrant=False)


WAYS: dict[str, Callable[[nn.Module], nn.Module]] = {
    "ddp": DistributedDataParallel,
    "fsdp": sharded,
    "recomputed": Recomputed,
}


def whole(network: nn.Module) -> State:
    """Parameters, buffers, and gradients, gathered where they are sharded."""
    tensors = dict(network.named_parameters()) | dict(network.named_buffers())
    grads = {f"{name}.grad": p.grad for name, p in network.named_parameters()}
    full = {
        name.removeprefix("module."): each.full_tensor() if hasattr(each, "full_tensor") else each
        for name, each in (tensors | grads).items()
        if each is not None
    }
    return {name: each.detach().clone() for name, each in full.items()}


def train(network: nn.Module, x: Tensor, classes: Tensor) -> tuple[list[float], State]:
    """A few steps of SGD with momentum: the losses over all processes' samples, and the state."""
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = cross_entropy(network(x), classes)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, whole(network)


def compare(made: nn.Module, shape: tuple[int, ...], rank: int) -> dict[str, Any]:
    """One network, trained alone on all samples and together on a half each."""
    made.eval()  # norms use the moments that they have: those of half a batch are other ones
    x = torch.randn(BATCH, *shape, dtype=torch.float64)
    classes = torch.randint(10, (BATCH,))
    mine = slice(rank * BATCH // PROCESSES, (rank + 1) * BATCH // PROCESSES)
    results = {"alone": train(copy.deepcopy(made), x, classes)}
    for name, way in WAYS.items():
        results[name] = train(way(copy.deepcopy(made)), x[mine], classes[mine])
    return results


def started(made: Callable[..., nn.Module], rank: int) -> State:
    """Sharded before there is any memory, and then given first values."""
    with torch.device("meta"):
        network = sharded(made(dtype=torch.float64))
    network.to_empty(device="cpu")
    torch.manual_seed(rank)
    network.reset_parameters()
    return whole(network)


def work(rank: int, folder: str) -> None:
    """One of the processes; they meet in a file, and speak over the loopback device."""
    torch.set_num_threads(1)
    devices = (name for _, name in socket.if_nameindex())
    os.environ["GLOO_SOCKET_IFNAME"] = next(name for name in devices if name.startswith("lo"))
    meeting = (Path(folder) / "meeting").as_uri()
    dist.init_process_group("gloo", init_method=meeting, rank=rank, world_size=PROCESSES)
    sys.path.insert(0, folder)
    import nets

    results: dict[str, Any] = {"compiler": "tnc" in sys.modules}
    for name, shape in SHAPES.items():
        torch.manual_seed(0)
        results[name] = compare(getattr(nets, name)(dtype=torch.float64), shape, rank)
        results[name]["started"] = started(getattr(nets, name), rank)
    torch.save(results, Path(folder) / f"{rank}.pt")
    dist.destroy_process_group()
