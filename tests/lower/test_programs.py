"""Whole programs: bodies around routines, borders, sizes known at run time, layouts at the door."""

from __future__ import annotations

import operator
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from tests.interpreter import evaluate
from tests.lower.running import layer_of, leaf, module, program_of, text
from tnc.ir.graph import Builder, Value
from tnc.ir.program import Invoke
from tnc.ir.scalar import Scalar
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.ops import Add, Border, Call, Contract, Mask, Pattern, Rename, Scale

N, H = Size.symbol("n"), Size.symbol("h")


def mode(name: str, size: int | Size) -> Mode:
    return Mode(name, Size.of(size))


def given(seed: int = 0, **shapes: tuple[int, ...]) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(shape, dtype=torch.float64, generator=generator).requires_grad_()
        for name, shape in shapes.items()
    }


def same(
    found: tuple[Tensor, ...], expected: tuple[Tensor, ...], tensors: dict[str, Tensor]
) -> None:
    """Values, gradients, and gradients of gradients."""
    values = list(tensors.values())
    seeds = [torch.randn_like(one).requires_grad_() for one in expected]
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)
    pulled = [
        torch.autograd.grad(results, values, seeds, create_graph=True, allow_unused=True)
        for results in (found, expected)
    ]
    for one, other in zip(*pulled, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)
    sums = [sum(one.square().sum() for one in grads if one is not None) for grads in pulled]
    twice = [torch.autograd.grad(total, values, allow_unused=True) for total in sums]
    for value, *pair in zip(values, *twice, strict=True):
        one, other = (torch.zeros_like(value) if each is None else each for each in pair)
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


n, s, t, u = mode("n", N), mode("s", 3), mode("t", 4), mode("u", 5)


def test_two_products_with_a_function_between() -> None:
    build = Builder()
    x = leaf(build, "input", "x", [n, s])
    a, b = leaf(build, "weight", "A", [s, t]), leaf(build, "weight", "B", [u, t])
    bias = leaf(build, "weight", "b", [t])
    z = build.make(Contract((n, t)), (x, a))
    z = build.make(Add((n, t)), (z, bias))
    z = build.make(Call("relu", (n, t)), (z,))
    y = build.make(Contract((n, u)), (z, b))
    program = program_of(layer_of(build, [("y", None, y)], ["n"]))
    assert [type(step) is Invoke for step in program.body] == [True, False, True]
    tensors = given(x=(6, 3), A=(3, 4), B=(5, 4), b=(4,))
    expected = torch.relu(tensors["x"] @ tensors["A"] + tensors["b"]) @ tensors["B"].T
    same(module(program)(**tensors), (expected,), tensors)


FUNCTIONS: list[tuple[Call, Callable[[Tensor], Tensor]]] = [
    (Call("softmax", (n, s, t), (t,)), lambda z: z.softmax(2)),
    (Call("softmax", (n, s, t), (s,)), lambda z: z.softmax(1)),
    (
        Call("log_softmax", (n, s, t), (n, t)),
        lambda z: z - z.exp().sum((0, 2), keepdim=True).log(),
    ),
    (Call("pow", (n, s, t), options=(("exponent", Scalar.of(3)),)), lambda z: z**3),
    (Call("leaky_relu", (n, s, t)), lambda z: torch.where(z > 0, z, 0.01 * z)),
]


@pytest.mark.parametrize(("call", "function"), FUNCTIONS)
def test_functions(call: Call, function: Callable[[Tensor], Tensor]) -> None:
    build = Builder()
    x = leaf(build, "input", "x", [n, s, t])
    y = build.make(call, (x,))
    program = program_of(layer_of(build, [("y", None, y)], ["n"]))
    tensors = given(x=(6, 3, 4))
    same(module(program)(**tensors), (function(tensors["x"]),), tensors)


