"""Inputs and outputs of a layer as the samples of a linear map: patches beside what they give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from torch import Tensor
from torch.nn import functional

from tnc.fitting.network import Network, Window, length
from tnc.fitting.terms import Modes
from tnc.ir.layer import LEADING, Port

LARGEST = 2**22
"""Patches are made of so many elements at once."""


@dataclass(frozen=True)
class Sampler:
    """How patches are read off the input of a layer, and the outputs beside them off its output.

    `groups`: modes that input, kernel and output have. `columns`: the input modes and taps of the
    kernel, `rows`: its other output modes.
    """

    network: Network

    @property
    def groups(self) -> Modes:
        own = {mode.name for mode in self._input.value.type.modes}
        return tuple(mode for axis in self.network.outputs for mode in axis if mode.name in own)

    @property
    def rows(self) -> Modes:
        groups = self.groups
        return tuple(m for axis in self.network.outputs for m in axis if m not in groups)

    @property
    def columns(self) -> Modes:
        inputs = tuple(mode for axis in self.network.inputs for mode in axis)
        return (*inputs, *(window.taps for window in self.network.windows))

    @property
    def sizes(self) -> tuple[int, int, int]:
        """How many groups, rows and columns there are."""
        groups, rows, columns = (
            prod(map(length, some)) for some in (self.groups, self.rows, self.columns)
        )
        return groups, rows, columns

    def pieces(self, x: Tensor, y: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Patches [group, sample, column] and outputs [group, sample, row], in float64, a part of
        the first axis at a time. Errors: ValueError where the tensors do not fit the layer."""
        x, y = _joined(x, self._input), _joined(y, self._output)
        if x.shape[0] != y.shape[0]:
            raise ValueError(f"{x.shape[0]} inputs, but {y.shape[0]} outputs")
        _, rows, columns = self.sizes
        size = max(1, LARGEST // (1 + y[:1].numel() // rows * columns))
        for first in range(0, x.shape[0], size):
            part, wanted = x[first : first + size], y[first : first + size]
            yield self._patches(part.double(), wanted), self._wanted(wanted.double())

    @property
    def _input(self) -> Port:
        return self.network.layer.inputs[0]

    @property
    def _output(self) -> Port:
        return self.network.layer.outputs[0]

    @property
    def _samples(self) -> Modes:
        """The modes of the output that number the samples."""
        known = (*self.groups, *self.rows)
        return tuple(mode for mode in self._output.value.type.modes if mode not in known)

    def _wanted(self, y: Tensor) -> Tensor:
        modes = self._output.value.type.modes
        order = [modes.index(mode) for mode in (*self.groups, *self._samples, *self.rows)]
        groups, rows, _ = self.sizes
        return y.reshape(_sizes(self._output, y)).permute(order).reshape(groups, -1, rows)

    def _patches(self, x: Tensor, y: Tensor) -> Tensor:
        names = [mode.name for mode in self._input.value.type.modes]
        inputs = [name for name in names if name in self._summed]
        binding = {
            entry.symbol: entry.sources[0].evaluate(
                {f"{self._input.name}.{k}": size for k, size in enumerate(x.shape)}
            )
            for entry in self.network.layer.run_time
        }
        x = x.reshape(_sizes(self._input, x))
        for window in self.network.windows:
            ((mode,), (result,)) = (
                self._input.axes[window.axis],
                self._output.axes[window.result],
            )
            at = names.index(mode.name)
            count = y.shape[window.result]
            x = _windows(x, at, window, window.left.evaluate(binding), count)
            names[at] = result.name
            names.append(window.taps.name)
        ahead = [mode.name for mode in (*self.groups, *self._samples)]
        taps = [window.taps.name for window in self.network.windows]
        order = [names.index(name) for name in (*ahead, *inputs, *taps)]
        groups, _, columns = self.sizes
        return x.permute(order).reshape(groups, -1, columns)

    @property
    def _summed(self) -> set[str]:
        """The modes of the input that are neither kept nor positions."""
        kept = {mode.name for mode in self._output.value.type.modes}
        slid = {mode.name for w in self.network.windows for mode in self._input.axes[w.axis]}
        return {mode.name for mode in self._input.value.type.modes} - kept - slid


def _joined(tensor: Tensor, port: Port) -> Tensor:
    """A tensor whose leading axes are one where the layer takes any number of them."""
    tensor = tensor.detach()
    leading = bool(port.axes) and [mode.name for mode in port.axes[0]] == [LEADING]
    if leading and tensor.ndim >= len(port.axes) - 1:
        tensor = tensor.reshape(-1, *tensor.shape[tensor.ndim - len(port.axes) + 1 :])
    if tensor.ndim != len(port.axes):
        raise ValueError(f"`{port.name}` has {len(port.axes)} axes, not {tensor.ndim}")
    return tensor


def _sizes(port: Port, tensor: Tensor) -> list[int]:
    """The sizes of the modes of a port; one per axis may be known at run time only."""
    found: list[int] = []
    for axis, size in zip(port.axes, tensor.shape, strict=True):
        known = prod(mode.size.value or 1 for mode in axis)
        free = [mode for mode in axis if mode.size.value is None]
        if size % known or (not free and size != known) or len(free) > 1:
            names = ", ".join(map(str, axis))
            raise ValueError(f"`{port.name}` cannot have the size {size} in its axis ({names})")
        found += [size // known if mode in free else length(mode) for mode in axis]
    return found


def _windows(x: Tensor, at: int, window: Window, left: int, count: int) -> Tensor:
    """The axis `at` becomes `count` positions; their taps are a new last axis."""
    reach = window.dilation * (length(window.taps) - 1)
    right = window.stride * (count - 1) + reach - left - x.shape[at] + 1
    padded = _padded(x.movedim(at, -1), left, right, window.edge)
    found = padded.unfold(-1, reach + 1, window.stride)[..., :: window.dilation]
    return found.movedim(-2, at)


def _padded(x: Tensor, left: int, right: int, edge: str) -> Tensor:
    """The last axis, padded; cropped where the padding is negative."""
    x = x[..., max(-left, 0) : x.shape[-1] - max(-right, 0)]
    pads = (max(left, 0), max(right, 0))
    if edge == "zeros":
        return functional.pad(x, pads)
    return functional.pad(x.reshape(1, -1, x.shape[-1]), pads, mode=edge).reshape(
        *x.shape[:-1], x.shape[-1] + sum(pads)
    )
