"""A call of a layer on hollow tensors: its body, with the tape that PyTorch keeps of it."""

from __future__ import annotations

import keyword
import math
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from functools import partial

from tnc.ir import strides as lie
from tnc.ir.layer import LEADING, Axes, Foreign, Layer
from tnc.ir.program import Invoke, Line, Program
from tnc.ir.size import Size
from tnc.ir.strides import Ints
from tnc.ops import Apply
from tnc.plan.hollow import Block, Heap, Kept, Tensor
from tnc.plan.routines import Applied, Scope, apply, execute
from tnc.record import record

Seeds = list[Tensor | None]
"""Cotangents of results; a layer takes them out of the list, lest they live longer than needed."""

Pulled = tuple[Tensor | None, ...]

DROPOUT = "torch.nn.Dropout"
FLATTEN = "torch.nn.Flatten"
LARGEST = tuple(f"torch.nn.MaxPool{rank}d" for rank in (1, 2, 3))
INDEX = 8
"""Bytes of a position."""


@record
class World:
    """What is the same for a layer and those inside: where memory comes from, the bytes of an
    element, the programs of the layers inside, and the gradients of all weights, which stay."""

    heap: Heap
    element: int
    programs: Mapping[Layer, Program]
    gradients: dict[str, Tensor] = field(default_factory=dict)

    def given(self, shape: Ints) -> Tensor:
        return self.heap.given(shape, self.element)


@record
class Called:
    """A line of the body after its forward: PyTorch differentiates it. `shapes` are those of the
    tensors that it reads."""

    shapes: tuple[Ints, ...]
    kept: Kept | None

    def pull(self, seeds: Seeds, wanted: frozenset[int]) -> Pulled:
        seed = next(seed for seed in seeds if seed is not None)
        pairs = enumerate(self.shapes)
        return tuple(self._gradient(seed, shape) if k in wanted else None for k, shape in pairs)

    def _gradient(self, seed: Tensor, shape: Ints) -> Tensor:
        """A function makes a new gradient, and sums it along axes that it repeated; what only
        moves elements passes the cotangent on."""
        own, other = math.prod(shape), math.prod(seed.shape)
        made = seed
        if own > other:
            made = seed.new(shape)
        elif self.kept is not None:
            made = seed.like()
        if self.kept is not None:
            made.beside(self.kept)
        if own < other:
            made = made.new(shape)
        return replace(made, shape=shape, strides=lie.contiguous(shape))


@record
class Elsewhere:
    """A layer inside whose program is not looked at: its gradients are there, nothing else."""

    given: tuple[Tensor, ...]

    def pull(self, seeds: Seeds, wanted: frozenset[int]) -> Pulled:
        seeds.clear()
        pairs = enumerate(self.given)
        return tuple(one.new(one.shape) if k in wanted else None for k, one in pairs)


@record
class Done:
    """A step of the body: `given` are the variables that it reads, `made` those which it sets."""

    given: tuple[str, ...]
    made: tuple[str, ...]
    node: Applied | Called | Body | Elsewhere


