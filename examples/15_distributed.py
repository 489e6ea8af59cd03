"""∂/∂W 1/N Σ_n loss(x_n) = 1/P Σ_p ∂/∂W P/N Σ_{n in part p} loss(x_n): N samples in P equal parts

    torchrun --standalone --nproc-per-node 2 examples/15_distributed.py [ddp|fsdp]

LeNet-5 with CP layers: PyTorch averages the gradients of the parts (DDP), or shares out the
parameters as well (FSDP2). A compiled layer is a module like any other.
"""

import os
import sys
from pathlib import Path

import torch
import torch.distributed as dist
from sklearn.datasets import load_digits
from torch import nn
from torch.distributed.fsdp import fully_shard
from torch.nn.functional import cross_entropy, interpolate
from torch.nn.parallel import DistributedDataParallel

import tnc

BATCH, EPOCHS = 128, 5


def distributed(network: nn.Module, way: str) -> nn.Module:
    """The network with its gradients averaged, and its parameters shared out layer by layer."""
    if way == "ddp":
        return DistributedDataParallel(network)
    for layer in network.children():
        if list(layer.parameters()):
            fully_shard(layer)
    return fully_shard(network)


def main(way: str = "fsdp") -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    rank, processes = dist.get_rank(), dist.get_world_size()
    torch.manual_seed(0)  # the same first values and the same batches in every process
    made = tnc.load(Path(__file__).with_name("12_digits.tnn")).LeNet(Conv="CP(R: 8)")
    network = distributed(made, way)
    pixels, classes = map(torch.tensor, load_digits(return_X_y=True))
    x = interpolate(pixels.float().view(-1, 1, 8, 8) / 16, scale_factor=2)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    for epoch in range(1, EPOCHS + 1):
        losses = []
        for batch in torch.randperm(len(x))[: len(x) // BATCH * BATCH].split(BATCH):
            mine = batch[rank::processes]
            optimizer.zero_grad()
            loss = cross_entropy(network(x[mine]), classes[mine])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        if rank == 0:
            print(f"{way}: epoch {epoch}, loss {sum(losses) / len(losses):.4f}", flush=True)
    dist.destroy_process_group()


if __name__ == "__main__":
    main(*sys.argv[1:]) if "RANK" in os.environ else sys.exit(__doc__)
