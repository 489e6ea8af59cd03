"""Numbers that a fit can square."""

from __future__ import annotations

import torch
from torch import Tensor

SMALLEST, LARGEST = 1e-280, 1e280
"""Between them a squared norm leaves room for products with others."""


class Overflow(ValueError):
    """Numbers of a fit have become too large."""

    def __init__(self) -> None:
        super().__init__("numbers of the fit overflow: scale the target and the weights")


def widened(what: str, numbers: Tensor) -> Tensor:
    """A tensor in float64. `what` begins a message: `the target has`.

    Errors: ValueError where elements are not finite, or their squares would not be, or would
    vanish.
    """
    if not numbers.isfinite().all():
        raise ValueError(f"{what} elements that are not finite")
    whole = numbers.detach().to(torch.float64)
    if whole.any() and not SMALLEST < whole.square().sum() < LARGEST:
        raise ValueError(f"{what} elements without squares in float64: scale them")
    return whole
