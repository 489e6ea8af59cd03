"""Every dense family equals the dense layer with the reconstructed kernel."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.families.compiled import instance
from tests.families.kernels import DENSE, Family
from tests.oracle import agree

NAMES = [family.layer for family in DENSE]


@pytest.mark.parametrize("family", DENSE, ids=NAMES)
@pytest.mark.parametrize("batch", [1, 6])
def test_equals_the_dense_layer(family: Family, batch: int) -> None:
    def dense(x: Tensor, **weights: Tensor) -> Tensor:
        return functional.linear(x, family.kernel(weights))

    layer = instance("dense", family.layer, **family.settings)
    agree(layer, dense, torch.randn(batch, family.channels[0], dtype=torch.float64))


@pytest.mark.parametrize("family", DENSE, ids=NAMES)
def test_number_of_parameters(family: Family) -> None:
    layer = instance("dense", family.layer, **family.settings)
    assert sum(weight.numel() for weight in layer.parameters()) == family.parameters
    t, s = family.kernel(dict(layer.named_parameters())).shape
    assert (s, t) == family.channels


def test_the_parameters_of_other_ranks() -> None:
    """The table's formulas at other ranks and numbers of factors."""
    layer = instance("dense", "rTT", S=[2, 2, 2, 2], T=[3, 1, 2, 2], R=[2, 3, 2])
    assert sum(p.numel() for p in layer.parameters()) == 6 * 2 + 2 * 6 + 4 * 6 + 4 * 2
    layer = instance("dense", "rCP", S=[4, 4], T=[5, 2], R=3)
    assert sum(p.numel() for p in layer.parameters()) == 3 * (20 + 8)
