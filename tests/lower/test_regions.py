"""Random regions of several steps: layouts, several readers, merged axes, run-time sizes."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from tests.interpreter import evaluate
from tests.lower.running import layer_of, leaf, module, program_of
from tnc.ir.graph import Builder, Value
from tnc.ir.layer import Axes, Layer
from tnc.ir.scalar import Scalar
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.ops import Add, Contract, Leaf, Pattern, Rename, Scale

BINDING = {"n": 3, "h": 6}
RUN_TIME = {"n": Size.symbol("n"), "h": Size.symbol("h")}
LARGEST = 20_000


def size_of(mode: Mode) -> int:
    return mode.size.evaluate(BINDING)


def grouped(draw: st.DrawFn, modes: list[Mode]) -> Axes:
    """Modes in some order, some neighbours on one axis; run-time sizes keep an axis of their own,
    so that they can be read off."""
    axes: list[tuple[Mode, ...]] = []
    for mode in draw(st.permutations(modes)):
        merge = axes and mode.size.value is not None and axes[-1][0].size.value is not None
        if merge and draw(st.booleans()):
            axes[-1] = (*axes[-1], mode)
        else:
            axes.append((mode,))
    return tuple(axes)


class Growing:
    """A graph that grows by one random step at a time."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw, self.build, self.count = draw, Builder(), 0
        static = [self.fresh("a"), self.fresh("b")]
        modes = [Mode(name, size) for name, size in RUN_TIME.items()] + static
        self.values = [leaf(self.build, "input", "x", grouped(draw, modes))]

    def fresh(self, stem: str) -> Mode:
        self.count += 1
        return Mode(f"{stem}{self.count}", Size.of(self.draw(st.sampled_from([1, 2, 3, 4]))))

    def weight(self, modes: list[Mode]) -> Value:
        self.count += 1
        return leaf(self.build, "weight", f"W{self.count}", grouped(self.draw, modes))

    def some(self, modes: tuple[Mode, ...]) -> list[Mode]:
        chosen = self.draw(st.lists(st.booleans(), min_size=len(modes), max_size=len(modes)))
        return [mode for mode, taken in zip(modes, chosen, strict=True) if taken]

    def step(self) -> None:
        value = self.draw(st.sampled_from(self.values))
        kinds = [self.product, self.convolution, self.sum, self.number, self.renamed, self.square]
        made = self.draw(st.sampled_from(kinds))(value)
        if math.prod(map(size_of, made.type.modes)) <= LARGEST:
            self.values.append(made)

    def product(self, value: Value) -> Value:
        shared = [mode for mode in self.some(value.type.modes) if mode.size.value is not None]
        new = [self.fresh("r") for _ in range(self.draw(st.integers(0, 2)))]
        weight = self.weight([*shared, *new]) if shared or new else value
        modes = dict.fromkeys((*value.type.modes, *weight.type.modes))
        summed = self.some(tuple(shared))
        keep = self.draw(st.permutations([mode for mode in modes if mode not in summed]))
        return self.build.make(Contract(tuple(keep)), (value, weight))

    def convolution(self, value: Value) -> Value:
        signals = [mode for mode in value.type.modes if mode.name.startswith("h")]
        if not signals:
            return self.product(value)
        signal, tap = signals[0], self.fresh("k")
        stride, left = self.draw(st.integers(1, 2)), self.draw(st.integers(0, 1))
        room = signal.size + 2 * left - tap.size
        self.count += 1
        result = Mode(f"h{self.count}", room // stride + 1)
        if size_of(result) < 1:
            return value
        static = [mode for mode in value.type.modes if mode.size.value is not None]
        shared = self.some(tuple(static))
        weight = self.weight([tap, *shared, self.fresh("c")])
        summed = self.some(tuple(shared))
        rest = [mode for mode in (*value.type.modes, *weight.type.modes) if mode != signal]
        keep = [mode for mode in dict.fromkeys(rest) if mode not in (*summed, tap)]
        flip = self.draw(st.booleans())
        pattern = Pattern(signal, result, (tap,), stride, (1,), Size.of(left), flip)
        return self.build.make(Contract((*keep, result), (pattern,)), (value, weight))

    def sum(self, value: Value) -> Value:
        static = tuple(mode for mode in value.type.modes if mode.size.value is not None)
        bias = self.weight(self.some(static))
        return self.build.make(Add(value.type.modes), (value, bias))

    def number(self, value: Value) -> Value:
        factor = Scalar.apply("/", Scalar.of(1), Scalar.of(RUN_TIME["n"]))
        return self.build.make(Scale(factor), (value,))

    def renamed(self, value: Value) -> Value:
        self.count += 1
        new = tuple(
            mode if mode.size.value is None else Mode(f"{mode.name}x{self.count}", mode.size)
            for mode in value.type.modes
        )
        return self.build.make(Rename(new), (value,))

    def square(self, value: Value) -> Value:
        return self.build.make(Contract(value.type.modes), (value, value))


@st.composite
def layers(draw: st.DrawFn) -> Layer:
    graph = Growing(draw)
    for _ in range(draw(st.integers(2, 4))):
        graph.step()
    made = [value for value in graph.values if not isinstance(value.op, Leaf)]
    chosen = [made[-1]] if made else graph.values
    if len(made) > 1 and draw(st.booleans()):
        chosen.append(made[0])
    outputs = [
        (f"y{k}", grouped(draw, list(value.type.modes)), value) for k, value in enumerate(chosen)
    ]
    return layer_of(graph.build, outputs, list(RUN_TIME))


def by_definition(layer: Layer, held: dict[str, Tensor]) -> list[Tensor]:
    leaves = {}
    for one in (*layer.inputs, *layer.weights):
        shape = [size_of(mode) for axis in one.axes for mode in axis]
        leaves[one.value] = held[one.name].reshape(shape)
    found = []
    for port in layer.outputs:
        result = evaluate(port.value, leaves, BINDING)
        order = [mode for axis in port.axes for mode in axis]
        turned = result.permute([port.value.type.modes.index(mode) for mode in order])
        found.append(turned.reshape([math.prod(map(size_of, axis)) for axis in port.axes]))
    return found


def alike(found: Iterable[Tensor | None], expected: Iterable[Tensor | None]) -> None:
    for pair in zip(found, expected, strict=True):
        if any(one is not None for one in pair):
            known = next(one for one in pair if one is not None)
            one, other = (torch.zeros_like(known) if one is None else one for one in pair)
            torch.testing.assert_close(one, other, rtol=1e-7, atol=1e-7)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(layers())
def test_random_regions(layer: Layer) -> None:
    program = program_of(layer)
    generator = torch.Generator().manual_seed(0)
    held = {
        one.name: torch.randn(
            [math.prod(map(size_of, axis)) for axis in one.axes],
            dtype=torch.float64,
            generator=generator,
        ).requires_grad_()
        for one in (*layer.inputs, *layer.weights)
    }
    found, expected = module(program)(**held), by_definition(layer, held)
    alike(found, expected)
    seeds = [torch.randn_like(one) for one in expected]
    inputs = list(held.values())
    pulled = [
        torch.autograd.grad(results, inputs, seeds, allow_unused=True, create_graph=True)
        for results in (found, expected)
    ]
    alike(*pulled)
    totals = [sum(one.square().sum() for one in grads if one is not None) for grads in pulled]
    if isinstance(totals[1], Tensor) and totals[1].requires_grad:
        alike(*(torch.autograd.grad(one, inputs, allow_unused=True) for one in totals))


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(layers())
def test_tangents_of_random_regions(layer: Layer) -> None:
    program = program_of(layer)
    torch.manual_seed(0)
    held = {
        one.name: torch.randn(
            [math.prod(map(size_of, axis)) for axis in one.axes], dtype=torch.float64
        )
        for one in (*layer.inputs, *layer.weights)
    }
    dots = {key: torch.randn_like(value) for key, value in held.items()}
    compiled = module(program, jvp=True)
    _, found = torch.func.jvp(lambda given_: compiled(**given_), (held,), (dots,))
    _, expected = torch.func.jvp(lambda given_: by_definition(layer, given_), (held,), (dots,))
    alike(found, expected)
