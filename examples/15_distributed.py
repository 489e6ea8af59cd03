"""∂/∂W 1/N Σ_n loss(x_n) = 1/P Σ_p ∂/∂W P/N Σ_{n in part p} loss(x_n): N samples in P equal parts

    torchrun --standalone --nproc-per-node 2 examples/15_distributed.py

LeNet-5 with CP layers, twice: PyTorch averages the gradients of the parts (DDP), and it shares out
the parameters as well (FSDP2). A compiled layer is a module like any other, so the losses agree.
"""

import copy
import os
import sys
from pathlib import Path

import torch
import torch.distributed as dist
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.distributed.fsdp import fully_shard
from torch.nn.functional import cross_entropy, interpolate
from torch.nn.parallel import DistributedDataParallel

import tnc

BATCH, EPOCHS = 128, 5


def sharded(network: nn.Module) -> nn.Module:
    for layer in (each for each in network.children() if list(each.parameters())):
        fully_shard(layer)
    return fully_shard(network)


def train(way: str, network: nn.Module, x: Tensor, classes: Tensor) -> None:
    torch.manual_seed(1)  # the same batches in every process
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    for epoch in range(1, EPOCHS + 1):
        losses = []
        for batch in torch.randperm(len(x))[: len(x) // BATCH * BATCH].split(BATCH):
            mine = batch[dist.get_rank() :: dist.get_world_size()]
            optimizer.zero_grad()
            loss = cross_entropy(network(x[mine]), classes[mine])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        if dist.get_rank() == 0:
            print(f"{way}: epoch {epoch}, loss {sum(losses) / len(losses):.4f}", flush=True)


if __name__ == "__main__":
    if "RANK" not in os.environ:
        sys.exit(__doc__)
    dist.init_process_group("gloo")
    torch.manual_seed(0)  # the same first values in every process
    made = tnc.load(Path(__file__).with_name("12_digits.tnn")).LeNet(Conv="CP(R: 8)")
    pixels, classes = map(torch.tensor, load_digits(return_X_y=True))
    x = interpolate(pixels.float().view(-1, 1, 8, 8) / 16, scale_factor=2)
    train("DDP", DistributedDataParallel(copy.deepcopy(made)), x, classes)
    train("FSDP2", sharded(made), x, classes)
    dist.destroy_process_group()
