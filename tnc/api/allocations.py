"""What a computation really allocates, as PyTorch's profiler tells it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch._C._profiler import _EventType
from torch.profiler import ProfilerActivity, profile

from tnc.record import record

ATEN = "aten::"


@record
class Event:
    """`bytes` are negative where memory is given back; `calls` are the running calls of ATen."""

    time: int
    address: int
    bytes: int
    calls: frozenset[int]


def peak(run: Callable[[], object]) -> int:
    """Most bytes that `run` has allocated at once on the CPU, its result included.

    What a library takes and gives back within one call of ATen (scratch) is left out. `run` is
    called twice: what the first call prepares for all later ones does not count.
    """
    run()
    return most(recorded(run))


def peak_on_device(run: Callable[[], object]) -> int:
    """The same on the current CUDA device, scratch included."""
    run()
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    result = run()
    torch.cuda.synchronize()
    del result
    return int(torch.cuda.max_memory_allocated()) - int(before)


def recorded(run: Callable[[], object]) -> list[Event]:
    """Every change of what is allocated while `run` runs, in order."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        result = run()
    roots = profiler.profiler.kineto_results.experimental_event_tree()
    del result
    return sorted(_walk(roots, frozenset()), key=lambda event: event.time)


def most(events: Sequence[Event]) -> int:
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
    highest = now = 0
    for change in changes:
        now += change
        highest = max(highest, now)
    return highest


def _walk(nodes: Sequence[Any], calls: frozenset[int]) -> Iterator[Event]:
    for node in nodes:
        if node.tag == _EventType.Allocation:
            fields = node.extra_fields
            yield Event(node.start_time_ns, fields.ptr, fields.alloc_size, calls)
        yield from _walk(node.children, calls | {node.id} if node.name.startswith(ATEN) else calls)
