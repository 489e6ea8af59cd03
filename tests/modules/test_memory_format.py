"""Layers of images follow the memory format of their input."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from tests.families.compiled import compiled, from_text, instance
from tests.oracle import close, leaf, randomised

LAST = torch.channels_last
PLAIN = {"k": 3, "stride": 1, "pad": "same", "dilation": 1}
WIDE = {"k": 3, "stride": 2, "pad": 2, "dilation": 2}
THIN = {"k": 1, "stride": 1, "pad": "same", "dilation": 1}
SMALL: dict[str, tuple[str, dict[str, Any]]] = {
    "CP": ("conv2d", {"S": 5, "T": 4, "R": 3}),
    "CP4": ("conv2d", {"S": 5, "T": 4, "R": 3}),
    "TK": ("conv2d", {"S": 5, "T": 4, "P": 3, "Q": 2}),
    "TT": ("conv2d", {"S": 5, "T": 4, "R": [3, 2, 2]}),
    "SVD": ("conv2d", {"S": 5, "T": 4, "R": 3}),
    "HT": ("conv2d", {"S": 5, "T": 7, "R": 3, "E": 2}),
    "Depthwise": ("conv2d", {"S": 5}),
    "rTK": ("reshaped2d", {"S": [2, 3], "T": [3, 2], "P": [2, 2], "Q": [2, 2]}),
    "rTT": ("reshaped2d", {"S": [2, 3], "T": [3, 2], "R": [3, 2]}),
}
RELATIONS = {"plain": PLAIN, "wide": WIDE, "thin": THIN}
ONE_RANK: dict[str, tuple[str, dict[str, Any]]] = {
    "CP": ("conv2d", {"S": 5, "T": 4, "R": 1}),
    "TK": ("conv2d", {"S": 1, "T": 4, "P": 1, "Q": 1}),
    "TT": ("conv2d", {"S": 5, "T": 1, "R": [1, 1, 1]}),
}
SIGNALS = [(2, 7, 6), (1, 5, 5), (2, 6, 1), (3, 1, 6), (2, 1, 1)]


def made(layer: str, relation: str = "plain", backward: str = "derived") -> nn.Module:
    file, settings = SMALL[layer]
    return instance(file, layer, **settings, **RELATIONS[relation], backward=backward)


def image(layer: nn.Module, batch: int = 2, *signal: int) -> Tensor:
    sizes = signal or (6, 5)
    found = re.search(r"S=(\[[^]]*\]|\d+)", layer.extra_repr())
    assert found is not None
    channels = math.prod(map(int, re.findall(r"\d+", found[1])))
    return torch.randn(batch, channels, *sizes, dtype=torch.float64)


def results(layer: nn.Module, x: Tensor) -> list[Tensor]:
    """The output, and the gradients for a cotangent that lies in memory as the output does."""
    x = x.detach().requires_grad_()
    y = layer(x)
    seed = torch.linspace(-1, 1, y.numel(), dtype=y.dtype).view(y.shape)
    seed = torch.empty_like(y).copy_(seed)
    return [y, *torch.autograd.grad(y, [x, *layer.parameters()], seed)]


def same(layer: nn.Module, x: Tensor, derived: bool = True) -> None:
    """Both formats give the same; what comes in channels last goes out so, and so does the
    gradient that we derive."""
    last = x.contiguous(memory_format=LAST)
    found = results(layer, last)
    for k, (a, b) in enumerate(zip(found, results(layer, x), strict=True)):
        close(a, b, f"{k}", 1e-10)
    if not last.is_contiguous():
        assert found[0].is_contiguous(memory_format=LAST)
        assert not derived or found[1].is_contiguous(memory_format=LAST)


@pytest.mark.parametrize("signal", SIGNALS, ids=str)
@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize("name", SMALL)
def test_follows_its_input(name: str, relation: str, signal: tuple[int, int, int]) -> None:
    layer = made(name, relation)
    same(layer, image(layer, *signal))


@pytest.mark.parametrize("name", ["CP", "TK", "TT", "rTT"])
def test_follows_without_a_derivative_of_its_own(name: str) -> None:
    layer = made(name, backward="autograd")
    for signal in SIGNALS:
        same(layer, image(layer, *signal), derived=False)


@pytest.mark.parametrize("signal", SIGNALS, ids=str)
@pytest.mark.parametrize("name", ONE_RANK)
def test_ranks_and_channels_of_one(name: str, signal: tuple[int, int, int]) -> None:
    """Both formats hold at once for what has one channel: only the values are promised."""
    file, settings = ONE_RANK[name]
    layer = instance(file, name, **settings, **PLAIN)
    x = image(layer, *signal)
    last = x.contiguous(memory_format=LAST)
    strided = x.movedim(1, -1).contiguous().movedim(-1, 1)
    expected = results(layer, x)
    for other in (last, strided):
        for a, b in zip(results(layer, other), expected, strict=True):
            close(a, b, name, 1e-10)


@pytest.mark.parametrize("name", ["CP", "TK", "TT", "rTT"])
def test_any_strides(name: str) -> None:
    """Slices, transposed signals and a cotangent of another format."""
    layer = made(name)
    wide = image(layer, 4, 8, 10)
    last = wide.contiguous(memory_format=LAST)
    for x in (last[::2], last[:, :, 1:6], last.mT, wide[..., ::2], last.flip(2)):
        expected = results(layer, x.contiguous())
        for a, b in zip(results(layer, x), expected, strict=True):
            close(a, b, name, 1e-10)
    x = last.clone().requires_grad_()
    y = layer(x)
    seed = torch.randn_like(y)
    parameters = [x, *layer.parameters()]
    kinds = (seed.contiguous(), seed, seed.mT.contiguous().mT)
    first, *others = (torch.autograd.grad(y, parameters, kind, retain_graph=True) for kind in kinds)
    for other in others:
        for a, b in zip(other, first, strict=True):
            close(a, b, name, 1e-10)


@pytest.mark.parametrize("relation", ["plain", "wide"])
@pytest.mark.parametrize("name", ["CP", "TK", "TT", "HT", "rTT"])
def test_derivatives_of_derivatives(name: str, relation: str) -> None:
    layer = made(name, relation)
    parameters = [leaf(weight) for weight in layer.parameters()]
    names = [name for name, _ in layer.named_parameters()]

    def call(x: Tensor, *weights: Tensor) -> Tensor:
        found = torch.func.functional_call(layer, dict(zip(names, weights, strict=True)), (x,))
        assert isinstance(found, Tensor)
        return found

    x = leaf(image(layer, 1, 3, 2).contiguous(memory_format=LAST))
    assert torch.autograd.gradcheck(call, (x, *parameters), fast_mode=True)
    assert torch.autograd.gradgradcheck(call, (x, *parameters), fast_mode=True)


@pytest.mark.parametrize("name", ["CP", "TK"])
def test_tangents(name: str) -> None:
    layer = made(name)
    x = image(layer)
    direction = torch.randn_like(x)
    plain = torch.func.jvp(layer, (x,), (direction,))
    last = torch.func.jvp(layer, (x.to(memory_format=LAST),), (direction,))
    for a, b in zip(last, plain, strict=True):
        close(a, b, name, 1e-10)


@pytest.mark.parametrize("name", ["CP", "TK", "rTT"])
def test_vmap(name: str) -> None:
    layer = made(name)
    x = torch.stack([image(layer) for _ in range(3)])
    expected = torch.stack([layer(one) for one in x])
    last = x.movedim(2, -1).contiguous().movedim(-1, 2)
    for batch in (x, last):
        close(torch.vmap(layer)(batch), expected, name, 1e-10)
    grad = torch.func.grad(lambda one: layer(one).square().sum())
    close(torch.vmap(grad)(last), torch.vmap(grad)(x), name, 1e-10)


@pytest.mark.parametrize("name", ["CP", "TK"])
def test_compilers_take_the_layer_whole(name: str) -> None:
    torch.compiler.reset()
    layer = made(name)
    x = image(layer)
    last = x.to(memory_format=LAST)
    whole = torch.compile(layer, fullgraph=True, backend="aot_eager")
    for a, b in zip(results(whole, last), results(layer, x), strict=True):
        close(a, b, name, 1e-10)
    dims = {"x": {0: torch.export.Dim("n", min=1, max=64)}}
    program = torch.export.export(layer, (last,), dynamic_shapes=dims)
    other = image(layer, 3)
    for value in (x, last, other, other.contiguous(memory_format=LAST)):
        close(program.module()(value), layer(value), name, 1e-10)


LARGE: dict[str, dict[str, Any]] = {
    "CP": {"S": 32, "T": 32, "R": 8},
    "TK": {"S": 32, "T": 32, "P": 8, "Q": 8},
}


@pytest.mark.parametrize("name", LARGE)
def test_products_are_one_call(name: str) -> None:
    """`mm`, or a convolution with taps of size 1 where there are few channels to make."""
    text: str = compiled("conv2d", name, **LARGE[name], **PLAIN).source
    start = text.index("def _product_channels_last_forward(")
    text = text[start : text.index("    return ", start)]
    assert text.count("torch.mm(") + text.count("torch.conv2d(") == 3
    for word in (".reshape(", "bmm("):
        assert word not in text, text


@pytest.mark.parametrize("name", LARGE)
def test_no_image_is_copied(name: str) -> None:
    """Forward and backward: only products and convolutions touch what is as large as an image."""
    layer = instance("conv2d", name, dtype=torch.float32, **LARGE[name], **PLAIN)
    x = torch.randn(2, 32, 16, 16).contiguous(memory_format=LAST).requires_grad_()
    seed = torch.randn(2, 32, 16, 16).contiguous(memory_format=LAST)
    copied: list[torch.Size] = []

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            if func.overloadpacket in (torch.ops.aten.clone, torch.ops.aten.copy_):
                copied.append(args[0].shape)
            return func(*args, **(kwargs or {}))

    with Watch():
        torch.autograd.grad(layer(x), [x, *layer.parameters()], seed)
    assert [shape for shape in copied if shape.numel() >= 2 * 16 * 16] == []


def test_one_form_where_both_are_alike() -> None:
    assert "_channels_last" not in compiled("conv2d", "Depthwise", S=5, **PLAIN).source
    assert "_channels_last" not in compiled("conv1d", "CP", S=5, T=4, R=3).source


LEADING = """tnn 1
layer L(S: int, T: int, R: int = 3) {
  mode h, w, s: S, t: T, r: R, i: 3, j: 3
  conv(pad: same) h' = h * i, w' = w * j
  input x[..., s, h, w]
  weight A[s, r], B[r, t], C[i, j, r], b[t]
  output y[..., t, h', w'] = relu(x * A * C * B + b)
}
"""


def test_leading_axes_and_functions() -> None:
    text = LEADING.replace("tnn 1\n", "tnn 1\nfrom std.nn import relu\n")
    layer = randomised(from_text(text, set={"S": 5, "T": 4}).module.L(dtype=torch.float64))
    assert "_channels_last" in from_text(text, set={"S": 5, "T": 4}).source
    same(layer, torch.randn(2, 5, 6, 7, dtype=torch.float64))
    x = torch.randn(2, 3, 5, 6, 7, dtype=torch.float64)
    last = x.movedim(2, -1).contiguous().movedim(-1, 2)
    for a, b in zip(results(layer, last), results(layer, x), strict=True):
        close(a, b, "leading", 1e-10)


@pytest.mark.parametrize("name", ["CP", "TK"])
def test_three_signals(name: str) -> None:
    ranks = {"CP": {"R": 3}, "TK": {"P": 3, "Q": 2}}[name]
    layer = instance("conv3d", name, dtype=torch.float32, S=5, T=4, **ranks, **PLAIN)
    x = torch.randn(2, 5, 4, 6, 5)
    last = x.contiguous(memory_format=torch.channels_last_3d)
    found = results(layer, last)
    assert found[0].is_contiguous(memory_format=torch.channels_last_3d)
    for a, b in zip(found, results(layer, x), strict=True):
        close(a, b, name, 1e-4)
