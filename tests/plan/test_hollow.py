"""Tensors without elements, against those of torch: shapes, strides, what is shared and what is
new."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from torch import Tensor

from tnc.ir.program import Line
from tnc.plan import hollow
from tnc.plan.functions import run
from tnc.plan.hollow import Heap

Layout = Callable[[tuple[int, ...]], Tensor]


def reversed_axes(shape: tuple[int, ...]) -> Tensor:
    return torch.randn(shape[::-1]).permute(*reversed(range(len(shape))))


def channels_last(shape: tuple[int, ...]) -> Tensor:
    if len(shape) < 3:
        return torch.randn(shape)
    return torch.randn(shape[0], *shape[2:], shape[1]).movedim(-1, 1)


def sliced(shape: tuple[int, ...]) -> Tensor:
    return torch.randn(*shape[:-1], shape[-1] + 2).narrow(len(shape) - 1, 1, shape[-1])


LAYOUTS: list[Layout] = [torch.randn, reversed_axes, channels_last, sliced]


def without_elements(heap: Heap, tensor: Tensor) -> hollow.Tensor:
    bytes_, element = tensor.untyped_storage().nbytes(), tensor.element_size()
    block = hollow.Block(heap, bytes_)
    return hollow.Tensor(tuple(tensor.shape), tensor.stride(), element, block)


def same(made: Any, real: Any, operands: dict[str, tuple[hollow.Tensor, Tensor]]) -> None:
    """One or several results; strides count where an axis has more than one element."""
    if isinstance(real, tuple):
        for one, other in zip(made, real, strict=True):
            same(one, other, operands)
    elif real is None:
        assert made is None
    else:
        assert made.shape == tuple(real.shape)
        axes = [k for k, size in enumerate(real.shape) if size != 1]
        assert [made.strides[k] for k in axes] == [real.stride(k) for k in axes]
        address = real.untyped_storage().data_ptr()
        owners = [one.block for one, other in operands.values() if _address(other) == address]
        assert (made.block in owners) == bool(owners)
        assert made.block.bytes == real.untyped_storage().nbytes()


def _address(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def check(expression: str, **tensors: Tensor) -> None:
    """The line gives the same on both; nothing stays but its results."""
    heap = Heap()
    operands = {name: (without_elements(heap, one), one) for name, one in tensors.items()}
    before = heap.now
    scope = {name: one for name, (one, _) in operands.items()}
    made = run(Line(("y",), expression, tuple(tensors)), {**scope, "n": 2})
    real = eval(expression, {"torch": torch, "math": math, "n": 2, **tensors})
    same(made, real, operands)
    results = [one for one in (made if isinstance(made, tuple) else (made,)) if one is not None]
    kept = {block for one in results if one.kept for block in one.kept.blocks}
    blocks = (kept | {one.block for one in results}) - {one.block for one in scope.values()}
    assert heap.now == before + sum(block.bytes for block in blocks)


IMAGE, CUBE, SIGNAL = (2, 4, 5, 6), (2, 4, 3, 5, 6), (2, 4, 7)
VIEWS = [
    ("x.t()", (3, 4)),
    ("x.mT", SIGNAL),
    ("x.permute(2, 0, 1)", SIGNAL),
    ("x.movedim(1, -1)", IMAGE),
    ("x.movedim(1, -1).contiguous().movedim(-1, 1)", IMAGE),
    ("x.unsqueeze(1).squeeze(1)", SIGNAL),
    ("x.unsqueeze(3).expand(2, -1, -1, 5)", SIGNAL),
    ("x.unsqueeze(0).expand(3, 2, -1, -1).reshape(6, 4, 7)", SIGNAL),
    ("x.expand(3, -1, -1, -1)", SIGNAL),
    ("x.narrow(2, 1, 4)", SIGNAL),
    ("x.narrow(2, 1, 4).reshape(8, 4)", SIGNAL),
    ("x.unfold(2, 3, 2)", SIGNAL),
    ("x.unfold(2, 5, 1)[..., ::2]", SIGNAL),
    ("x[:, ::2]", SIGNAL),
    ("x[:, :, ::3].flatten(1)", SIGNAL),
    ("x[:, None]", SIGNAL),
    ("x.diagonal(0, 1, 2)", (2, 4, 4)),
    ("x.reshape(2 * n, 14)", SIGNAL),
    ("x.view_as(x)", SIGNAL),
    ("x.flatten()", SIGNAL),
    ("x.flatten(1, 2)", IMAGE),
    ("x.contiguous()", IMAGE),
    ("x.clone()", IMAGE),
    ("x.clone(memory_format=torch.contiguous_format)", IMAGE),
]
NEW = [
    ("x.sum()", SIGNAL),
    ("x.sum(1)", SIGNAL),
    ("x.sum((0, 2))", SIGNAL),
    ("x.flip(1, 2)", IMAGE),
    ("x * (2.0 / math.sqrt(n))", IMAGE),
    ("-x", IMAGE),
    ("torch.ops.aten.slice_backward(x, [2, 9, 7], 1, 0, 9, 3)", (2, 3, 7)),
    ("x.new_zeros(2, 4, 3).index_add(2, torch.arange(-1, 6, device=x.device) % 3, x)", SIGNAL),
    ("x.index_select(2, torch.arange(-1, 9, device=x.device).clamp(0, 6))", SIGNAL),
    ("x.index_select(1, 3 - (torch.arange(-1, 5, device=x.device) % 6 - 3).abs())", IMAGE),
    ("torch.diag_embed(x)", (3, 4)),
    ("torch.arange(n, device=x.device)[:, None] != torch.arange(3, device=x.device)", (1,)),
    ('x.masked_fill(torch.arange(7, device=x.device) < 3, float("-inf"))', SIGNAL),
    ("torch.nn.functional.pad(x, (1, 2))", IMAGE),
    ("torch.nn.functional.pad(x, (0, 0, 2, -1))", IMAGE),
    ("torch.nn.functional.pad(x, (1, 0, 0, 3, 2, 1))", CUBE),
    ("torch.relu(x)", IMAGE),
    ("torch.nn.functional.gelu(x)", IMAGE),
    ("torch.softmax(x, 1)", IMAGE),
]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("expression", "shape"), [*VIEWS, *NEW])
def test_one_operand(expression: str, shape: tuple[int, ...], layout: Layout) -> None:
    check(expression, x=layout(shape))


def pairs() -> Iterator[tuple[str, tuple[int, ...], tuple[int, ...]]]:
    yield "torch.mm(x, w)", (3, 4), (4, 5)
    yield "torch.mv(x, w)", (3, 4), (4,)
    yield "torch.dot(x, w)", (4,), (4,)
    yield "torch.bmm(x, w)", (2, 3, 4), (2, 4, 5)
    yield "torch.bmm(x, w).sum(0)", (2, 3, 4), (2, 4, 5)
    yield "torch.bmm(w.expand(2, -1, -1), x)", (2, 4, 3), (5, 4)
    yield "x * w", (2, 3, 4), (2, 3, 4)
    yield "x * w", (2, 3, 4), (3, 1)
    yield "x.unsqueeze(3) * w", (2, 3, 4), (5,)
    yield "x + w + x", (2, 3, 4), (3, 4)
    yield "torch.conv1d(x, w, None, 2, 1)", SIGNAL, (6, 4, 3)
    yield "torch.conv2d(x, w, None, (2, 1), 1, (1, 2))", IMAGE, (6, 4, 3, 2)
    yield "torch.conv2d(x, w, None, 1, 0, 1, 2)", IMAGE, (6, 2, 3, 2)
    yield "torch.conv3d(x, w)", CUBE, (6, 4, 2, 1, 3)
    yield "torch.conv_transpose1d(x, w, None, 2, 1, 1)", SIGNAL, (4, 6, 3)
    yield "torch.conv_transpose2d(x, w, None, 2, (1, 0), (1, 0), 2)", IMAGE, (4, 3, 3, 2)
    yield "torch.conv_transpose3d(x, w, None, 1, 0, 0, 1, 2)", CUBE, (4, 6, 2, 1, 3)


@pytest.mark.parametrize("second", LAYOUTS)
@pytest.mark.parametrize("first", LAYOUTS)
@pytest.mark.parametrize(("expression", "shape", "other"), list(pairs()))
def test_two_operands(
    expression: str, shape: tuple[int, ...], other: tuple[int, ...], first: Layout, second: Layout
) -> None:
    check(expression, x=first(shape), w=second(other))


@pytest.mark.parametrize("mask", ["True, True", "True, False", "False, True"])
@pytest.mark.parametrize("layouts", [(a, b) for a in LAYOUTS for b in LAYOUTS])
def test_gradients_of_convolutions(mask: str, layouts: tuple[Layout, Layout]) -> None:
    for shape, taps, rank in ((SIGNAL, (6, 4, 3), 1), (IMAGE, (6, 4, 3, 2), 2)):
        x, w = layouts[0](shape), layouts[1](taps)
        seed = torch.conv1d(x, w) if rank == 1 else torch.conv2d(x, w)
        ones, zeros = [1] * rank, [0] * rank
        numbers = f"None, {ones}, {zeros}, {ones}, False, {zeros}, 1, ({mask}, False)"
        call = f"torch.ops.aten.convolution_backward(g, x, w, {numbers})"
        check(call, g=seed.contiguous(), x=x, w=w)


sizes = some.lists(some.integers(1, 4), min_size=1, max_size=4)


@given(sizes, some.randoms(use_true_random=False))
def test_any_regrouping(shape: list[int], random: Any) -> None:
    """Permuted, with gaps, then reshaped to any grouping of its elements."""
    axes = list(range(len(shape)))
    random.shuffle(axes)
    x = torch.randn(*shape[:-1], shape[-1] + random.randint(0, 1))[..., : shape[-1]].permute(axes)
    count, wanted = x.numel(), []
    while count > 1:
        size = random.choice([k for k in range(1, count + 1) if count % k == 0])
        wanted.append(size)
        count //= size
    check(f"x.reshape({', '.join(map(str, wanted)) or '()'})", x=x)


@given(sizes, some.randoms(use_true_random=False))
def test_any_product_of_elements(shape: list[int], random: Any) -> None:
    """Operands in any order in memory, some axes of one broadcast."""

    def turned(own: list[int]) -> Tensor:
        axes = list(range(len(own)))
        random.shuffle(axes)
        back = [axes.index(axis) for axis in range(len(own))]
        return torch.randn([own[axis] for axis in axes]).permute(back)

    first = [1 if random.random() < 0.2 else size for size in shape]
    second = [1 if random.random() < 0.2 else size for size in shape]
    check("x * w", x=turned(first), w=turned(second[random.randint(0, len(shape) - 1) :]))


def test_memory_is_free_when_nobody_refers_to_it() -> None:
    heap = Heap()
    x = heap.given((3, 4), 4)
    made = run(Line(("y",), "torch.mm(x, w.t()) * 2.0", ("x", "w")), {"x": x, "w": x})
    assert (heap.now, heap.peak) == (36, 72)
    part = made[:, ::2]
    del made
    assert heap.now == 36
    del part
    assert heap.now == 0


def test_what_nobody_knows_is_pointwise() -> None:
    heap = Heap()
    x = heap.given((3, 4), 4)
    for call in ("torch.erf(x)", "einops.something.new(x, 3)", "torch.nn.functional.hardtanh(x)"):
        made = run(Line(("y",), call, ("x",)), {"x": x})
        assert (made.shape, made.kept.blocks) == ((3, 4), (x.block,))
