"""Tensors with a shape, strides and memory, but no elements.

The lines of a program run on them as they are written. What is a view, and what is copied, follows
from strides as in torch; memory is free once nobody refers to it, as in the module that is made.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from types import EllipsisType

from tnc.ir import strides as lie
from tnc.ir.strides import Ints
from tnc.plan.profile import Kind
from tnc.record import record

TRUTH, INDEX = 1, 8
"""Bytes of an element of a mask, of an index."""

Cut = slice | EllipsisType | None


@record
class Work:
    """One call of a kernel: its multiply-adds, and the bytes that it reads and writes."""

    kind: Kind
    macs: int
    bytes: int


class Heap:
    """Bytes that are allocated `now`, and the most that ever were at once: `top` is the `place`
    then. `log` is what was done."""

    def __init__(self) -> None:
        self.now = self.peak = 0
        self.place = self.top = ""
        self.log: list[Work] = []

    def did(self, kind: Kind, macs: int, *tensors: Tensor) -> None:
        """Log the call of a kernel on these tensors, the result among them."""
        self.log.append(Work(kind, macs, sum(tensor.bytes for tensor in tensors)))

    def tensor(self, shape: Ints, element: int, strides: Ints | None = None) -> Tensor:
        """A new tensor, contiguous unless `strides` say otherwise."""
        block = Block(self, math.prod(max(size, 0) for size in shape) * element)
        return Tensor(shape, lie.contiguous(shape) if strides is None else strides, element, block)

    def given(self, shape: Ints, element: int) -> Tensor:
        """A contiguous tensor for whose memory somebody else is responsible."""
        return Tensor(shape, lie.contiguous(shape), element, Block(self, 0))


class Block:
    """A piece of memory, free when its last tensor is gone."""

    __slots__ = ("bytes", "heap")

    def __init__(self, heap: Heap, size: int) -> None:
        self.heap, self.bytes = heap, size
        heap.now += size
        if heap.now > heap.peak:
            heap.peak, heap.top = heap.now, heap.place

    def __del__(self) -> None:
        self.heap.now -= self.bytes


@record
class Kept:
    """What PyTorch remembers of a call to differentiate it. Beside the gradient of an operand it
    then has, for a moment, this many `tensors` and `masks` of the same shape."""

    blocks: tuple[Block, ...]
    tensors: int = 0
    masks: int = 0


@record(eq=False)
class Tensor:
    """`strides` count elements of `element` bytes. `kept` belongs to the call that made the
    tensor, if PyTorch has to remember something of it."""

    shape: Ints
    strides: Ints
    element: int
    block: Block
    kept: Kept | None = None

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def device(self) -> Heap:
        return self.block.heap

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """Of the elements that lie apart in memory."""
        return self.element * math.prod(
            size for size, stride in zip(self.shape, self.strides, strict=True) if stride
        )

    def copied(self, shape: Ints) -> Tensor:
        """A new contiguous tensor with the elements of this one."""
        made = self.new(shape)
        self.device.did("copy", 0, self, made)
        return made

    def new(self, shape: Ints, strides: Ints | None = None) -> Tensor:
        return self.block.heap.tensor(shape, self.element, strides)

    def like(self, *_: object) -> Tensor:
        """A new tensor that lies in memory as this one does, without its gaps."""
        made = self.new(self.shape, lie.elementwise([(self.shape, self.strides)]))
        self.device.did("elementwise", 0, self, made)
        return made

    def keeping(self, *others: Tensor, tensors: int = 0, masks: int = 0) -> Tensor:
        blocks = tuple(other.block for other in others)
        return replace(self, kept=Kept(blocks, tensors, masks))

    def beside(self, kept: Kept) -> None:
        """What the derivative has for a moment beside this gradient."""
        count = math.prod(self.shape)
        Block(self.block.heap, count * (kept.tensors * self.element + kept.masks * TRUTH))

    # ------------------------------------------------------------------ views
    def _view(self, axes: Sequence[tuple[int, int]]) -> Tensor:
        """The same memory seen along other axes, each with a size and a stride."""
        shape, strides = tuple(size for size, _ in axes), tuple(step for _, step in axes)
        return Tensor(shape, strides, self.element, self.block)

    @property
    def _axes(self) -> list[tuple[int, int]]:
        return list(zip(self.shape, self.strides, strict=True))

    def permute(self, *axes: int) -> Tensor:
        own = self._axes
        return self._view([own[axis] for axis in axes])

    def t(self) -> Tensor:
        return self._view(self._axes[::-1])

    @property
    def mT(self) -> Tensor:  # noqa: N802
        *rest, first, second = self._axes
        return self._view([*rest, second, first])

    def movedim(self, source: int, target: int) -> Tensor:
        axes = self._axes
        axes.insert(target % self.rank, axes.pop(source))
        return self._view(axes)

    def unsqueeze(self, axis: int) -> Tensor:
        axes = self._axes
        axes.insert(axis, (1, math.prod(axes[axis]) if axis < self.rank else 1))
        return self._view(axes)

    def squeeze(self, axis: int) -> Tensor:
        axes = self._axes
        del axes[axis]
        return self._view(axes)

    def expand(self, *sizes: int) -> Tensor:
        axes = [(1, 0)] * (len(sizes) - self.rank) + self._axes
        pairs = zip(axes, sizes, strict=True)
        return self._view([axis if size in (-1, axis[0]) else (size, 0) for axis, size in pairs])

    def narrow(self, axis: int, start: int, length: int) -> Tensor:
        axes = self._axes
        axes[axis] = (length, axes[axis][1])
        return self._view(axes)

    def unfold(self, axis: int, size: int, step: int) -> Tensor:
        axes = self._axes
        old, stride = axes[axis]
        axes[axis] = ((old - size) // step + 1, stride * step)
        return self._view([*axes, (size, stride)])

    def diagonal(self, offset: int, first: int, second: int) -> Tensor:
        rest = [axis for k, axis in enumerate(self._axes) if k not in (first, second)]
        return self._view([*rest, (self.shape[first], self.strides[first] + self.strides[second])])

    def __getitem__(self, cuts: Cut | tuple[Cut, ...]) -> Tensor:
        """Every so many elements of an axis; new axes; `...`."""
        cuts = cuts if isinstance(cuts, tuple) else (cuts,)
        own, axes = self._axes, list[tuple[int, int]]()
        for cut in cuts:
            if cut is None:
                axes.append((1, 0))
            elif isinstance(cut, slice):
                (size, stride), by = own.pop(0), cut.step or 1
                axes.append(((size - 1) // by + 1, stride * by))
            else:
                behind = sum(isinstance(other, slice) for other in cuts)
                skipped = len(own) - behind
                axes, own = [*axes, *own[:skipped]], own[skipped:]
        return self._view([*axes, *own])

    # ------------------------------------------------------------------ views, or copies
    def reshape(self, *sizes: int | Ints) -> Tensor:
        shape = tuple(size for one in sizes for size in (one if isinstance(one, tuple) else (one,)))
        strides = lie.regrouped(self.shape, self.strides, shape)
        if strides is None:
            return self.copied(shape)
        return self._view(list(zip(shape, strides, strict=True)))

    view = reshape

    def view_as(self, other: Tensor) -> Tensor:
        return self.reshape(other.shape)

    def flatten(self, first: int = 0, last: int = -1) -> Tensor:
        end = last % self.rank + 1
        run = math.prod(self.shape[first:end])
        return self.reshape((*self.shape[:first], run, *self.shape[end:]))

    def contiguous(self) -> Tensor:
        return self if lie.is_contiguous(self.shape, self.strides) else self.copied(self.shape)

    # ------------------------------------------------------------------ new tensors
    def clone(self, memory_format: object = None) -> Tensor:
        return self.copied(self.shape) if memory_format else self.like()

    def new_zeros(self, *shape: int) -> Tensor:
        made = self.new(shape)
        self.device.did("elementwise", 0, made)
        return made

    new_ones = new_empty = new_zeros

    def sum(self, axes: int | Ints | None = None) -> Tensor:
        gone = range(self.rank) if axes is None else (axes,) if isinstance(axes, int) else axes
        made = self.new(tuple(size for k, size in enumerate(self.shape) if k not in gone))
        self.device.did("sum", 0, self, made)
        return made

    def index_select(self, axis: int, index: Tensor) -> Tensor:
        made = self.new((*self.shape[:axis], *index.shape, *self.shape[axis + 1 :]))
        self.device.did("copy", 0, made, made)
        return made

    def index_add(self, axis: int, index: Tensor, source: Tensor) -> Tensor:
        made = self.new(self.shape)
        self.device.did("copy", 0, self, made, source, source)
        return made

    def masked_fill(self, mask: Tensor, value: float) -> Tensor:
        made = self.new(self.shape)
        self.device.did("elementwise", 0, self, mask, made)
        return made.keeping(mask)

    flip = clamp = abs = __neg__ = like

    # ------------------------------------------------------------------ element by element
    def __add__(self, other: object) -> Tensor:
        return pointwise(self, other)

    __radd__ = __sub__ = __rsub__ = __mod__ = __add__

    def __mul__(self, other: object) -> Tensor:
        return pointwise(self, other).keeping()

    __rmul__ = __truediv__ = __mul__

    def __lt__(self, other: object) -> Tensor:
        return pointwise(self, other, element=TRUTH)

    __le__ = __gt__ = __ge__ = __eq__ = __ne__ = __lt__  # type: ignore[assignment]


def pointwise(*operands: object, element: int | None = None) -> Tensor:
    """A new tensor with the shape to which the tensors among the operands are broadcast."""
    tensors = [operand for operand in operands if isinstance(operand, Tensor)]
    forms = [(tensor.shape, tensor.strides) for tensor in tensors]
    size = max(tensor.element for tensor in tensors) if element is None else element
    shape = lie.broadcast([shape for shape, _ in forms])
    made = tensors[0].device.tensor(shape, size, lie.elementwise(forms))
    made.device.did("elementwise", 0, *tensors, made)
    return made