class Body:
    """One call of a layer: `forward` once, then `pull` once. `place`: where it is in the whole."""

    def __init__(self, program: Program, world: World, place: str = "") -> None:
        self._program, self._world, self._place = program, world, place
        self._weights = {_variable(weight.name): weight for weight in program.layer.weights}
        self._inputs = tuple(_variable(port.name) for port in program.layer.inputs)
        self._constants = {name for name, weight in self._weights.items() if not weight.trained}
        self._calls = _calls(program.layer)
        self._binding: dict[str, int] = {}
        self._tape: list[Done] = []
        self._entered: tuple[Body | Elsewhere, tuple[str, ...]] | None = None

    # ------------------------------------------------------------------ forward
    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """The results. Every variable lives until then: the body deletes none."""
        layer = self._program.layer
        ahead, flat = _flattened(layer, inputs)
        self._binding = _sizes(layer, flat)
        scope: Scope = {name: self._binding[symbol] for symbol, name in self._program.symbols}
        scope |= dict(zip(self._inputs, flat, strict=True))
        for name, weight in self._weights.items():
            scope[name] = self._world.given(self._shape(weight.axes))
        for step in self._program.body:
            self._world.heap.place = layer.name
            self._tape.append(
                self._invoke(step, scope) if isinstance(step, Invoke) else self._call(step, scope)
            )
        pairs = zip(self._program.results, layer.outputs, strict=True)
        return tuple(_restored(scope[name], port.axes, ahead) for name, port in pairs)

    def _shape(self, axes: Axes) -> Ints:
        return shape_of(axes, self._binding)

    def _invoke(self, step: Invoke, scope: Scope) -> Done:
        routine = step.routine
        if step.folded is not None:  # it was made by a call before
            before = len(self._world.heap.log)
            self._invoke(step.folded, scope)
            del self._world.heap.log[before:]
        pairs = zip(routine.arguments, step.arguments, strict=True)
        weights = [argument for argument, name in pairs if name in self._weights]
        outputs, applied = apply(routine, [scope[name] for name in step.arguments], weights)
        scope.update(zip(step.targets, outputs, strict=True))
        return Done(step.arguments, step.targets, applied)

    def _call(self, line: Line, scope: Scope) -> Done:
        """A function, or a layer inside."""
        for text, calls in self._calls.items():
            if line.expression.startswith(f"{text}("):
                names = {scope[name].block: name for name in line.reads}
                scope["_inside"] = partial(self._enter, calls, names)
                line = replace(line, expression=f"_inside{line.expression[len(text) :]}")
        execute([line], scope)
        if self._entered is not None:
            (node, given), self._entered = self._entered, None
            return Done(given, line.targets, node)
        made = {name: scope[name] for name in line.targets if name != "_"}
        kept = next(iter(made.values())).kept
        scope.update({name: replace(one, kept=None) for name, one in made.items()})
        shapes = tuple(scope[name].shape for name in line.reads)
        return Done(line.reads, line.targets, Called(shapes, kept))

    def _enter(
        self, calls: Sequence[Sequence[Apply]], names: Mapping[Block, str], *given: Tensor
    ) -> Tensor | tuple[Tensor, ...]:
        """The results of a layer inside; one of somebody else's keeps what it is given, say.
        `names` are the variables, by their memory."""
        shapes = [one.shape for one in given]
        alike = (call for call in calls if list(map(self._shape, call[0].given)) == shapes)
        results = next(alike, calls[0])
        name, callee = results[0].instance.name, results[0].instance.callee
        used = {result.output: self._shape(result.axes) for result in results}
        first = next(iter(used.values()))
        shapes = [used.get(k, first) for k in range(results[0].results)]
        if isinstance(callee, Layer):
            made, node = self._inside(callee, name, given, shapes)
            last = [*names.values()][-1]
            self._entered = node, tuple(names.get(one.block, last) for one in given)
        else:
            made = _foreign(callee, given, shapes, self._world.element)
        return made if results[0].results > 1 else made[0]

    def _inside(
        self, layer: Layer, name: str, given: Sequence[Tensor], shapes: Sequence[Ints]
    ) -> tuple[tuple[Tensor, ...], Body | Elsewhere]:
        program = self._world.programs.get(layer)
        if program is None:
            return tuple(given[0].new(shape) for shape in shapes), Elsewhere(tuple(given))
        body = Body(program, self._world, f"{self._place}{name}.")
        return body.forward(given), body

    # ------------------------------------------------------------------ backward
    def pull(self, seeds: Seeds, wanted: frozenset[int]) -> Pulled:
        """The gradients of the inputs; those of the weights stay in the world."""
        self._constants |= {name for k, name in enumerate(self._inputs) if k not in wanted}
        cotangents: dict[str, Tensor] = {}
        for name in reversed(self._program.results):
            _add(cotangents, name, seeds.pop())
        while self._tape:
            self._step_back(cotangents)
        return tuple(cotangents.get(name) for name in self._inputs)

    def _step_back(self, cotangents: dict[str, Tensor]) -> None:
        self._world.heap.place = self._program.layer.name
        for name, gradient in self._pulled(self._tape.pop(), cotangents):
            if name in self._weights:
                _add(self._world.gradients, f"{self._place}{name}", gradient)
            else:
                _add(cotangents, name, gradient)

    def _pulled(self, done: Done, cotangents: dict[str, Tensor]) -> list[tuple[str, Tensor]]:
        """The gradients that one step gives to what it read."""
        seeds = [cotangents.pop(name, None) for name in done.made]
        if all(seed is None for seed in seeds):
            return []
        wanted = frozenset(k for k, name in enumerate(done.given) if name not in self._constants)
        pairs = zip(done.given, done.node.pull(seeds, wanted), strict=True)
        return [(name, gradient) for name, gradient in pairs if gradient is not None]


