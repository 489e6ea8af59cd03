"""The `torch` of hollow tensors: what the lines of a program may call, and how a line is run.

Scratch that a library takes and gives back within one call is not counted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from types import CodeType, SimpleNamespace
from typing import Any

from tnc.ir import strides as lie
from tnc.ir.program import Line
from tnc.ir.strides import Ints
from tnc.plan.hollow import INDEX, Heap, Tensor, pointwise
from tnc.plan.profile import DEPTHWISE, GROUPED, Kind

Numbers = int | Sequence[int]

OPERANDS = {
    **dict.fromkeys(("elu", "gelu", "leaky_relu", "log", "silu", "softplus"), (0, 0)),
    **dict.fromkeys(("abs", "sin"), (1, 0)),
    **dict.fromkeys(("cos", "pow", "square"), (2, 0)),
    **dict.fromkeys(("clamp_max", "clamp_min"), (0, 1)),
    **dict.fromkeys(("maximum", "minimum"), (1, 2)),
}
"""Functions for whose gradient PyTorch keeps the operands, with the `tensors` and `masks` that
the derivative has beside it."""

RESULT = {
    **dict.fromkeys(("exp", "relu", "sigmoid", "tanh"), (0, 0)),
    "sqrt": (1, 0),
    **dict.fromkeys(("reciprocal", "rsqrt"), (2, 0)),
}
"""The same for functions of which the result is kept."""


def run(line: Line, scope: Mapping[str, object]) -> Any:
    """The value of a line, given those of its variables. The text is the lowering's own; besides
    its variables it sees nothing but what is in `KNOWN`."""
    return eval(_code(line.expression), {"__builtins__": {}}, _Names(scope))


@lru_cache(1 << 14)  # the candidates for a layer have most of their lines in common
def _code(expression: str) -> CodeType:
    return compile(expression, "<line>", "eval")


class _Names(dict[str, object]):
    """The variables of a line, and what every line may use."""

    def __missing__(self, name: str) -> object:
        return KNOWN.get(name, FOREIGN)


class _Foreign:
    """A function that nobody here knows: pointwise, say."""

    def __getattr__(self, name: str) -> _Foreign:
        return self

    def __call__(self, *operands: object, **options: object) -> Tensor | _Foreign:
        given = [operand for operand in operands if isinstance(operand, Tensor)]
        return _of_operands(0, 0, *given) if given else self


FOREIGN = _Foreign()


class _Room(SimpleNamespace):
    """A module of torch's; what it does not list is unknown here."""

    def __getattr__(self, name: str) -> _Foreign:
        return FOREIGN


# ---------------------------------------------------------------------- products
def mm(left: Tensor, right: Tensor) -> Tensor:
    made = left.new((left.shape[0], right.shape[1]))
    made.device.did("matrix product", left.elements * made.shape[1], left, right, made)
    return made


def bmm(left: Tensor, right: Tensor) -> Tensor:
    made = left.new((*left.shape[:2], right.shape[2]))
    made.device.did("batched product", left.elements * made.shape[2], left, right, made)
    return made


def mv(matrix: Tensor, vector: Tensor) -> Tensor:
    made = matrix.new(matrix.shape[:1])
    made.device.did("matrix product", matrix.elements, matrix, vector, made)
    return made


def dot(left: Tensor, right: Tensor) -> Tensor:
    made = left.new(())
    made.device.did("matrix product", left.elements, left, right, made)
    return made


# ---------------------------------------------------------------------- convolutions
def convolution(
    x: Tensor,
    w: Tensor,
    bias: None = None,
    stride: Numbers = 1,
    padding: Numbers = 0,
    dilation: Numbers = 1,
    groups: int = 1,
) -> Tensor:
    spatial = [
        (size + 2 * pad - step * (taps - 1) - 1) // by + 1
        for size, taps, by, pad, step in _spatial(x, w, stride, padding, dilation)
    ]
    made = _image(x, w, (x.shape[0], w.shape[0], *spatial))
    _convolved("convolution", w, groups, made.elements * math.prod(w.shape[1:]), x, w, made)
    return made


def transposed(
    x: Tensor,
    w: Tensor,
    bias: None = None,
    stride: Numbers = 1,
    padding: Numbers = 0,
    output_padding: Numbers = 0,
    groups: int = 1,
    dilation: Numbers = 1,
) -> Tensor:
    numbers = (stride, padding, dilation, output_padding)
    spatial = [
        (size - 1) * by - 2 * pad + step * (taps - 1) + more + 1
        for size, taps, by, pad, step, more in _spatial(x, w, *numbers)
    ]
    made = _image(x, w, (x.shape[0], w.shape[1] * groups, *spatial))
    _convolved("signal gradient", w, groups, x.elements * math.prod(w.shape[1:]), x, w, made)
    return made