def test_a_function_of_two_operands_is_broadcast_by_name() -> None:
    build = Builder()
    x, z = leaf(build, "input", "x", [t, n]), leaf(build, "input", "z", [s])
    y = build.make(Call("maximum", (n, s, t)), (x, z))
    program = program_of(layer_of(build, [("y", None, y)], ["n"]))
    tensors = given(x=(4, 6), z=(3,))
    expected = torch.maximum(tensors["x"].T[:, None, :], tensors["z"][:, None])
    same(module(program)(**tensors), (expected,), tensors)


COMPARISONS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


@pytest.mark.parametrize("comparison", COMPARISONS)
@pytest.mark.parametrize("offset", [-1, 0, 2])
def test_mask(comparison: str, offset: int) -> None:
    build = Builder()
    x = leaf(build, "input", "x", [t, n, u])
    y = build.make(Mask(comparison, t, u, offset), (x,))
    z = build.make(Mask(comparison, u, None, offset), (x,))
    program = program_of(layer_of(build, [("y", None, y), ("z", None, z)], ["n"]))
    tensors = given(x=(4, 6, 5))
    rows, columns = torch.arange(4)[:, None, None], torch.arange(5)
    shown = tensors["x"]
    kept = COMPARISONS[comparison](rows, columns + offset)
    alone = COMPARISONS[comparison](columns, offset)
    minus = torch.tensor(-torch.inf, dtype=torch.float64)
    found = module(program)(**tensors)
    assert torch.equal(found[0], torch.where(kept, shown, minus))
    assert torch.equal(found[1], torch.where(alone, shown, minus))


@pytest.mark.parametrize("kind", ["reflect", "replicate"])
@pytest.mark.parametrize("size", [4, 5])
def test_borders(kind: str, size: int) -> None:
    build = Builder()
    h, padded = mode("h", H), mode("h+", H + 5)
    x, w = leaf(build, "input", "x", [n, h, s]), leaf(build, "weight", "W", [s, t])
    z = build.make(Border(kind, h, padded, Size.of(2)), (x,))
    y = build.make(Contract((n, t, padded)), (z, w))
    program = program_of(layer_of(build, [("y", None, y)], ["n", "h"]))
    tensors = given(x=(2, size, 3), W=(3, 4))
    leaves = {x: tensors["x"], w: tensors["W"]}
    expected = evaluate(y, leaves, {"n": 2, "h": size})
    same(module(program)(**tensors), (expected,), tensors)


