"""Several processes, each with its part of the data, as `torchrun` starts them."""

from __future__ import annotations

import os
from collections.abc import Iterable

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from tnc.finetune.batches import place


def join() -> None:
    """Be one of the processes that `torchrun` has started, if it has."""
    if "RANK" in os.environ and dist.is_available() and not dist.is_initialized():
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")


def several() -> bool:
    """Whether there are other processes."""
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def first() -> bool:
    """Whether this process is the one that writes."""
    return not several() or dist.get_rank() == 0


def together(network: nn.Module) -> nn.Module:
    """The network, its gradients averaged over all processes."""
    if not several():
        return network
    device = place(network)
    return DistributedDataParallel(network, [device.index] if device.type == "cuda" else None)


def add_up(tensors: Iterable[Tensor]) -> None:
    """Sums over all processes, in place."""
    if several():
        for tensor in tensors:
            dist.all_reduce(tensor)


def added(*numbers: float) -> list[float]:
    """Sums of numbers over all processes."""
    if not several():
        return list(numbers)
    device = "cuda" if dist.get_backend() == "nccl" else "cpu"
    sums = torch.tensor(numbers, dtype=torch.float64, device=device)
    dist.all_reduce(sums)
    return sums.tolist()