def convolution_backward(
    seed: Tensor, x: Tensor, w: Tensor, *numbers: Any
) -> tuple[Tensor | None, Tensor | None, None]:
    *_, backwards, _, groups, (signal, taps, _) = numbers
    macs = (x if backwards else seed).elements * math.prod(w.shape[1:])
    grad_x = _image(x, w, x.shape) if signal else None
    grad_w = _image(x, w, w.shape) if taps else None
    if grad_x is not None:
        _convolved("signal gradient", w, groups, macs, seed, w, grad_x)
    if grad_w is not None:
        _convolved("tap gradient", w, groups, macs, seed, x, grad_w)
    return grad_x, grad_w, None


def _convolved(kind: Kind, w: Tensor, groups: int, macs: int, *tensors: Tensor) -> None:
    """Log a convolution with the taps `w`, or one of its gradients. Where a group has one channel
    on one side it is as slow as with groups."""
    inner, outer = w.shape[1], w.shape[0] // groups
    if groups > 1 and inner == outer == 1:
        kind = DEPTHWISE[kind]
    elif groups > 1 or 1 in (inner, outer):
        kind = GROUPED[kind]
    w.device.did(kind, macs, *tensors)


def _spatial(x: Tensor, w: Tensor, *numbers: Numbers) -> list[tuple[int, ...]]:
    rank = x.rank - 2
    each = [(one,) * rank if isinstance(one, int) else tuple(one) for one in numbers]
    return list(zip(x.shape[2:], w.shape[2:], *each, strict=True))


def _image(x: Tensor, w: Tensor, shape: Ints) -> Tensor:
    """A new image, which has its channels last if an operand has. One spatial axis counts as two,
    and then the signal is made contiguous first."""
    if len(shape) == 3:
        last = _channels_last(w.unsqueeze(2))
        flat = (*shape[:2], 1, *shape[2:])
        return x.new(flat, lie.channels_last(flat) if last else None).squeeze(2)
    return x.new(shape, lie.channels_last(shape) if _channels_last(x, w) else None)


def _channels_last(*images: Tensor) -> bool:
    return any(lie.is_channels_last(image.shape, image.strides) for image in images)


# ---------------------------------------------------------------------- everything else
def arange(start: int, stop: int | None = None, *, device: Heap) -> Tensor:
    return device.tensor((start if stop is None else stop - start,), INDEX)


def diag_embed(x: Tensor) -> Tensor:
    made = x.new((*x.shape, x.shape[-1]))
    x.device.did("elementwise", 0, x, made)
    return made


def pad(x: Tensor, amounts: Sequence[int]) -> Tensor:
    """`amounts` are pairs, that of the last axis first."""
    pairs = [(0, 0)] * (x.rank - len(amounts) // 2)
    pairs += zip(amounts[-2::-2], amounts[::-2], strict=True)
    shape = tuple(size + sum(pair) for size, pair in zip(x.shape, pairs, strict=True))
    made = x.new(shape, lie.channels_last(shape) if _channels_last(x) else None)
    x.device.did("copy", 0, x, made)
    return made


def slice_backward(x: Tensor, shape: Sequence[int], *_: int) -> Tensor:
    """Zeros, and the elements of x among them."""
    made = x.new(tuple(shape))
    x.device.did("copy", 0, x, made)
    return made


def softmax(x: Tensor, axes: int | Ints) -> Tensor:
    made = x.new(x.shape)
    x.device.did("elementwise", 0, x, x, made)
    return made.keeping(made)


def amax(x: Tensor, axes: Ints) -> Tensor:
    made = x.sum(axes)
    return made.keeping(x, made, tensors=1, masks=1)


def _of_operands(tensors: int, masks: int, *operands: Any, **options: float) -> Tensor:
    given = [operand for operand in operands if isinstance(operand, Tensor)]
    return pointwise(*given).keeping(*given, tensors=tensors, masks=masks)


def _of_result(tensors: int, masks: int, x: Tensor) -> Tensor:
    made = x.like()
    return made.keeping(made, tensors=tensors, masks=masks)


POINTWISE: dict[str, Callable[..., Tensor]] = {
    **{name: partial(_of_operands, *beside) for name, beside in OPERANDS.items()},
    **{name: partial(_of_result, *beside) for name, beside in RESULT.items()},
}

TORCH = _Room(
    **POINTWISE,
    **dict.fromkeys(("conv1d", "conv2d", "conv3d"), convolution),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"), transposed),
    **dict.fromkeys(("softmax", "log_softmax"), softmax),
    amax=amax,
    arange=arange,
    bmm=bmm,
    contiguous_format="contiguous",
    diag_embed=diag_embed,
    dot=dot,
    mm=mm,
    mv=mv,
    nn=_Room(functional=_Room(pad=pad, **POINTWISE)),
    ops=_Room(aten=_Room(convolution_backward=convolution_backward, slice_backward=slice_backward)),
)

KNOWN: dict[str, object] = {"float": float, "math": math, "max": max, "torch": TORCH}
