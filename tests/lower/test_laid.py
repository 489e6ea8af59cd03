"""How results of elementwise steps lie in memory: as torch lays them."""

from __future__ import annotations

from itertools import permutations, product

import pytest
import torch
from torch import Tensor

from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.lower.elementwise import _laid
from tnc.lower.forms import Order

MODES = tuple(Mode(name, Size.of(size)) for name, size in (("a", 2), ("b", 3), ("c", 5), ("d", 7)))
EVERY = [order for count in range(1, 4) for order in permutations(MODES, count)]


def presented(order: Order, axes: Order) -> Tensor:
    """A tensor that lies in memory as `order`, seen along `axes`, of size 1 where it has none."""
    x = torch.zeros([mode.size.value or 0 for mode in order])
    x = x.permute([order.index(mode) for mode in axes if mode in order])
    return x[tuple(slice(None) if mode in order else None for mode in axes)]


@pytest.mark.parametrize("axes", [*permutations(MODES[:3]), MODES], ids=str)
def test_as_torch_does(axes: Order) -> None:
    orders = [order for order in EVERY if set(order) <= set(axes)]
    for pair in product(orders, repeat=2):
        if {*pair[0], *pair[1]} != set(axes):
            continue
        made = presented(pair[0], axes) * presented(pair[1], axes)
        wanted = sorted(axes, key=lambda mode: -made.stride(axes.index(mode)))
        assert list(_laid(axes, pair)) == wanted, pair
