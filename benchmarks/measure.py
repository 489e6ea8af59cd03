"""What every benchmark shares: one thread, a steady heap, and what a step of training is."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from tnc.api import timing
from tnc.api.timing import Run

STEADY = {
    "OMP_NUM_THREADS": "1",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TOP_PAD_": "67108864",
    "KINETO_LOG_LEVEL": "99",
}
"""One thread; glibc hands large blocks back to the system at once unless it is told not to, and the
page faults then dominate small layers; PyTorch's profiler is not to report on stderr."""


def steady() -> None:
    """Start this program anew with the environment `STEADY`, which is read only at the start."""
    torch.set_num_threads(1)
    if any(os.environ.get(name) != value for name, value in STEADY.items()):
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], os.environ | STEADY)


def training(layer: nn.Module, x: Tensor) -> Run:
    """Forward, and backward with the gradients of the input and of all weights."""
    x = x.detach().requires_grad_()
    with torch.no_grad():
        seed = torch.randn_like(layer(x))
    tensors = [x, *layer.parameters()]
    return lambda: torch.autograd.grad(layer(x), tensors, seed)


def inference(layer: nn.Module, x: Tensor) -> Run:
    """Forward in evaluation mode, without gradients."""
    layer.eval()

    def run() -> object:
        with torch.inference_mode():
            return layer(x)

    return run


def interleaved(
    candidates: Mapping[str, Run], rounds: int = 15, budget: float = float("inf")
) -> dict[str, timing.Timing]:
    """Times by the clock of the process, so that other programs on the machine count less."""
    return timing.interleaved(candidates, rounds, budget=budget, clock=time.process_time)