def _foreign(
    callee: Foreign, given: Sequence[Tensor], shapes: Sequence[Ints], element: int
) -> tuple[Tensor, ...]:
    """The results of somebody else's layer, which keeps what it is given, as far as is known."""
    target, arguments = callee.target, callee.arguments
    if target == FLATTEN:
        return (given[0].reshape(shapes[0]),)
    if target == DROPOUT and arguments in {("0.0",), ("0",)}:
        return (given[0],)
    if target == DROPOUT:  # multiplies by noise, which alone is kept
        noise = given[0].like()
        return (given[0].new(shapes[0]).keeping(noise),)
    kept = list(given)
    if target in LARGEST:  # and where the largest elements were
        kept.append(given[0].new((-(-INDEX // element), *shapes[0])))
    return tuple(given[0].new(shape).keeping(*kept) for shape in shapes)


def shape_of(axes: Axes, binding: Mapping[str, int]) -> Ints:
    sizes = [Size.product(mode.size for mode in axis) for axis in axes]
    return tuple(size.evaluate(binding) for size in sizes)


def _calls(layer: Layer) -> dict[str, list[list[Apply]]]:
    """The calls of layers inside: by how they are written, the results of each call in order."""
    calls: dict[int, list[Apply]] = {}
    for value in layer.graph.values:
        if isinstance(value.op, Apply):
            calls.setdefault(value.op.call, []).append(value.op)
    found: dict[str, list[list[Apply]]] = {}
    for call in calls.values():
        text = f"self.{call[0].instance.name}"
        match call[0].instance.callee:
            case Foreign(target=target, arguments=None):
                text = target
        found.setdefault(text, []).append(sorted(call, key=lambda op: op.output))
    return found


def _add(cotangents: dict[str, Tensor], name: str, gradient: Tensor | None) -> None:
    """Gradients of several uses are added in place."""
    if gradient is not None:
        cotangents.setdefault(name, gradient)


def _variable(name: str) -> str:
    return f"{name}_" if keyword.iskeyword(name) else name


def _leading(axes: Axes) -> int | None:
    """Which axis is `...`."""
    return next((k for k, axis in enumerate(axes) if any(m.name == LEADING for m in axis)), None)


def _flattened(layer: Layer, inputs: Sequence[Tensor]) -> tuple[Ints, list[Tensor]]:
    """The leading axes that stand for `...`; the inputs, with one axis in their place."""
    ahead: Ints = ()
    flat = list(inputs)
    for k, (port, tensor) in enumerate(zip(layer.inputs, inputs, strict=True)):
        at = _leading(port.axes)
        if at is not None and tensor.rank != len(port.axes):
            end = at + 1 + tensor.rank - len(port.axes)
            ahead = tensor.shape[at:end]
            flat[k] = tensor.reshape((*tensor.shape[:at], math.prod(ahead), *tensor.shape[end:]))
    return ahead, flat


def _restored(result: Tensor, axes: Axes, ahead: Ints) -> Tensor:
    at = _leading(axes)
    if at is None or not ahead:
        return result
    return result.reshape((*result.shape[:at], *ahead, *result.shape[at + 1 :]))


def _sizes(layer: Layer, inputs: Sequence[Tensor]) -> dict[str, int]:
    """The run-time sizes, from the shapes of the inputs."""
    axes = {
        f"{port.name}.{k}": size
        for port, tensor in zip(layer.inputs, inputs, strict=True)
        for k, size in enumerate(tensor.shape)
    }
    return {entry.symbol: entry.sources[0].evaluate(axes) for entry in layer.run_time}
