"""Every kind of tensor that a generated module may be given: types, strides, devices, sizes."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import tnc
from tests.families.compiled import instance
from tests.families.kernels import CONV2D, RESHAPED2D, Family
from tests.modules.layers import LINEAR, SUBJECTS, Subject, named, total
from tests.oracle import agree, as_tuple, close, leaf

each_layer = pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
RELATIVE = {torch.float64: 1e-12, torch.float32: 1e-4, torch.bfloat16: 0.1}


def cp_kernel(A: Tensor, U: Tensor, V: Tensor, B: Tensor) -> Tensor:
    return torch.einsum("sr,ir,jr,rt->tsij", A, U, V, B)


def cp(x: Tensor, **weights: Tensor) -> Tensor:
    """The subject `cp`: 3 taps, stride 2, pad same."""
    return functional.conv2d(functional.pad(x, (1, 1, 1, 1)), cp_kernel(**weights), None, 2)


@each_layer
@pytest.mark.parametrize("dtype", RELATIVE, ids=str)
def test_dtypes(subject: Subject, dtype: torch.dtype) -> None:
    """The value in each floating type is that in float64, as far as the type can tell."""
    exact = subject.build()
    layer = getattr(subject.made().module, subject.layer)(dtype=dtype)
    layer.load_state_dict(exact.state_dict())
    exact.load_state_dict(layer.state_dict())
    x = subject.input(dtype)
    for a, b in zip(as_tuple(layer(x)), as_tuple(exact(x.double())), strict=True):
        assert a.dtype == dtype
        close(a.double(), b, "value", RELATIVE[dtype])
    total(layer(x)).backward()
    total(exact(x.double())).backward()
    for (name, a), b in zip(layer.named_parameters(), exact.parameters(), strict=True):
        assert a.grad is not None
        assert a.grad.dtype == dtype
        close(a.grad.double(), b.grad, name, RELATIVE[dtype])


@pytest.mark.parametrize("subject", LINEAR, ids=lambda subject: subject.name)
def test_complex(subject: Subject) -> None:
    """Gradients conjugate the other factors, as PyTorch's do."""
    layer = subject.build(torch.complex128)
    reference = getattr(subject.plain().module, subject.layer)(dtype=torch.complex128)
    x = torch.randn(subject.shape, dtype=torch.complex128)

    def plain(value: Tensor, **weights: Tensor) -> Tensor | tuple[Tensor, ...]:
        return torch.func.functional_call(reference, weights, (value,))

    agree(layer, plain, x)


def test_complex_convolution_against_torch() -> None:
    x = torch.randn(2, 3, 4, 5, dtype=torch.complex128)
    agree(named("cp").build(torch.complex128), cp, x)


@each_layer
def test_strides_do_not_matter(subject: Subject) -> None:
    """Transposed, sliced and expanded inputs give what their contiguous copies give."""
    layer, x = subject.build(), subject.input(batch=4)
    turned = x.transpose(0, -1).contiguous().transpose(0, -1)
    wide = torch.cat([x, x], -1)
    sliced = torch.stack([x, torch.zeros_like(x)], -1)[..., 0]
    expanded = x[:1].expand(x.shape)
    for value in (turned, wide[..., : x.shape[-1]], sliced, x.flip(0), expanded):
        first, second = leaf(value), leaf(value.contiguous())
        a, b = as_tuple(layer(value)), as_tuple(layer(value.contiguous()))
        for mine, theirs in zip(a, b, strict=True):
            close(mine, theirs, "value")
        total(layer(first)).backward()
        total(layer(second)).backward()
        close(first.grad, second.grad, "gradient")


def built_family(family: Family) -> tuple[nn.Module, Tensor]:
    layer = instance(family.file, family.layer, **family.settings)
    return layer, torch.randn(2, family.channels[0], 5, 6, dtype=torch.float64)


def test_transposed_follows_the_memory_format() -> None:
    follows(named("transposed").build(), named("transposed").input())


@pytest.mark.parametrize("family", [*CONV2D, *RESHAPED2D], ids=lambda family: family.name)
def test_follows_the_memory_format(family: Family) -> None:
    follows(*built_family(family))


def follows(layer: nn.Module, x: Tensor) -> None:
    """channels_last in, channels_last out; contiguous in, contiguous out; the values are equal."""
    last = x.to(memory_format=torch.channels_last)
    first, second = leaf(last), leaf(x)
    found, expected = layer(first), layer(second)
    close(found, expected, "value")
    total(found).backward()
    total(expected).backward()
    close(first.grad, second.grad, "gradient")
    assert expected.is_contiguous()
    assert found.is_contiguous(memory_format=torch.channels_last)


