"""Run programs without printing them: lines are executed one by one, in the scopes they may see."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from tnc.diagnostics.span import Source, Span
from tnc.gradient.regions import derive, regions
from tnc.ir.graph import Builder, Graph, Value
from tnc.ir.layer import Axes, Initial, Layer, Port, RunTimeSize, Weight
from tnc.ir.program import Invoke, Line, Program, Routine
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.lower import lower
from tnc.ops import Leaf

SOURCE = Source("test.tnn", "")
ORIGIN = Span(SOURCE, 0, 0)


def leaf(build: Builder, kind: str, name: str, axes: Axes | Sequence[Mode]) -> Value:
    """A leaf; `axes` may be modes, one per axis."""
    grouped = tuple(axis if isinstance(axis, tuple) else (axis,) for axis in axes)
    return build.make(Leaf(kind, name, grouped))


def layer_of(
    build: Builder,
    outputs: Sequence[tuple[str, Axes | None, Value]],
    run_time: Sequence[str] = (),
) -> Layer:
    """A layer around values; `run_time` symbols are found on the first input axis of that mode."""
    values = Graph(tuple(value for _, _, value in outputs)).values
    leaves = [value for value in values if isinstance(value.op, Leaf)]
    inputs = [value for value in leaves if value.op.kind == "input"]
    weights = [value for value in leaves if value.op.kind == "weight"]
    return Layer(
        "Test",
        "",
        (),
        (),
        tuple(Port(value.op.name, value.op.axes, value, ORIGIN) for value in inputs),
        tuple(
            Weight(value.op.name, value.op.axes, value, Initial("zeros"), ORIGIN)
            for value in weights
        ),
        tuple(
            Port(name, axes or tuple((mode,) for mode in value.type.modes), value, ORIGIN)
            for name, axes, value in outputs
        ),
        (),
        tuple(_run_time(symbol, inputs) for symbol in run_time),
        SOURCE,
        ORIGIN,
        builder=build,
    )


def _run_time(symbol: str, inputs: Sequence[Value]) -> RunTimeSize:
    for value in inputs:
        for k, axis in enumerate(value.op.axes):
            size = Size.product(mode.size for mode in axis)
            if size.symbols == {symbol}:
                rest = size.substitute({symbol: Size.of(1)})
                return RunTimeSize(symbol, (Size.symbol(f"{value.op.name}.{k}") // rest,))
    raise AssertionError(symbol)


def program_of(layer: Layer) -> Program:
    """Derive and lower a layer whose graph is planned already."""
    derived = [derive(layer.builder, region) for region in regions(layer.graph)]
    return lower(layer, layer.graph, derived)


def run(lines: Sequence[Line], scope: Mapping[str, Any]) -> dict[str, Any]:
    """Execute lines; each reads what it says and nothing is assigned twice."""
    scope = dict(scope)
    for line in lines:
        tensors = {name for name, held in scope.items() if isinstance(held, torch.Tensor)}
        visible = {name: held for name, held in scope.items() if name not in tensors}
        visible |= {name: scope[name] for name in line.reads}
        found = eval(line.expression, {"torch": torch, "math": math}, visible)
        results = found if len(line.targets) > 1 else (found,)
        for name, result in zip(line.targets, results, strict=True):
            assert name == "_" or name not in scope, f"{name} is assigned twice"
            if name != "_":
                scope[name] = result
    return scope


def needed(lines: Sequence[Line], needs: Sequence[bool]) -> list[Line]:
    return [line for line in lines if not line.needs or any(needs[k] for k in line.needs)]


def function(routine: Routine, jvp: bool = False) -> Callable[..., Any]:
    """A routine as autograd.Function: what is saved is computed anew where gradients of gradients
    are wanted."""

    def compute(arguments: Sequence[Any]) -> tuple[Any, ...]:
        given = dict(zip(routine.arguments, arguments, strict=True))
        done = run(routine.forward, run(routine.sizes, given))
        return tuple(done[name] for name in (*routine.outputs, *routine.saved))

    class Applied(torch.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(*arguments: Any) -> Any:
            return compute(arguments)

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            saved = output[len(routine.outputs) :]
            ctx.mark_non_differentiable(*saved)
            ctx.save_for_backward(*inputs, *saved)
            ctx.save_for_forward(*inputs, *saved)

        @staticmethod
        def backward(ctx: Any, *seeds: Any) -> Any:
            tensors = ctx.saved_tensors
            arguments = tensors[: len(routine.arguments)]
            saved = tensors[len(arguments) :]
            if torch.is_grad_enabled():
                saved = compute(arguments)[len(routine.outputs) :]
            scope = dict(zip(routine.arguments, arguments, strict=True))
            scope |= dict(zip(routine.saved, saved, strict=True))
            scope |= dict(zip(routine.seeds, seeds[: len(routine.seeds)], strict=True))
            scope = run(routine.sizes, scope) | {"needs": ctx.needs_input_grad}
            done = run(needed(routine.backward, ctx.needs_input_grad), scope)
            return tuple(
                done[name] if name and wanted else None
                for name, wanted in zip(routine.gradients, ctx.needs_input_grad, strict=True)
            )

    class WithTangent(Applied):
        @staticmethod
        def jvp(ctx: Any, *tangents: Any) -> Any:
            tensors = ctx.saved_tensors
            arguments = tensors[: len(routine.arguments)]
            saved = compute(arguments)[len(routine.outputs) :]
            scope = dict(zip(routine.arguments, arguments, strict=True))
            scope |= dict(zip(routine.saved, saved, strict=True))
            dots = [
                torch.zeros_like(argument) if dot is None else dot
                for dot, argument in zip(tangents, arguments, strict=True)
            ]
            scope |= dict(zip(routine.tangents, dots, strict=True))
            done = run(routine.tangent, run(routine.sizes, scope))
            nones = (None for _ in routine.saved)
            return (*(done[name] for name in routine.tangent_outputs), *nones)

    made = WithTangent if jvp else Applied
    return lambda *arguments: made.apply(*arguments)[: len(routine.outputs)]


def module(program: Program, jvp: bool = False) -> Callable[..., tuple[Any, ...]]:
    """The program as a function of its inputs and weights, by name."""
    calls = {id(routine): function(routine, jvp) for routine in program.routines}

    def call(**given: Any) -> tuple[Any, ...]:
        scope = dict(given)
        shapes = {
            f"{port.name}.{k}": given[port.name].shape[k]
            for port in program.layer.inputs
            for k in range(len(port.axes))
        }
        for entry in program.layer.run_time:
            scope[dict(program.symbols)[entry.symbol]] = entry.sources[0].evaluate(shapes)
        for step in program.body:
            if isinstance(step, Invoke):
                results = calls[id(step.routine)](*(scope[name] for name in step.arguments))
                scope |= dict(zip(step.targets, results, strict=True))
            else:
                scope = run([step], scope)
        return tuple(scope[name] for name in program.results)

    return call


def plain(program: Program) -> Callable[..., tuple[Any, ...]]:
    """The same with the forward lines alone, for PyTorch to differentiate."""

    def call(**given: Any) -> tuple[Any, ...]:
        (routine,) = program.routines
        done = run(routine.forward, run(routine.sizes, given))
        return tuple(done[name] for name in program.results)

    return call


def text(program: Program) -> str:
    """The program for a person to read."""
    parts = []
    for routine in program.routines:
        parts.append(f"{routine.name}({', '.join(routine.arguments)}) saves {routine.saved}")
        for title in ("sizes", "forward", "backward", "tangent"):
            parts.append(f"  {title}:")
            parts += [
                f"    {', '.join(line.targets)} = {line.expression}  # {line.comment}"
                for line in getattr(routine, title)
            ]
        parts.append(f"  gradients {routine.gradients}")
    for step in program.body:
        if isinstance(step, Line):
            parts.append(f"{', '.join(step.targets)} = {step.expression}  # {step.comment}")
        else:
            parts.append(
                f"{', '.join(step.targets)} = {step.routine.name}({', '.join(step.arguments)})"
            )
    return "\n".join([*parts, f"return {program.results}"])
