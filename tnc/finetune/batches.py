"""The user's data: batches of an epoch, in the same order whenever they are asked for."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count, islice
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tnc.record import record

Data = Callable[[int], Iterable[Any]]
"""`data(epoch)` gives the batches of an epoch, counted from 0: pairs of what the network takes (a
tensor, a tuple of arguments, or a dictionary of named ones) and what the loss takes."""

_EPOCHS = 1_000_003
"""Seeds of epochs lie so far apart that those of neighbouring seeds do not meet."""


@record
class Done:
    """So many batches of an epoch, and the state of the generators after them."""

    batches: int
    drawn: dict[str, Any]


@record
class Batches:
    """The data of a run. Random numbers are seeded anew before each epoch, so that an epoch which
    was interrupted goes on as it would have gone on."""

    data: Data
    seed: int

    def epoch(self, number: int, done: Done | None = None) -> Iterator[tuple[Any, Any]]:
        """The batches of an epoch, those after what is `done` of it.

        Errors: TypeError for what is no pair, ValueError for an epoch without batches.
        """
        seed_all(self.seed * _EPOCHS + number)
        batches = iter(self.data(number))
        for found in count():
            if done is not None and found == done.batches:
                redraw(done.drawn)
            batch = next(batches, None)
            if batch is None:
                break
            if not isinstance(batch, tuple | list) or len(batch) != 2:
                raise TypeError(
                    "`data(epoch)` gives pairs: what the network takes, and what the loss takes; "
                    f"not {type(batch).__name__}"
                )
            if done is None or found >= done.batches:
                yield batch[0], batch[1]
        if not found:
            raise ValueError(f"`data({number})` gives no batch: an epoch needs at least one")

    def inputs(self, limit: int | None, number: int = 0) -> Iterator[Any]:
        """What the network takes in an epoch, of at most `limit` batches."""
        return (inputs for inputs, _ in islice(self.epoch(number), limit))


def seed_all(seed: int) -> None:
    """Seed every generator that data and networks draw from."""
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed % 2**32)


def drawn() -> dict[str, Any]:
    """The state of those generators."""
    kind, keys, *rest = np.random.get_state(legacy=True)
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {
        "torch": torch.get_rng_state(),
        "cuda": cuda,
        "python": random.getstate(),
        "numpy": (kind, torch.from_numpy(np.asarray(keys).astype(np.int64)), *rest),
    }


def redraw(state: dict[str, Any]) -> None:
    """Bring the generators back to a state."""
    torch.set_rng_state(state["torch"])
    if state["cuda"]:
        torch.cuda.set_rng_state_all(state["cuda"])
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))
    kind, keys, *rest = state["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), *rest))


def called(network: nn.Module, inputs: Any) -> Any:
    """The network on a batch, which is moved to where the network is."""
    inputs = moved(inputs, place(network))
    if isinstance(inputs, Mapping):
        return network(**inputs)
    if isinstance(inputs, tuple | list):
        return network(*inputs)
    return network(inputs)


def place(network: nn.Module) -> torch.device:
    """The device of a network."""
    for tensor in (*network.parameters(), *network.buffers()):
        return tensor.device
    return torch.device("cpu")


def moved(value: Any, device: torch.device) -> Any:
    """Tensors, in tuples, lists and dictionaries too, on the device."""
    if isinstance(value, Tensor):
        return value.to(device, non_blocking=True)
    if isinstance(value, Mapping):
        return {key: moved(each, device) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return tuple(moved(each, device) for each in value)
    return value
