"""What a layer really allocates, as PyTorch's profiler and autograd tell it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch._C._profiler import _EventType
from torch.profiler import ProfilerActivity, profile

from tests.oracle import as_tuple


@dataclass(frozen=True)
class Event:
    """`bytes` are negative where memory is given back; `calls` are the running calls of ATen."""

    time: int
    address: int
    bytes: int
    calls: frozenset[int]


def peak(layer: nn.Module, *shapes: Sequence[int]) -> int:
    """Most bytes allocated at once in forward and backward with all gradients. What a library
    takes and gives back within one call is left out."""
    inputs = [torch.randn(*shape, requires_grad=True) for shape in shapes]
    wanted = [*inputs, *(weight for weight in layer.parameters() if weight.requires_grad)]
    seeds = [torch.randn_like(output) for output in as_tuple(layer(*inputs))]

    def trained() -> tuple[Any, ...]:
        outputs = as_tuple(layer(*inputs))
        return outputs, torch.autograd.grad(outputs, wanted, seeds)

    trained()
    return _most(_events(trained))


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


def _events(run: Callable[[], object]) -> list[Event]:
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        result = run()
    roots = profiler.profiler.kineto_results.experimental_event_tree()
    del result
    return sorted(_walk(roots, frozenset()), key=lambda event: event.time)


def _walk(nodes: Sequence[Any], calls: frozenset[int]) -> Iterator[Event]:
    for node in nodes:
        if node.tag == _EventType.Allocation:
            fields = node.extra_fields
            yield Event(node.start_time_ns, fields.ptr, fields.alloc_size, calls)
        yield from _walk(
            node.children, calls | {node.id} if node.name.startswith("aten::") else calls
        )


def _most(events: Sequence[Event]) -> int:
    """The largest sum of what is allocated, scratch left out."""
    changes = [0] * len(events)
    started: dict[int, int] = {}
    for k, event in enumerate(events):
        if event.bytes > 0:
            started[event.address] = k
            changes[k] = event.bytes
        elif (first := started.pop(event.address, None)) is not None:
            scratch = events[first].calls & event.calls
            changes[first], changes[k] = (0, 0) if scratch else (changes[first], event.bytes)
    most = now = 0
    for change in changes:
        now += change
        most = max(most, now)
    return most
