"""The last step: from checked equations to the layer that the rest of the compiler reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tnc.diagnostics import Label, Span
from tnc.diagnostics.diagnostic import Edit, Help
from tnc.elaborate.automatic import deviations, rescalings, weighed
from tnc.elaborate.definitions import BuiltIn, Partial
from tnc.elaborate.flatten import flattened
from tnc.elaborate.initial import chosen, initials
from tnc.elaborate.interfaces import Callee, Interface, Shape
from tnc.elaborate.modes import Single
from tnc.elaborate.names import Family, Tensor
from tnc.elaborate.relations import Relation
from tnc.elaborate.scope import Scope
from tnc.elaborate.sizes import smallest
from tnc.elaborate.solving import solve
from tnc.elaborate.tensors import Declared
from tnc.elaborate.values import UNSET, literal, symbols_of
from tnc.ir.graph import Builder, Value, reachable
from tnc.ir.layer import LEADING, Initial, Instance, Layer, Port, RunTimeSize, Weight
from tnc.ir.tensor import Mode
from tnc.ops import Apply, Call, Contract, Leaf, Scale
from tnc.syntax import tree


def assembled(
    layer: tree.Layer,
    scope: Scope,
    usual: frozenset[str],
    declared: Sequence[Declared],
    outputs: Sequence[tuple[Tensor, tree.Output]],
) -> Callee | None:
    """The layer as others call it; None where something was reported as an error.

    `usual` are the parameters whose values are their defaults.
    """
    build = Builder()
    inputs = tuple(_inputs(declared, build))
    values = [tensor.value for tensor, _ in outputs if tensor.value is not None]
    run_time = tuple(_run_time(layer, inputs, values, scope))
    wishes = chosen(declared, scope)
    if scope.report.failed:
        return None
    interface = Interface(
        tuple(Shape(port.name, port.axes) for port in inputs),
        tuple(Shape(tensor.name, tensor.axes) for tensor, _ in outputs),
        run_time,
    )
    if scope.checking and not scope.library.sketching:
        return Callee(interface, None)
    terms = () if scope.checking else weighed(values)
    starts = initials(wishes, deviations(terms))
    flat = flattened(build, values)
    drawn = {name for name, wish in wishes.items() if wish is None}
    made = Layer(
        name=layer.name.text,
        doc=layer.doc or "",
        settings=tuple(_settings(layer, scope)),
        usual=usual,
        modes=tuple(_modes(scope, inputs, flat)),
        inputs=inputs,
        weights=tuple(_weights(declared, starts, flat, build)),
        outputs=tuple(_outputs(outputs, flat)),
        equations=tuple(_equations(layer, scope)),
        run_time=run_time,
        source=scope.source,
        origin=layer.header,
        lets=tuple(_lets(layer, scope)),
        continued=scope.positions.continued,
        instances=tuple(_instances(flat)),
        rescalings=tuple(rescalings(terms, drawn, build)),
        builder=build,
    )
    return Callee(interface, made)


def _instances(flat: Sequence[Value]) -> Iterator[Instance]:
    """The layers inside that an output reaches, in the order of their first calls."""
    calls = [value.op for value in reachable(flat) if isinstance(value.op, Apply)]
    calls.sort(key=lambda op: op.call)
    yield from dict.fromkeys(op.instance for op in calls)


def _inputs(declared: Iterable[Declared], build: Builder) -> Iterator[Port]:
    for each in declared:
        tensor = each.tensor
        if each.statement.kind == "input" and tensor.value is not None:
            value = build.make(tensor.value.op, (), tensor.span)
            yield Port(tensor.name, tensor.axes, value, tensor.span)


def _outputs(
    outputs: Sequence[tuple[Tensor, tree.Output]], flat: Sequence[Value]
) -> Iterator[Port]:
    for (tensor, output), value in zip(outputs, flat, strict=True):
        yield Port(tensor.name, tensor.axes, value, output.span)


def _weights(
    declared: Iterable[Declared],
    starts: dict[str, Initial],
    flat: Sequence[Value],
    build: Builder,
) -> Iterator[Weight]:
    """The weights that an output reaches; the others are not created."""
    reached = {value.op for value in reachable(flat) if isinstance(value.op, Leaf)}
    for each in declared:
        tensor, kind = each.tensor, each.statement.kind
        if kind != "input" and tensor.value is not None and tensor.value.op in reached:
            yield Weight(
                tensor.name,
                tensor.axes,
                build.make(tensor.value.op, (), tensor.span),
                starts[tensor.name],
                tensor.span,
                kind == "weight",
                each.statement.doc or "",
            )


def _settings(layer: tree.Layer, scope: Scope) -> Iterator[tuple[str, str]]:
    for param in layer.params:
        value = scope.names[param.name.text]
        if isinstance(value, int | float | str | tuple | Partial | BuiltIn):
            yield param.name.text, literal(value)


def _binds_tensors(let: tree.Let, scope: Scope) -> bool:
    return any(isinstance(scope.names.get(each.name.text), Tensor) for each in let.targets)


def _equations(layer: tree.Layer, scope: Scope) -> Iterator[str]:
    for statement in layer.body:
        if isinstance(statement, tree.Output) or (
            isinstance(statement, tree.Let) and _binds_tensors(statement, scope)
        ):
            yield " ".join(statement.span.text.split())


def _lets(layer: tree.Layer, scope: Scope) -> Iterator[tuple[str, Span]]:
    for statement in layer.body:
        if isinstance(statement, tree.Let) and _binds_tensors(statement, scope):
            for target in statement.targets if len(statement.targets) == 1 else ():
                yield target.name.text, _last(statement.value).span


def _last(expr: tree.Expr) -> tree.Expr:
    """What of an expression makes its value: of a pipe the last stage."""
    while isinstance(expr, tree.Pipe | tree.Repeat):
        expr = expr.stage
    return expr


def _modes(scope: Scope, inputs: Sequence[Port], flat: Sequence[Value]) -> Iterator[Mode]:
    """The modes of the graph that the layer declares, in that order."""
    used = {mode.name for port in inputs for axis in port.axes for mode in axis}
    for value in reachable(flat):
        used |= {mode.name for mode in (*value.type.modes, *_legs(value))}
    for single in scope.modes.every():
        if single.key in used:
            yield scope.sizes.mode(single)


def _legs(value: Value) -> tuple[Mode, ...]:
    patterns = value.op.patterns if isinstance(value.op, Contract) else ()
    return tuple(leg for pattern in patterns for leg in pattern.legs)


# ---------------------------------------------------------------- run-time sizes


def _run_time(
    layer: tree.Layer, inputs: Sequence[Port], outputs: Sequence[Value], scope: Scope
) -> list[RunTimeSize]:
    symbols = dict.fromkeys(
        name for name in _symbols(inputs, outputs) if not name.startswith(UNSET)
    )
    solved, unsolved = solve(inputs, symbols)
    if not _lost_input(layer, scope):
        singles = {single.key: single for single in scope.modes.every()}
        for symbol in unsolved:
            if symbol not in scope.sizes.reported:
                _report_unsolved(symbol, singles.get(symbol), layer, scope)
    return solved


def _symbols(inputs: Sequence[Port], outputs: Sequence[Value]) -> Iterator[str]:
    """The run-time sizes on which anything depends, those of the inputs first."""
    for port in inputs:
        for axis in port.axes:
            for mode in axis:
                yield from sorted(mode.size.symbols)
    for value in reachable(outputs):
        for mode in (*value.type.modes, *_legs(value)):
            yield from sorted(mode.size.symbols)
        if isinstance(value.op, Scale):
            yield from sorted(symbols_of(value.op.factor))
        if isinstance(value.op, Call):
            for _, option in value.op.options:
                yield from sorted(symbols_of(option))


def _lost_input(layer: tree.Layer, scope: Scope) -> bool:
    """Whether an input was refused: then what it would have given is not missing."""
    inputs = [
        node.name.text
        for statement in layer.body
        if isinstance(statement, tree.Tensors) and statement.kind == "input"
        for node in statement.declarations
    ]
    lost = any(not _sound(scope, name) for name in inputs)
    return lost or layer.incomplete


def _sound(scope: Scope, name: str) -> bool:
    entry = scope.names.get(name)
    if isinstance(entry, Family):
        return bool(entry.members) and None not in entry.members.values()
    return isinstance(entry, Tensor)


def _report_unsolved(symbol: str, single: Single | None, layer: tree.Layer, scope: Scope) -> None:
    span = layer.header if single is None or symbol == LEADING else single.span
    shown = single.shown if single else symbol
    relation = scope.sizes.needed.get(symbol)
    if relation is None:
        scope.report.error(
            "E0304",
            f"the size of `{shown}` cannot be inferred",
            span,
            "no input gives it",
            help=(Help(f"declare it: `mode {shown}: …`"),),
        )
    else:
        _report_backwards(relation, span, scope)


def _report_backwards(relation: Relation, span: Span, scope: Scope) -> None:
    """A transposed convolution with a stride: several sizes of its result are possible."""
    signal, result = relation.signal, relation.result
    size = smallest(relation, scope.sizes)
    declaration = f"{signal.shown}: {size or '…'}"
    plain = size and signal.shown == signal.name and span.text == signal.name
    scope.report.error(
        "E0304",
        f"the size of `{signal.shown}` cannot be inferred from `{result.shown}`: "
        f"with stride {relation.choices.stride} several are possible",
        span,
        "needs a size",
        Label(relation.span, "convolution declared here"),
        help=(
            Help(
                f"declare it: `mode {declaration}`",
                (Edit(span, declaration),) if plain else (),
            ),
        ),
    )
