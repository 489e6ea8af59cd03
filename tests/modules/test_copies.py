"""How often a layer copies an image: no format of the input is converted without need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from tests.families.compiled import instance

ATEN = torch.ops.aten
CONVOLUTION = {"k": 3, "stride": 1, "pad": "same", "dilation": 1}
SIGNALS = (17, 13)
"""Primes, of which no number of channels is a multiple: images are known by their size."""


@dataclass(frozen=True)
class Copies:
    """Images copied forward and backward: for contiguous input, and with its channels last."""

    contiguous: tuple[int, int] = (0, 0)
    last: tuple[int, int] = (0, 0)


Case = tuple[str, dict[str, Any], Copies]

CASES: dict[str, Case] = {
    "Conv": ("conv2d", {"S": 64, "T": 64}, Copies()),
    "Grouped": ("conv2d", {"S": 64, "T": 64, "groups": 4}, Copies()),
    "Depthwise": ("conv2d", {"S": 64}, Copies()),
    "SVD": ("conv2d", {"S": 64, "T": 64, "R": 16}, Copies()),
    "CP": ("conv2d", {"S": 64, "T": 64, "R": 16}, Copies()),
    "CP4": ("conv2d", {"S": 64, "T": 64, "R": 16}, Copies()),
    "TK": ("conv2d", {"S": 64, "T": 64, "P": 16, "Q": 16}, Copies()),
    "TT": ("conv2d", {"S": 64, "T": 64, "R": [16, 16, 16]}, Copies()),
    "TR": ("conv2d", {"S": 64, "T": 64, "R": 8}, Copies()),
    "BT": ("conv2d", {"S": 64, "T": 64, "P": [8, 8], "Q": [8, 8]}, Copies()),
    "HT": ("conv2d", {"S": 64, "T": 64, "R": 8, "E": 8}, Copies()),
    "CP in 3-D": ("conv3d", {"S": 64, "T": 64, "R": 16}, Copies()),
    "TK in 3-D": ("conv3d", {"S": 64, "T": 64, "P": 16, "Q": 16}, Copies()),
    # A product with 8 columns takes six times as long as with 64 in their place: it pays to turn
    # the smaller image for it.
    "TT in 3-D": ("conv3d", {"S": 64, "T": 64, "R": [8, 8, 8, 8]}, Copies(last=(0, 1))),
    "rTK": ("reshaped2d", {"S": [8, 8], "T": [8, 8], "P": [4, 4], "Q": [4, 4]}, Copies()),
    "rTT": ("reshaped2d", {"S": [8, 8], "T": [8, 8], "R": [8, 8]}, Copies()),
    "rTR": ("reshaped2d", {"S": [8, 8], "T": [8, 8], "R": 4}, Copies()),
    "rBT": ("reshaped2d", {"S": [8, 8], "T": [8, 8], "P": [4, 4], "B": 2}, Copies()),
    "rCP": ("reshaped2d", {"S": [8, 8], "T": [8, 8], "R": 8}, Copies()),
    "rHT": ("reshaped2d", {"S": [8, 8], "T": [8, 8], "R": 4}, Copies()),
}


class Watch(TorchDispatchMode):
    """Collects what copies images: in the open, or inside of a product or a convolution whose
    operands it cannot take as they lie. `scattered`: operands of batched products of which neither
    axis lies innermost, so that torch takes their matrices one by one."""

    def __init__(self) -> None:
        super().__init__()
        self.copied: list[tuple[str, tuple[int, ...]]] = []
        self.scattered: list[tuple[int, ...]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket
        if name in (ATEN.clone, ATEN.copy_):
            self._note(func, args[0])
        elif name in (ATEN.mm, ATEN.bmm):
            for operand in args[:2]:
                if 1 not in operand.stride()[-2:]:
                    self._note(func, operand)
                    self.scattered += [tuple(operand.shape)] if name is ATEN.bmm else []
        elif name in (ATEN.convolution, ATEN.convolution_backward):
            first, second = args[:2]
            formats = _formats(first)
            if name is ATEN.convolution_backward:  # the cotangent, and the signal
                self._note_unless(_formats(second), func, second)
                formats &= _formats(second)
            self._note_unless(formats, func, first)
        return func(*args, **(kwargs or {}))

    def _note_unless(self, formats: object, func: Any, operand: Tensor) -> None:
        if not formats:
            self._note(func, operand)

    def _note(self, func: Any, operand: Tensor) -> None:
        if operand.numel() % (SIGNALS[0] * SIGNALS[1]) == 0:
            self.copied.append((str(func), tuple(operand.shape)))


def _formats(image: Tensor) -> set[torch.memory_format]:
    formats = {torch.contiguous_format}
    formats |= {4: {torch.channels_last}, 5: {torch.channels_last_3d}}.get(image.ndim, set())
    return {one for one in formats if image.is_contiguous(memory_format=one)}


def copies(layer: nn.Module, x: Tensor) -> tuple[int, int]:
    """How many images are copied forward, and backward."""
    x = x.detach().requires_grad_()
    with Watch() as forward:
        y = layer(x)
    seed = torch.empty_like(y).normal_()
    with Watch() as backward:
        torch.autograd.grad(y, [x, *layer.parameters()], seed)
    return len(forward.copied), len(backward.copied)


def test_copies_are_seen() -> None:
    """Each kind of copy that is counted, and none that is not made."""
    x = torch.randn(2, 4, *SIGNALS)
    last = x.contiguous(memory_format=torch.channels_last)
    taps = torch.randn(3, 4, 3, 3)
    apart = torch.randn(2, 4, 2 * SIGNALS[0] * SIGNALS[1])[..., ::2]
    with Watch() as watch:
        torch.conv2d(x, taps)
        torch.conv2d(last, taps)
        torch.mm(last.permute(0, 2, 3, 1).flatten(0, 2), taps[:, :, 0, 0].t())
    assert watch.copied == []
    with Watch() as watch:
        last.contiguous()
        last.reshape(2, -1)
        torch.conv2d(last.mT, taps)
        torch.bmm(taps[:2, :, :2, 0].mT, apart)
    assert len(watch.copied) == 4


@pytest.mark.parametrize("name", CASES)
def test_images_are_copied_no_more_often_than_said(name: str) -> None:
    file, settings, expected = CASES[name]
    layer = instance(file, name.split()[0], dtype=torch.float32, **settings, **CONVOLUTION)
    x = torch.randn(3, 64, *SIGNALS, *((2,) if file == "conv3d" else ()))
    last = x.movedim(1, -1).contiguous().movedim(-1, 1)
    assert Copies(copies(layer, x), copies(layer, last)) == expected


@pytest.mark.parametrize("name", CASES)
def test_no_batched_product_is_taken_apart(name: str) -> None:
    file, settings, _ = CASES[name]
    layer = instance(file, name.split()[0], dtype=torch.float32, **settings, **CONVOLUTION)
    x = torch.randn(3, 64, *SIGNALS, *((2,) if file == "conv3d" else ()), requires_grad=True)
    with Watch() as watch:
        y = layer(x)
        torch.autograd.grad(y, [x, *layer.parameters()], torch.randn_like(y))
    assert watch.scattered == []
