"""Several processes, each with its part of the data, as `torchrun` starts them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from tnc.finetune.batches import place

Each = TypeVar("Each")


def join() -> None:
    """Be one of the processes that `torchrun` has started, if it has."""
    if "RANK" in os.environ and dist.is_available() and not dist.is_initialized():
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")


def several() -> bool:
    """Whether there are other processes."""
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def count() -> int:
    """How many processes there are."""
    return dist.get_world_size() if several() else 1


def number() -> int:
    """Which of the processes this is, from 0 on."""
    return dist.get_rank() if several() else 0


def first() -> bool:
    """Whether this process is the one that writes."""
    return number() == 0


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


def gathered(own: Each) -> list[Each]:
    """What all processes have, in their order."""
    if not several():
        return [own]
    found: list[Each | None] = [None] * count()
    dist.all_gather_object(found, own)
    return found  # type: ignore[return-value]