PADS = {
    "valid": (0, lambda reach, step: (H - reach - 1) // step + 1),
    "same": (None, lambda reach, step: (H - 1) // step + 1),
    "causal": (-1, lambda reach, step: (H - 1) // step + 1),
    "2, 1": (2, lambda reach, step: (H + 3 - reach - 1) // step + 1),
    "1": (1, lambda reach, step: (H + 2 - reach - 1) // step + 1),
    "circular": (None, lambda reach, step: (H - 1) // step + 1),
}


@pytest.mark.parametrize("pad", PADS)
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize(("taps", "dilation"), [(3, 1), (2, 2), (1, 1)])
@pytest.mark.parametrize("kind", ["dense", "depthwise", "pool"])
def test_sizes_known_at_run_time(
    pad: str, stride: int, taps: int, dilation: int, kind: str
) -> None:
    left, result = PADS[pad]
    reach = dilation * (taps - 1)
    left = reach // 2 if left is None else reach if left < 0 else left
    h, i = mode("h", H), mode("i", taps)
    h2 = mode("h'", result(reach, stride))
    pattern = Pattern(
        h, h2, (i,), stride, (dilation,), Size.of(left), pad == "same", pad == "circular"
    )
    build = Builder()
    x = leaf(build, "input", "x", [n, s, h])
    w = leaf(build, "weight", "W", [i, s, t] if kind == "dense" else [s, i])
    if kind == "pool":
        z = build.make(Contract((n, s, h2), (pattern,)), (x,))
        y = build.make(Contract((n, h2, i)), (z, w))
    else:
        y = build.make(Contract((n, h2, t if kind == "dense" else s), (pattern,)), (x, w))
    program = program_of(layer_of(build, [("y", None, y)], ["n", "h"]))
    for size in (6, 9):
        shape = (taps, 3, 4) if kind == "dense" else (3, taps)
        tensors = given(x=(2, 3, size), W=shape)
        leaves = {x: tensors["x"], w: tensors["W"]}
        expected = evaluate(y, leaves, {"n": 2, "h": size})
        same(module(program)(**tensors), (expected,), tensors)


def test_transposed_convolution_of_a_declared_size() -> None:
    build = Builder()
    h, h2, i = mode("h", 2 * H), mode("h'", H), mode("i", 4)
    pattern = Pattern(h, h2, (i,), 2, (1,), Size.of(1))
    x, w = leaf(build, "input", "x", [n, s, h2]), leaf(build, "weight", "W", [s, t, i])
    y = build.make(Contract((n, t, h), (pattern,)), (x, w))
    program = program_of(layer_of(build, [("y", None, y)], ["n", "h"]))
    (routine,) = program.routines
    assert "conv_transpose1d" in routine.forward[-1].expression
    tensors = given(x=(2, 3, 5), W=(3, 4, 4))
    expected = evaluate(y, {x: tensors["x"], w: tensors["W"]}, {"n": 2, "h": 5})
    same(module(program)(**tensors), (expected,), tensors)


def test_merged_axes_and_diagonals() -> None:
    """x[(s t), n, s'] with a mode on two axes, and a result with merged axes."""
    build = Builder()
    x = leaf(build, "input", "x", ((s, t), (n,), (s,)))
    w = leaf(build, "weight", "W", ((u, t), (u,)))
    y = build.make(Contract((n, s, u)), (x, w))
    program = program_of(layer_of(build, [("y", ((u, n), (s,)), y)], ["n"]))
    tensors = given(x=(12, 2, 3), W=(20, 5))
    shown = tensors["x"].view(3, 4, 2, 3), tensors["W"].view(5, 4, 5)
    expected = torch.einsum("stns,utu->uns", *shown).reshape(10, 3)
    same(module(program)(**tensors), (expected,), tensors)
    found = torch.func.jvp(
        lambda held: module(program, jvp=True)(**held)[0], (tensors,), (tensors,)
    )
    torch.testing.assert_close(found[1], 2 * expected)


def test_an_output_that_its_own_gradients_read() -> None:
    build = Builder()
    x, a, b = (
        leaf(build, kind, name, modes)
        for kind, name, modes in (
            ("input", "x", [n, s]),
            ("weight", "A", [s, t]),
            ("weight", "B", [t, u]),
        )
    )
    z = build.make(Contract((n, t)), (x, a))
    y = build.make(Contract((n, u)), (z, b))
    program = program_of(layer_of(build, [("y", None, y), ("z", None, z)], ["n"]))
    tensors = given(x=(6, 3), A=(3, 4), B=(4, 5))
    inner = tensors["x"] @ tensors["A"]
    same(module(program)(**tensors), (inner @ tensors["B"], inner), tensors)


def test_outputs_that_are_nearly_inputs() -> None:
    """An input renamed, an input itself, and the same output twice."""
    build = Builder()
    x, a = leaf(build, "input", "x", [n, s]), leaf(build, "weight", "A", [s, t])
    s2 = mode("s2", 3)
    y = build.make(Contract((n, t)), (x, a))
    other = build.make(Rename((n, s2)), (x,))
    summed = build.make(Contract((s2, t)), (other, a))
    outputs = [
        ("y", None, y),
        ("z", ((s2,), (n,)), other),
        ("w", ((t, n),), y),
        ("v", None, summed),
    ]
    program = program_of(layer_of(build, [*outputs, ("x_again", None, x)], ["n"]))
    tensors = given(x=(6, 3), A=(3, 4))
    product = tensors["x"] @ tensors["A"]
    total = tensors["x"].sum(0)[:, None] * tensors["A"].sum(0)
    expected = (product, tensors["x"].T, product.T.flatten(), total, tensors["x"])
    same(module(program)(**tensors), expected, tensors)


def test_a_size_that_no_argument_carries() -> None:
    """Behind the barrier only h' is left; the transposed convolution needs h."""
    build = Builder()
    h, i, j = mode("h", H), mode("i", 3), mode("j", 3)
    h2 = mode("h'", (H - 1) // 2 + 1)
    x, w = leaf(build, "input", "x", [n, s, h]), leaf(build, "weight", "W", [s, t, i])
    v = leaf(build, "weight", "V", [t, s, j])
    down = Pattern(h, h2, (i,), 2, (1,), Size.of(1))
    up = Pattern(h, h2, (j,), 2, (1,), Size.of(1))
    z = build.make(Contract((n, t, h2), (down,)), (x, w))
    z = build.make(Call("tanh", (n, t, h2)), (z,))
    y = build.make(Contract((n, s, h), (up,)), (z, v))
    program = program_of(layer_of(build, [("y", None, y)], ["n", "h"]))
    for size in (6, 7):
        tensors = given(x=(2, 3, size), W=(3, 4, 3), V=(4, 3, 3))
        inner = torch.conv1d(tensors["x"], tensors["W"].permute(1, 0, 2), None, 2, 1).tanh()
        expected = torch.conv_transpose1d(inner, tensors["V"], None, 2, 1, (size + 1) % 2)
        same(module(program)(**tensors), (expected,), tensors)
    assert "x" in program.routines[1].arguments


def test_sums_scalings_and_broadcasts() -> None:
    build = Builder()
    x, a = leaf(build, "input", "x", [n, s]), leaf(build, "weight", "A", [t])
    mean = build.make(Contract((s,)), (x,))
    number = Scalar.apply("/", Scalar.of(1), Scalar.of(N))
    mean = build.make(Scale(number), (mean,))
    wide = build.make(Contract((t, n, s)), (mean,))
    y = build.make(Add((n, s, t)), (wide, x, a))
    y = build.make(Scale(Scalar.of(-0.5)), (y,))
    program = program_of(layer_of(build, [("y", None, y)], ["n"]))
    tensors = given(x=(6, 3), A=(4,))
    expected = tensors["x"].mean(0)[:, None] + tensors["x"][:, :, None] + tensors["A"]
    same(module(program)(**tensors), (-0.5 * expected,), tensors)


def test_names_are_those_of_the_source() -> None:
    """Modes, weights and Python words may not collide."""
    build = Builder()
    m, k = mode("u", Size.symbol("u")), mode("lambda", Size.symbol("lambda"))
    x = leaf(build, "input", "x", [m, k, s])
    a = leaf(build, "weight", "n", [s, t])
    y = build.make(Contract((t, m, k)), (x, a))
    program = program_of(layer_of(build, [("y", None, y)], ["u", "lambda"]))
    assert dict(program.symbols) == {"u": "u", "lambda": "lambda_"}
    tensors = given(x=(2, 6, 3), n=(3, 4))
    expected = torch.einsum("abs,st->tab", tensors["x"], tensors["n"])
    same(module(program)(**tensors), (expected,), tensors)


def test_the_same_program_every_time() -> None:
    def made() -> str:
        build = Builder()
        x, a = leaf(build, "input", "x", [n, s, t]), leaf(build, "weight", "A", [t, s, u])
        return text(program_of(layer_of(build, [("y", None, product(build, x, a))], ["n"])))

    def product(build: Builder, x: Value, a: Value) -> Value:
        return build.make(Contract((u, n, s)), (x, a))

    assert made() == made()