@each_layer
def test_gradients_of_expanded_seeds(subject: Subject) -> None:
    """`y.sum().backward()` sends a seed whose strides are all zero."""
    layer, x = subject.build(), subject.input()
    first, second = leaf(x), leaf(x)
    torch.stack([y.sum() for y in as_tuple(layer(first))]).sum().backward()
    seeds = [torch.ones_like(y) for y in as_tuple(layer(second))]
    torch.autograd.backward(as_tuple(layer(second)), seeds)
    close(first.grad, second.grad, "gradient")


@each_layer
@pytest.mark.parametrize("batch", [0, 1, 5])
def test_batch_sizes(subject: Subject, batch: int) -> None:
    """An empty batch gives an empty result, and gradients of zero."""
    layer, many = subject.build(), subject.input(batch=5)
    found, whole = as_tuple(layer(many[:batch])), as_tuple(layer(many))
    for a, b in zip(found, whole, strict=True):
        assert a.shape[0] == batch
        close(a, b[:batch], "value")
    x = leaf(many[:batch])
    total(layer(x)).backward()
    assert x.grad.shape == x.shape
    for parameter in layer.parameters():
        assert parameter.grad.shape == parameter.shape
        assert batch or not parameter.grad.any()


def test_sizes_other_than_planned() -> None:
    """`bind` guides the plan only."""
    settings = {"S": 3, "T": 2, "R": 2, "stride": 2}
    layer = instance("conv2d", "CP4", bind={"n": 64, "h": 32, "w": 32}, **settings)
    for shape in ((1, 3, 3, 3), (2, 3, 4, 9), (5, 3, 8, 1)):
        agree(layer, cp, torch.randn(shape, dtype=torch.float64))


@each_layer
def test_meta(subject: Subject) -> None:
    """Shapes without values; then real memory and initial values."""
    made = getattr(subject.made().module, subject.layer)
    layer = made(device="meta", dtype=torch.float32)
    assert all(parameter.is_meta for parameter in layer.parameters())
    found = as_tuple(layer(subject.input(torch.float32).to("meta")))
    real = layer.to_empty(device="cpu")
    real.reset_parameters()
    expected = as_tuple(real(subject.input(torch.float32)))
    assert [y.shape for y in found] == [y.shape for y in expected]
    assert all(y.isfinite().all() for y in expected)
    total(expected).backward()


@each_layer
@pytest.mark.parametrize("inside", [False, True], ids=["outside", "inside"])
def test_autocast(subject: Subject, inside: bool) -> None:
    """Forward in bfloat16, gradients in the type of the weights; backward may run outside."""
    layer, x = subject.build(torch.float32), leaf(subject.input(torch.float32))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = as_tuple(layer(x))
        if inside:
            total(tuple(y.float() for y in found)).backward()
    if not inside:
        total(tuple(y.float() for y in found)).backward()
    exact = subject.build()
    exact.load_state_dict(layer.state_dict())
    y = leaf(x.double())
    expected = as_tuple(exact(y))
    total(expected).backward()
    for a, b in zip(found, expected, strict=True):
        assert a.dtype in (torch.bfloat16, torch.float32)
        close(a.double(), b, "value", 0.1)
    assert x.grad.dtype == torch.float32
    close(x.grad.double(), y.grad, "gradient of the input", 0.1)
    for (name, a), b in zip(layer.named_parameters(), exact.parameters(), strict=True):
        assert a.grad.dtype == torch.float32
        close(a.grad.double(), b.grad, name, 0.1)


def test_autocast_computes_in_bfloat16() -> None:
    layer, x = named("tt").build(torch.float32), named("tt").input(torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert layer(x).dtype == torch.bfloat16


def test_wrong_sizes_name_the_mode() -> None:
    """A ShapeError says which tensor, which mode, both sizes, and where that is written."""
    layer = named("tt").build()
    with pytest.raises(tnc.ShapeError) as caught:
        layer(torch.randn(3, 7, dtype=torch.float64))
    text = str(caught.value)
    for word in ("x", "s", "6", "7", "dense.tnn"):
        assert word in text, text
    with pytest.raises(tnc.ShapeError):
        layer(torch.randn(6, dtype=torch.float64))
