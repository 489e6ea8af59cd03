"""Every convolutional family equals the dense convolution with the reconstructed kernel."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.families.compiled import instance
from tests.families.kernels import CONV1D, CONV2D, CONV3D, CONVOLUTIONS, RESHAPED2D, Family
from tests.oracle import Pad, Reference, agree, margins

CONVOLVE = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}


@dataclass(frozen=True)
class Case:
    """Options of the relations, taps per mode, and the sizes of the signal's modes."""

    k: int
    stride: int
    pad: Pad
    dilation: int
    signal: tuple[int, ...]

    @property
    def name(self) -> str:
        return f"k{self.k}-s{self.stride}-{self.pad}-d{self.dilation}"

    @property
    def options(self) -> dict[str, Pad]:
        return {"k": self.k, "stride": self.stride, "pad": self.pad, "dilation": self.dilation}


CASES = [
    Case(3, 1, "same", 1, (7, 9)),
    Case(3, 2, "same", 1, (8, 7)),  # 8 is a multiple of the stride, 7 is not
    Case(3, 3, "valid", 1, (9, 11)),
    Case(2, 2, 1, 2, (7, 10)),  # an even kernel
    Case(4, 1, "same", 2, (9, 7)),
    Case(5, 3, 2, 1, (10, 7)),
    Case(3, 2, "same", 3, (7, 12)),
    Case(1, 2, "valid", 1, (5, 6)),
    Case(1, 1, "same", 1, (5, 3)),
]
FEW = [CASES[1], CASES[3], CASES[7]]


def dense(family: Family, case: Case) -> Reference:
    """PyTorch's convolution of the padded signal with the kernel that the weights stand for."""
    reach = case.dilation * (case.k - 1)

    def convolve(x: Tensor, **weights: Tensor) -> Tensor:
        sides = [
            side
            for size in reversed(x.shape[2:])
            for side in margins(size, reach, case.stride, case.pad)
        ]
        kernel = family.kernel(weights)
        return CONVOLVE[family.taps](
            functional.pad(x, sides), kernel, None, case.stride, 0, case.dilation, family.groups
        )

    return convolve


def check(family: Family, case: Case, batch: int = 2) -> None:
    layer = instance(family.file, family.layer, **family.settings, **case.options)
    signal = (case.signal * 2)[: family.taps]
    x = torch.randn(batch, family.channels[0], *signal, dtype=torch.float64)
    agree(layer, dense(family, case), x)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("family", CONV2D, ids=lambda family: family.name)
def test_two_dimensions(family: Family, case: Case) -> None:
    check(family, case)


@pytest.mark.parametrize("case", CASES[1:8:2], ids=lambda case: case.name)
@pytest.mark.parametrize("family", RESHAPED2D, ids=lambda family: family.name)
def test_reshaped(family: Family, case: Case) -> None:
    check(family, case, batch=1)


@pytest.mark.parametrize("case", CASES[::2], ids=lambda case: case.name)
@pytest.mark.parametrize("family", CONV1D, ids=lambda family: family.name)
def test_one_dimension(family: Family, case: Case) -> None:
    check(family, case, batch=3)


@pytest.mark.parametrize("case", FEW, ids=lambda case: case.name)
@pytest.mark.parametrize("family", CONV3D, ids=lambda family: family.name)
def test_three_dimensions(family: Family, case: Case) -> None:
    check(family, case, batch=1)


@pytest.mark.parametrize("family", CONVOLUTIONS, ids=lambda family: family.name)
def test_number_of_parameters(family: Family) -> None:
    layer = instance(family.file, family.layer, **family.settings, **CASES[1].options)
    assert sum(weight.numel() for weight in layer.parameters()) == family.parameters
    kernel = family.kernel(dict(layer.named_parameters()))
    s, t = family.channels
    assert kernel.shape == (t, s // family.groups, *[3] * family.taps)


@pytest.mark.parametrize("size", [(3, 3), (4, 9), (11, 6)])
def test_one_module_takes_every_size(size: tuple[int, int]) -> None:
    """Sizes known at run time may differ from call to call, and from those of the plan."""
    family, case = next(f for f in CONV2D if f.layer == "CP4"), CASES[1]
    layer = instance("conv2d", "CP4", bind={"n": 8, "h": 16, "w": 16}, **family.settings, stride=2)
    for batch in (1, 4):
        x = torch.randn(batch, family.channels[0], *size, dtype=torch.float64)
        agree(layer, dense(family, case), x)
