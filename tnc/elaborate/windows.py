"""The pad table: where the windows of a convolution lie, and how many there are."""

from __future__ import annotations

from tnc.ir.size import Size
from tnc.record import record

PADS = frozenset({"valid", "same", "tf_same", "full", "causal", "circular"})
BORDERS = frozenset({"reflect", "replicate"})
ZEROS = "zeros"
"""The border that there is where nothing else is said."""

Pad = str | tuple[Size, Size]
"""One of `PADS`, or the widths on the left and on the right."""


@record
class Window:
    """`left`, `right`: positions added to the signal; `result`: the number of windows."""

    left: Size
    right: Size
    result: Size


def window(pad: Pad, stride: Size, reach: Size, signal: Size) -> Window:
    """The windows of a signal. `reach`: positions that a window spans beyond its first, Σ d(k−1).

    Source: `tf_same` splits max((⌈H/s⌉ − 1)s + reach + 1 − H, 0) as TensorFlow does.
    """
    every = (signal + stride - 1) // stride
    zero = Size.of(0)
    match pad:
        case "same" | "circular":
            return Window(reach // 2, reach - reach // 2, every)
        case "causal":
            return Window(reach, zero, every)
        case "tf_same":
            total = Size.max((every - 1) * stride + reach + 1 - signal, 0)
            return Window(total // 2, total - total // 2, every)
        case "full":
            left, right = reach, reach
        case (left, right):
            pass
        case _:
            left, right = zero, zero
    return Window(left, right, (signal + left + right - reach - 1) // stride + 1)


def signal_size(pad: Pad, reach: Size, result: Size) -> Size:
    """The signal that has `result` windows at stride 1."""
    if pad == "valid":
        return result + reach
    if pad == "full":
        return result - reach
    if isinstance(pad, str):
        return result
    left, right = pad
    return result + reach - left - right
