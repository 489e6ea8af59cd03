"""Where torch puts elements: the strides of views and of new tensors, in elements.

The rules are those of ATen (`computeStride`, `TensorIterator`, `is_channels_last_strides`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

Ints = tuple[int, ...]
Axis = TypeVar("Axis")


def contiguous(shape: Ints) -> Ints:
    """Strides without gaps, the last axis innermost."""
    return tuple(math.prod(max(size, 1) for size in shape[k + 1 :]) for k in range(len(shape)))


def is_contiguous(shape: Ints, strides: Ints) -> bool:
    pairs = zip(shape, strides, contiguous(shape), strict=True)
    return 0 in shape or all(size == 1 or own == due for size, own, due in pairs)


def packed(shape: Ints, order: Sequence[int]) -> Ints:
    """Strides without gaps, `order` naming the axes from the innermost to the outermost."""
    strides = [0] * len(shape)
    step = 1
    for axis in order:
        strides[axis] = step
        step *= max(shape[axis], 1)
    return tuple(strides)


def regrouped(shape: Ints, strides: Ints, wanted: Ints) -> Ints | None:
    """The strides of a view with the shape `wanted`; None where elements have to be moved.

    Axes that lie in memory as one are taken together, from the last to the first, and each such
    run is divided anew.
    """
    if math.prod(wanted) == 0:
        return contiguous(wanted)
    found: list[int] = []
    left = list(wanted)
    step, run = (strides[-1] if strides else 1), 1
    for k in reversed(range(len(shape))):
        run *= shape[k]
        if k and (shape[k - 1] == 1 or strides[k - 1] == run * step):
            continue
        made = 1
        while left and (made < run or left[-1] == 1):
            found.append(made * step)
            made *= left.pop()
        if made != run:
            return None
        step, run = (strides[k - 1] if k else 1), 1
    return tuple(reversed([*found, *(1 for _ in left)]))


def broadcast(shapes: Sequence[Ints]) -> Ints:
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    return tuple(max(sizes) if 0 not in sizes else 0 for sizes in zip(*padded, strict=True))


def elementwise(operands: Sequence[tuple[Ints, Ints]]) -> Ints:
    """The strides of what is computed element by element from operands (shape, strides): no gaps,
    the axes in the order of the first operand that tells two of them apart."""
    shape = broadcast([own for own, _ in operands])
    spread = [_spread(own, strides, shape) for own, strides in operands]
    axes = reversed(range(len(shape)))
    return packed(shape, iterated(axes, partial(_compare, shape=shape, spread=spread)))


def iterated(axes: Iterable[Axis], compare: Callable[[Axis, Axis], int]) -> list[Axis]:
    """The order in which axes, given from the innermost to the outermost, lie in the result of
    what is computed element by element. `compare(inner, outer)` is positive where two of them must
    change places, negative where they must not, and 0 where no operand tells."""
    order = list(axes)
    for k in range(1, len(order)):
        at = k
        for j in reversed(range(k)):
            turn = compare(order[j], order[at])
            if turn < 0:
                break
            if turn > 0:
                order[j], order[at], at = order[at], order[j], j
    return order


def _spread(own: Ints, strides: Ints, shape: Ints) -> Ints:
    """The strides of an operand in the broadcast shape."""
    missing = len(shape) - len(own)
    pairs = zip(own, strides, shape[missing:], strict=True)
    return (0,) * missing + tuple(
        0 if size == 1 and whole != 1 else stride for size, stride, whole in pairs
    )


def _compare(inner: int, outer: int, shape: Ints, spread: Sequence[Ints]) -> int:
    """Positive where two axes must change places."""
    for strides in spread:
        first, second = strides[inner], strides[outer]
        if 0 in (first, second):
            continue
        if first != second:
            return 1 if first > second else -1
        if shape[inner] > shape[outer]:
            return 1
    return 0


def is_channels_last(shape: Ints, strides: Ints) -> bool:
    """Whether torch takes an image, two or three spatial axes, for one with its channels last."""
    if len(shape) not in (4, 5) or strides[1] == 0:
        return False
    least = 0
    for axis in (1, *reversed(range(2, len(shape))), 0):
        if shape[axis] == 0 or strides[axis] < least or (axis == 0 and least == strides[1]):
            return False
        least = strides[axis] * max(shape[axis], 1)
    return True


def channels_last(shape: Ints) -> Ints:
    return packed(shape, (1, *reversed(range(2, len(shape))), 0))
