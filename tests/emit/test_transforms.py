"""torch.compile, torch.export, autocast, types of numbers, devices: on the very same module."""

from __future__ import annotations

import weakref
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn
from torch.export import Dim, export
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.checkpoint import checkpoint

from tests.emit.handmade import CASES, Case, held, instance, reference, tensors
from tests.emit.test_derivatives import close, total

STEPS = ("aot_eager", "eager")


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]()


@pytest.fixture(autouse=True)
def _fresh_dynamo() -> Iterator[None]:
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def gradients(layer: nn.Module, result: object, inputs: list[Tensor]) -> list[Tensor | None]:
    weights = [weight for weight in held(layer).values() if weight.requires_grad]
    return list(torch.autograd.grad(total(result), [*inputs, *weights], allow_unused=True))


@pytest.mark.parametrize("backend", STEPS)
@pytest.mark.parametrize("dynamic", [False, True])
def test_compile_forward_and_backward(case: Case, backend: str, dynamic: bool) -> None:
    layer = instance(case, dtype=torch.float64)
    inputs = [t.requires_grad_() for t in tensors(case)]
    compiled = torch.compile(layer, fullgraph=True, backend=backend, dynamic=dynamic)
    found, wanted = compiled(*inputs), reference(case, layer)(*inputs)
    close(found, wanted)
    close(gradients(layer, found, inputs), gradients(layer, wanted, inputs))


@pytest.mark.parametrize("name", ["depthwise", "outputs"])
def test_compile_with_frozen_weights(name: str) -> None:
    case = CASES[name]()
    layer = instance(case, dtype=torch.float64).requires_grad_(False)
    inputs = [t.requires_grad_() for t in tensors(case)]
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    wanted = reference(case, layer)(*inputs)
    close(gradients(layer, compiled(*inputs), inputs), gradients(layer, wanted, inputs))


@pytest.mark.parametrize("strict", [False, True])
def test_export_with_a_dynamic_batch(case: Case, strict: bool) -> None:
    layer = instance(case, dtype=torch.float64)
    inputs = tensors(case)
    batch = Dim("batch") if len(inputs) == 1 else Dim.AUTO
    shapes = tuple({0: batch} for _ in inputs)
    program = export(layer, tuple(inputs), dynamic_shapes=shapes, strict=strict)
    more = [torch.cat([t, t, t.cos()]) for t in inputs]
    close(program.module()(*more), reference(case, layer)(*more))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_types_of_numbers(case: Case, dtype: torch.dtype) -> None:
    layer = instance(case, dtype=dtype)
    inputs = [t.requires_grad_() for t in tensors(case, dtype)]
    found, wanted = layer(*inputs), reference(case, layer)(*inputs)
    tolerance = {torch.float32: 1e-4, torch.float64: 1e-9, torch.bfloat16: 0.2}[dtype]
    torch.testing.assert_close(found, wanted, rtol=tolerance, atol=tolerance)
    for mine, theirs in zip(
        gradients(layer, found, inputs), gradients(layer, wanted, inputs), strict=True
    ):
        torch.testing.assert_close(mine, theirs, rtol=tolerance, atol=2 * tolerance)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("inside", [False, True], ids=["backward outside", "backward inside"])
def test_autocast(case: Case, dtype: torch.dtype, inside: bool) -> None:
    layer = instance(case)
    inputs = [t.requires_grad_() for t in tensors(case, torch.float32)]
    wanted = gradients(layer, reference(case, layer)(*inputs), inputs)
    with torch.autocast("cpu", dtype):
        result = layer(*inputs)
        if inside:
            found = gradients(layer, result, inputs)
    if not inside:
        found = gradients(layer, result, inputs)
    first = result[0] if isinstance(result, tuple) else result
    if case.program.layer.name not in ("Merged", "BiasMatmul"):  # they end outside of a routine
        assert first.dtype == dtype
    for mine, theirs in zip(found, wanted, strict=True):
        assert mine is None or mine.dtype == torch.float32
        torch.testing.assert_close(mine, theirs, rtol=0.1, atol=0.15)


def test_without_gradients_the_function_is_left_out(case: Case) -> None:
    layer = instance(case, dtype=torch.float64)
    inputs = tensors(case)
    with torch.no_grad():
        close(layer(*inputs), reference(case, layer)(*inputs))
    with torch.inference_mode():
        assert not torch.as_tensor(total(layer(*inputs))).requires_grad


def test_autocast_leaves_float64() -> None:
    case = CASES["matmul"]()
    layer = instance(case, dtype=torch.float64)
    (x,) = tensors(case)
    with torch.autocast("cpu", torch.bfloat16):
        close(layer(x), reference(case, layer)(x))


