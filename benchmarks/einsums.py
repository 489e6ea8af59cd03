"""A layer as one n-ary einsum over the windows of its input: the form without a compiler."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import opt_einsum
import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from tnc.ir.graph import Value
from tnc.ir.layer import Layer
from tnc.ir.tensor import Mode
from tnc.ops import Contract, Leaf, Pattern

Contractor = Callable[..., Tensor]
CONTRACTORS: Mapping[str, Contractor] = {
    "torch.einsum": torch.einsum,
    "opt_einsum": opt_einsum.contract,
}


class Einsum(nn.Module):
    """The equation of a layer with one input and one output, at given run-time sizes.

    Errors: ValueError for a layer that is not one product of its input and weights.
    """

    def __init__(self, layer: Layer, binding: Mapping[str, int], contractor: Contractor) -> None:
        super().__init__()
        (port,) = layer.outputs
        op, operands = port.value.op, port.value.operands
        if not isinstance(op, Contract) or not all(isinstance(each.op, Leaf) for each in operands):
            raise ValueError(f"{layer.name} is not one product")
        self._binding = binding
        self._contract = contractor
        self._data = _one([each for each in operands if each.op.kind == "input"])
        self._patterns = op.patterns
        self._shape = [self._size(axis) for axis in port.axes]
        weights = [each for each in operands if each is not self._data]
        modes = [*self._window_modes(), *op.keep, *(m for each in weights for m in each.type.modes)]
        letters = {mode: opt_einsum.get_symbol(k) for k, mode in enumerate(dict.fromkeys(modes))}
        written = [self._window_modes(), *(each.type.modes for each in weights)]
        sides = ["".join(letters[mode] for mode in each) for each in (*written, op.keep)]
        self.equation = ",".join(sides[:-1]) + "->" + sides[-1]
        shapes = [[self._size((mode,)) for mode in each.type.modes] for each in weights]
        self.weights = nn.ParameterList([torch.randn(shape) * 0.1 for shape in shapes])

    def forward(self, x: Tensor) -> Tensor:
        """The windows of `x` with all weights at once."""
        x = x.reshape([self._size((mode,)) for mode in self._data.type.modes])
        for pattern in self._patterns:
            x = self._windows(x, pattern)
        return self._contract(self.equation, x, *self.weights).reshape(self._shape)

    def _windows(self, x: Tensor, pattern: Pattern) -> Tensor:
        """The signal of a pattern becomes its result, and its tap comes last."""
        axis = self._data.type.modes.index(pattern.signal)
        (tap,), left = pattern.taps, pattern.left.evaluate(self._binding)
        span, stride = self._size((tap,)), pattern.stride
        signal, result = (self._size((mode,)) for mode in (pattern.signal, pattern.result))
        right = max(0, (result - 1) * stride + span - signal - left)
        x = pad(x, (0, 0) * (x.dim() - 1 - axis) + (left, right))
        return x.unfold(axis, span, stride)

    def _window_modes(self) -> list[Mode]:
        results = {pattern.signal: pattern.result for pattern in self._patterns}
        modes = [results.get(mode, mode) for mode in self._data.type.modes]
        return modes + [tap for pattern in self._patterns for tap in pattern.taps]

    def _size(self, modes: Sequence[Mode]) -> int:
        count = 1
        for mode in modes:
            count *= mode.size.evaluate(self._binding)
        return count


def _one(values: Sequence[Value]) -> Value:
    if len(values) != 1:
        raise ValueError("several inputs")
    return values[0]
