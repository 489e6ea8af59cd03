"""What is the caller's, and is as it was when tuning returns or raises."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from tnc.finetune.batches import drawn, redraw


@contextmanager
def generators_kept() -> Iterator[None]:
    """Whatever is seeded and drawn inside, the caller's random numbers go on as if nothing was."""
    before = drawn()
    try:
        yield
    finally:
        redraw(before)


@contextmanager
def flags_kept(*networks: nn.Module) -> Iterator[None]:
    """Which modules are in training mode is what it was before."""
    training = {each: each.training for network in networks for each in network.modules()}
    try:
        yield
    finally:
        for each, flag in training.items():
            each.training = flag
