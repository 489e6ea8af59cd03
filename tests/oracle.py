"""What an equation means, by definition: materialised 0/1 patterns and one dense `torch.einsum`.

Shares nothing with the compiler. A network is a list of operands, each a tensor with the names of
its modes, the modes to keep, and the convolution relations; everything is float64 (or complex128)
and differentiable, so that autograd on `evaluate` is the oracle of every gradient.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

Pad = str | int | tuple[int, int]
Border = Literal["zero", "circular", "reflect", "replicate"]
Tensors = Mapping[str, Tensor]


@dataclass(frozen=True)
class Relation:
    """`result = signal * taps…`: signal = stride·result + Σ dilation·tap − left."""

    result: str
    signal: str
    taps: tuple[str, ...]
    stride: int = 1
    dilations: tuple[int, ...] = (1,)
    pad: Pad = "valid"
    border: Literal["zero", "reflect", "replicate"] = "zero"
    flip: bool = False

    def reach(self, sizes: Mapping[str, int]) -> int:
        """How many positions one window spans beyond its first."""
        return sum(
            dilation * (sizes[tap] - 1)
            for tap, dilation in zip(self.taps, self.dilations, strict=True)
        )

    def window(self, sizes: Mapping[str, int]) -> tuple[int, int]:
        """The padding on the left, and the size of the result."""
        return windows(sizes[self.signal], self.reach(sizes), self.stride, self.pad)

    def pattern(self, sizes: Mapping[str, int]) -> Tensor:
        """P[signal, result, taps…] as float64."""
        left, size = self.window(sizes)
        return dense_pattern(
            sizes[self.signal],
            size,
            [sizes[tap] for tap in self.taps],
            self.stride,
            self.dilations,
            left,
            flip=self.flip,
            border="circular" if self.pad == "circular" else self.border,
        )


# ---------------------------------------------------------------- patterns


def margins(signal: int, reach: int, stride: int, pad: Pad) -> tuple[int, int]:
    """How many positions lie before and after the signal."""
    if isinstance(pad, tuple):
        return pad
    if isinstance(pad, int):
        return pad, pad
    if pad == "tf_same":
        results = sum(1 for start in range(signal) if start % stride == 0)
        total = max(stride * (results - 1) + reach + 1 - signal, 0)
        return total // 2, total - total // 2
    half = reach // 2, reach - reach // 2
    table = {"valid": (0, 0), "same": half, "circular": half}
    return (table | {"full": (reach, reach), "causal": (reach, 0)})[pad]


def windows(signal: int, reach: int, stride: int, pad: Pad) -> tuple[int, int]:
    """The padding on the left and the number of results, by trying every position of a window."""
    left, right = margins(signal, reach, stride, pad)
    positions = range(-left, signal + right)
    starts = [p for p in positions if (p + left) % stride == 0 and p + reach in positions]
    return left, len(starts)


def landed(position: int, size: int, border: Border) -> int | None:
    """The element of the signal that is read at `position`; None where nothing is."""
    if border == "circular":
        return position % size
    if border == "replicate":
        return min(max(position, 0), size - 1)
    if border == "reflect":
        walk = [*range(size), *range(size - 2, 0, -1)]
        return walk[position % len(walk)]
    return position if 0 <= position < size else None


def dense_pattern(
    signal: int,
    result: int,
    taps: Sequence[int],
    stride: int,
    dilations: Sequence[int],
    left: int,
    *,
    flip: bool = False,
    border: Border = "zero",
) -> Tensor:
    """P[p, i, a…] = 1 iff p = stride·i + Σ dilation·a − left; `flip` reverses the taps."""
    pattern = torch.zeros(signal, result, *taps, dtype=torch.float64)
    for i, *a in itertools.product(range(result), *map(range, taps)):
        read = [k - 1 - b if flip else b for k, b in zip(taps, a, strict=True)]
        position = stride * i + sum(d * b for d, b in zip(dilations, read, strict=True)) - left
        element = landed(position, signal, border)
        if element is not None:
            pattern[(element, i, *a)] = 1
    return pattern


# ---------------------------------------------------------------- networks


def evaluate(
    operands: Sequence[tuple[Tensor, Sequence[str]]],
    keep: Sequence[str],
    relations: Sequence[Relation] = (),
    sizes: Mapping[str, int] | None = None,
) -> Tensor:
    """Σ over every mode not in `keep` of the product of all operands and patterns.

    `sizes` holds the modes that no operand carries: the signal of a transposed convolution, the
    taps of a filter gradient. The result of a relation has the size of the pad table.
    """
    known = dict(sizes or {})
    for tensor, modes in operands:
        for mode, size in zip(modes, tensor.shape, strict=True):
            assert known.setdefault(mode, size) == size, f"{mode} is {known[mode]} and {size}"
    factors: list[tuple[Tensor, Sequence[str]]] = list(operands)
    for relation in relations:
        size = relation.window(known)[1]
        assert known.setdefault(relation.result, size) == size, f"{relation.result} is not {size}"
        legs = (relation.signal, relation.result, *relation.taps)
        factors.append((relation.pattern(known).to(operands[0][0].dtype), legs))
    number = {mode: k for k, mode in enumerate(known)}
    flat: list[object] = []
    for tensor, modes in factors:
        flat += [tensor, [number[mode] for mode in modes]]
    return torch.einsum(*flat, [number[mode] for mode in keep])


# ---------------------------------------------------------------- comparison

Reference = Callable[..., Tensor | tuple[Tensor, ...]]


def leaf(tensor: Tensor) -> Tensor:
    """A copy that collects a gradient, with the strides of the original."""
    return tensor.detach().clone().requires_grad_()


def randomised(layer: nn.Module) -> nn.Module:
    """The layer with standard normal parameters (an initial value of zero would hide errors)."""
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_()
    return layer


def as_tuple(values: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return values if isinstance(values, tuple) else (values,)


def close(found: Tensor, expected: Tensor, what: str, tolerance: float = 1e-9) -> None:
    """Equal up to `tolerance`, relative to the largest element."""
    scale = max(1.0, expected.detach().abs().max().item() if expected.numel() else 1.0)
    torch.testing.assert_close(
        found,
        expected,
        rtol=0,
        atol=tolerance * scale,
        msg=lambda text: f"{what}\n{text}",
    )


def agree(layer: nn.Module, reference: Reference, *inputs: Tensor, tolerance: float = 1e-9) -> None:
    """Outputs, and the gradient of every input and weight, equal those of the reference.

    `reference` takes the inputs and, by name, the parameters of the layer.
    """
    mine, theirs = [leaf(x) for x in inputs], [leaf(x) for x in inputs]
    weights = {name: leaf(value) for name, value in layer.named_parameters()}
    layer.zero_grad()
    found = as_tuple(layer(*mine))
    expected = as_tuple(reference(*theirs, **weights))
    assert len(found) == len(expected)
    for position, (a, b) in enumerate(zip(found, expected, strict=True)):
        close(a, b, f"output {position}", tolerance)
    seeds = [torch.randn_like(value) for value in expected]
    torch.autograd.backward(found, seeds)
    torch.autograd.backward(expected, seeds)
    for position, (a, b) in enumerate(zip(mine, theirs, strict=True)):
        assert (a.grad is None) == (b.grad is None), f"input {position} has a gradient or has none"
        if a.grad is not None and b.grad is not None:
            close(a.grad, b.grad, f"gradient of input {position}", tolerance)
    for name, value in layer.named_parameters():
        expected_gradient = weights[name].grad
        assert value.grad is not None, f"no gradient of {name}"
        assert expected_gradient is not None, f"the reference does not use {name}"
        close(value.grad, expected_gradient, f"gradient of {name}", tolerance)