def test_autocast_under_compile() -> None:
    case = CASES["attention"]()
    layer = instance(case)
    inputs = tensors(case, torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        result = torch.compile(layer, fullgraph=True, backend="aot_eager")(*inputs)
    assert result.dtype == torch.bfloat16
    total(result).backward()
    assert held(layer)["Q"].grad.dtype == torch.float32


def test_meta(case: Case) -> None:
    layer = instance(case, device="meta")
    assert {weight.device.type for weight in held(layer).values()} == {"meta"}
    inputs = [t.to("meta").requires_grad_() for t in tensors(case, torch.float32)]
    result = layer(*inputs)
    total(result).backward()
    assert inputs[0].grad.shape == inputs[0].shape
    layer.to_empty(device="cpu").reset_parameters()
    assert all(weight.isfinite().all() for weight in held(layer).values())


@pytest.mark.parametrize("frozen", [True, False])
def test_only_the_gradients_that_are_needed(frozen: bool) -> None:
    """The number of products in the backward: 1 of 4 for the second factor, 2 for the input."""
    case = CASES["matmul"]()
    layer = instance(case)
    (x,) = tensors(case, torch.float32)
    layer.A.requires_grad_(False)
    layer.B.requires_grad_(not frozen)
    result = layer(x.requires_grad_(frozen))
    counted = torch.utils.flop_counter.FlopCounterMode(display=False)
    with counted:
        result.sum().backward()
    products = {True: 6 * 4 * 3 + 6 * 3 * 5, False: 6 * 3 * 4}[frozen]
    assert counted.get_total_flops() == 2 * products
    assert layer.A.grad is None


def test_nothing_is_recomputed_unless_it_is_differentiated() -> None:
    case = CASES["matmul"]()
    layer = instance(case)
    (x,) = tensors(case, torch.float32)
    counts = []
    for again in (False, True):
        result = layer(x)
        counted = torch.utils.flop_counter.FlopCounterMode(display=False)
        with counted:
            torch.autograd.grad(result.sum(), layer.parameters(), create_graph=again)
        counts.append(counted.get_total_flops())
    assert counts[1] > counts[0]


class Box:
    """Holds a saved tensor, so that one can see when it is let go."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor


class Watch(TorchDispatchMode):
    """How many of the boxes are there at each product."""

    def __init__(self, boxes: list[weakref.ref[Box]]) -> None:
        super().__init__()
        self.boxes, self.counts = boxes, []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        if function == torch.ops.aten.mm.default:
            self.counts.append(sum(box() is not None for box in self.boxes))
        return function(*args, **(kwargs or {}))


def test_the_saved_values_are_released_while_the_backward_runs() -> None:
    layer = instance(CASES["matmul"]())
    boxes = []

    def pack(tensor: Tensor) -> Box:
        boxes.append(weakref.ref(box := Box(tensor)))
        return box

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda box: box.tensor):
        result = layer(torch.randn(6, 5, requires_grad=True)).sum()
    assert len(boxes) == 4
    with Watch(boxes) as watch:
        result.backward(retain_graph=True)
    assert watch.counts == [4, 4, 4, 4]
    with Watch(boxes) as watch:
        result.backward()
    assert watch.counts == [0, 0, 0, 0]


@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpointing(case: Case, reentrant: bool) -> None:
    layer = instance(case, dtype=torch.float64)
    inputs = [t.requires_grad_() for t in tensors(case)]
    found = checkpoint(layer, *inputs, use_reentrant=reentrant)
    total(found).backward()
    wanted = reference(case, layer)(*inputs)
    weights = [weight for weight in held(layer).values() if weight.requires_grad]
    close([t.grad for t in (*inputs, *weights)], gradients(layer, wanted, inputs))


def test_a_graph_that_is_kept_can_be_used_twice(case: Case) -> None:
    layer = instance(case, dtype=torch.float64)
    inputs = [t.requires_grad_() for t in tensors(case)]
    value = total(layer(*inputs))
    first = torch.autograd.grad(value, inputs, retain_graph=True)
    close(first, torch.autograd.grad(value, inputs))
    close(first, torch.autograd.grad(total(reference(case, layer)(*inputs)), inputs))


def test_inputs_of_any_stride(case: Case) -> None:
    layer = instance(case, dtype=torch.float64)
    inputs = [torch.stack([t, t], -1)[..., 1].requires_grad_() for t in tensors(case)]
    found, wanted = layer(*inputs), reference(case, layer)(*inputs)
    close(found, wanted)
    close(gradients(layer, found, inputs), gradients(layer, wanted, inputs))


def test_an_empty_batch() -> None:
    for name in ("matmul", "leading", "bias"):
        case = CASES[name]()
        layer = instance(case)
        shape = (0, *case.shapes[0][1:])
        result = layer(torch.ones(shape, requires_grad=True))
        assert result.shape == (*shape[:-1], 4)
        result.sum().backward()


def test_any_number_of_leading_axes() -> None:
    case = CASES["leading"]()
    layer = instance(case, dtype=torch.float64)
    for shape in ((5,), (2, 5), (2, 3, 5), (2, 1, 3, 5)):
        x = torch.randn(shape, dtype=torch.float64)
        close(layer(x), reference(case, layer)(x))


def test_signatures_are_made_for_transforms_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """`Function.apply` makes one in each call; without torch.func it is not asked."""
    case = CASES["depthwise"]()
    layer = instance(case, dtype=torch.float64)
    inputs = [t.requires_grad_() for t in tensors(case)]
    asked: list[type] = []
    apply = torch.autograd.Function.apply.__func__  # type: ignore[attr-defined]

    def noted(cls: type, *arguments: object) -> object:
        asked.append(cls)
        return apply(cls, *arguments)

    monkeypatch.setattr(torch.autograd.Function, "apply", classmethod(noted))
    close(gradients(layer, layer(*inputs), inputs), gradients(layer, layer(*inputs), inputs))
    assert asked == []
    torch.func.vmap(lambda *one: layer(*(t[None] for t in one)))(*inputs)
    assert asked
