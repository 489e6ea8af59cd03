"""What a layer really allocates, as PyTorch's profiler and autograd tell it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from tests.oracle import as_tuple
from tnc.api import allocations


def peak(layer: nn.Module, *shapes: Sequence[int]) -> int:
    """Most bytes allocated at once in forward and backward with all gradients. What a library
    takes and gives back within one call is left out."""
    inputs = [torch.randn(*shape, requires_grad=True) for shape in shapes]
    wanted = [*inputs, *(weight for weight in layer.parameters() if weight.requires_grad)]
    seeds = [torch.randn_like(output) for output in as_tuple(layer(*inputs))]

    def trained() -> tuple[Any, ...]:
        outputs = as_tuple(layer(*inputs))
        return outputs, torch.autograd.grad(outputs, wanted, seeds)

    return allocations.peak(trained)


def saved(layer: nn.Module, *shapes: Sequence[int]) -> int:
    """Bytes that autograd keeps after the forward, besides inputs, weights and results."""
    inputs = [torch.randn(*shape, requires_grad=True) for shape in shapes]
    kept: list[Tensor] = []

    def pack(tensor: Tensor) -> Tensor:
        kept.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        outputs = as_tuple(layer(*inputs))
    others = {_address(one) for one in (*inputs, *layer.parameters(), *layer.buffers(), *outputs)}
    sizes = {_address(one): one.untyped_storage().nbytes() for one in kept}
    return sum(size for address, size in sizes.items() if address not in others)


def _address(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
