"""Layers in equations: `x |> Block(16)`, `f(x)`, `repeat (5) Block(16)`."""

from __future__ import annotations

from collections.abc import Sequence

from tnc.diagnostics import Label, Span
from tnc.diagnostics.diagnostic import Help
from tnc.elaborate.definitions import UNKNOWN, BuiltIn, Partial
from tnc.elaborate.evaluate import element_of, evaluate
from tnc.elaborate.instances import Instances
from tnc.elaborate.interfaces import Callee, Misfit, Sizes, fit, followed
from tnc.elaborate.library import Recursion, Wanted
from tnc.elaborate.names import Faulty
from tnc.elaborate.operands import holds_tensor, opened
from tnc.elaborate.partial import layer_value, member_of, partially
from tnc.elaborate.products import opaque
from tnc.elaborate.scope import Scope
from tnc.elaborate.sizes import shown
from tnc.ir.graph import Value
from tnc.ir.layer import Axes, Instance
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.ops import Apply
from tnc.record import record
from tnc.syntax import tree


@record
class Stage:
    """A layer that is applied: `base` is what it is called here, `shared` says that every use of
    that name is one instance. `tensors` are written as its arguments. `layer` is None where it is
    not known, or was refused."""

    layer: Partial | None
    base: str
    shared: bool
    tensors: tuple[tree.Expr, ...]
    span: Span

    @property
    def shown(self) -> str:
        return " ".join(self.span.text.split())


@record
class Given:
    """A tensor that goes into a layer; `shown` is where it comes from, at `span`."""

    value: Value
    axes: Axes
    shown: str
    span: Span

    @property
    def sizes(self) -> Sizes:
        return tuple(Size.product(mode.size for mode in axis) for axis in self.axes)


def stage_of(expr: tree.Expr, scope: Scope, *, piped: bool) -> Stage | None:
    """The layer that an expression applies; None where it is none. `piped`: it follows `|>`, so
    that all arguments of a layer's name may be parameters."""
    expr = opened(expr, scope)
    if isinstance(expr, tree.Name | tree.Member | tree.Subscript):
        if not piped:
            return None
        layer = _layer(expr, scope)
        if layer is None:
            return Stage(None, _base(expr), False, (), expr.span) if _unknown(expr, scope) else None
        if layer.definition.function is not None:
            return None
        return Stage(layer, _base(expr), _is_shared(expr, scope), (), expr.span)
    if not isinstance(expr, tree.Call):
        return None
    return _called(expr, scope, piped)


def _called(expr: tree.Call, scope: Scope, piped: bool) -> Stage | None:
    function = expr.function
    if isinstance(function, tree.Call) and _is_layer(function, scope):
        value = evaluate(function, scope)
        found = value if isinstance(value, Partial) else None
        return _instance_called(found, _base(function.function), False, expr, scope)
    layer = _layer(function, scope)
    if layer is None:
        unknown = Stage(None, _base(function), False, (), expr.span)
        return unknown if _unknown(function, scope) else None
    if layer.definition.function is not None:
        return None
    base, shared = _base(function), _is_shared(function, scope)
    if shared:
        return _instance_called(layer, base, True, expr, scope)
    positional = [
        each for each in expr.arguments if isinstance(each, tree.Argument) and each.name is None
    ]
    if positional and all(holds_tensor(each.value, scope) for each in positional):
        named = [each for each in expr.arguments if each not in positional]
        chosen = partially(layer, named, scope, evaluate)
        tensors = tuple(each.value for each in positional)
        return Stage(chosen, base, False, tensors, expr.span)
    if not piped:
        return None
    return Stage(partially(layer, expr.arguments, scope, evaluate), base, False, (), expr.span)


def _is_layer(call: tree.Call, scope: Scope) -> bool:
    return _layer(call.function, scope) is not None or _unknown(call.function, scope)


def _layer(expr: tree.Expr, scope: Scope) -> Partial | None:
    """The layer of a name, a member of a file, or an element of a list of layers."""
    if isinstance(expr, tree.Subscript):
        value = element_of(expr, scope)
        return value if isinstance(value, Partial) else None
    return layer_value(expr, scope)


def _instance_called(
    layer: Partial | None, base: str, shared: bool, expr: tree.Call, scope: Scope
) -> Stage:
    tensors = []
    values = [each for each in expr.arguments if isinstance(each, tree.Argument)]
    if shared and values and not any(holds_tensor(each.value, scope) for each in values):
        _report_values(base, expr, scope)
        return Stage(None, base, True, (), expr.span)
    for each in expr.arguments:
        if isinstance(each, tree.Argument) and each.name is None:
            tensors.append(each.value)
        else:
            text = "an instance takes tensors, one after the other"
            scope.report.error(
                "E0401", text, each.span, "parameters are set where the instance is made"
            )
            layer = None
    return Stage(layer, base, shared, tuple(tensors), expr.span)


def _report_values(base: str, expr: tree.Call, scope: Scope) -> None:
    """`let f = Block` and then `f(16)`."""
    given = expr.arguments[0].span.to(expr.arguments[-1].span)
    scope.report.error(
        "E0401",
        f"`{base}` is an instance: in its parentheses stand tensors",
        given,
        "this is no tensor",
        notes=(f"parameters are given where it is made, `let {base} = …({given.text})`",),
        help=(Help(f"write `{base}` alone, and give it its parameters in its `let`"),),
    )


def _unknown(expr: tree.Expr, scope: Scope) -> bool:
    """Whether an error was reported, or the layer is a parameter that is not set."""
    if isinstance(expr, tree.Member):
        return not isinstance(member_of(expr, scope), BuiltIn)
    if isinstance(expr, tree.Subscript):
        return element_of(expr, scope) is UNKNOWN
    entry = scope.lookup(expr.text) if isinstance(expr, tree.Name) else None
    return entry is UNKNOWN or isinstance(entry, Faulty)


def _is_shared(expr: tree.Expr, scope: Scope) -> bool:
    return isinstance(expr, tree.Name) and expr.text in scope.instances.names


def _base(expr: tree.Expr) -> str:
    match expr:
        case tree.Name(text=text) | tree.Member(name=tree.Name(text=text)):
            return text
        case tree.Subscript(value=tree.Name(text=text)):
            return text
        case _:
            return "layer"


# ---------------------------------------------------------------- applying


def applied(stage: Stage, given: Sequence[Given], scope: Scope) -> list[Value] | None:
    """The results of a layer; None after a report, or where they are not known while checking."""
    if stage.layer is None:
        return None
    name = _attribute(stage, scope)
    callee = _callee(stage, name, given, scope)
    if callee is None or not _enough(stage, callee, given, scope):
        return None
    found = fit(callee.interface, [each.sizes for each in given])
    if isinstance(found, Misfit):
        _report_misfit(stage, callee, given, found, scope)
        return None
    if _vanishes(stage, found, given, scope):
        return None
    results = [_axes(callee, k, sizes, given, scope) for k, sizes in enumerate(found)]
    if callee.body is None:
        return [opaque(scope, [mode for axis in axes for mode in axis]) for axes in results]
    instance = _instance(stage, name, callee, scope.instances)
    operands, call = [each.value for each in given], scope.instances.next_call()
    axes_given = tuple(each.axes for each in given)
    return [
        scope.build.make(
            Apply(instance, call, axes_given, axes, k, len(results)), operands, stage.span
        )
        for k, axes in enumerate(results)
    ]


def _vanishes(stage: Stage, results: Sequence[Sizes], given: Sequence[Given], scope: Scope) -> bool:
    """E0303: nothing is left of an axis."""
    for sizes in results:
        if any(size.value is not None and size.value < 1 for size in sizes):
            gone = ", ".join(shown(size) for size in sizes)
            scope.report.error(
                "E0303",
                f"nothing is left of {given[0].shown} after `{stage.shown}`",
                stage.span,
                f"would give [{gone}]",
                Label(given[0].span, f"gives [{', '.join(map(shown, given[0].sizes))}]"),
            )
            return True
    return False


def _attribute(stage: Stage, scope: Scope) -> str:
    """What the module calls the instance."""
    if stage.shared:
        return scope.instances.names[stage.base]
    name = scope.instances.next_name(stage.base)
    if (other := scope.spans.get(name)) is not None:
        scope.report.error(
            "E0104",
            f"`{name}` is declared twice: an inline `{stage.base}` is called so in the module",
            stage.span,
            f"this is `{name}`",
            Label(other, "and so is this"),
        )
    return name


def _instance(stage: Stage, name: str, callee: Callee, instances: Instances) -> Instance:
    assert callee.body is not None
    if not stage.shared:
        return Instance(name, callee.body, stage.span)
    return instances.shared.setdefault(name, Instance(name, callee.body, stage.span))


def _callee(stage: Stage, name: str, given: Sequence[Given], scope: Scope) -> Callee | None:
    assert stage.layer is not None
    definition = stage.layer.definition
    called = {name, stage.base, definition.name}
    settings, below = scope.library.inside(scope.overrides, definition, called)
    merged = {**stage.layer.given, **settings}
    order = [param.name.text for param in definition.params]
    partial = Partial(definition, tuple((each, merged[each]) for each in order if each in merged))
    if not _complete(stage, partial, scope):
        return None
    extern = isinstance(definition.node, tree.Extern)
    ranks = tuple(len(each.axes) for each in given) if extern else ()
    try:
        return scope.library.callee(Wanted(partial, below, ranks, scope.checking), stage.span)
    except Recursion as recursion:
        names = [f"`{each.name}`" for each in recursion.cycle]
        closed = recursion.cycle[0] is recursion.cycle[-1]
        scope.report.error(
            "E0404",
            f"layer {names[0]} contains itself" if closed else "layers are nested too deeply",
            stage.span,
            "called here",
            Label(recursion.cycle[0].node.name.span, "declared here"),
            notes=(f"{' contains '.join(names)}",),
        )
        return None


def _complete(stage: Stage, partial: Partial, scope: Scope) -> bool:
    given = partial.given
    lacking = [
        param.name
        for param in partial.definition.params
        if param.default is None and param.name.text not in given
    ]
    for name in lacking[:1]:
        listed = ", ".join(f"`{each.text}`" for each in lacking)
        scope.report.error(
            "E0106",
            f"`{partial.definition.name}` needs {listed}",
            stage.span,
            "not given here",
            Label(name.span, "declared here, without a default"),
            help=(Help(f"write `{stage.base}({name.text}: …)`"),),
        )
    return not lacking


def _enough(stage: Stage, callee: Callee, given: Sequence[Given], scope: Scope) -> bool:
    wanted = len(callee.interface.inputs)
    if wanted == len(given):
        return True
    inputs = ", ".join(f"`{each.name}`" for each in callee.interface.inputs)
    takes = "one tensor" if wanted == 1 else f"{wanted} tensors"
    scope.report.error(
        "E0309",
        f"`{stage.shown}` takes {takes} ({inputs}), {len(given)} given",
        stage.span,
        "what it takes and what it gets differ in number",
        help=(Help("apply an instance: `f(x, y)`"),) if wanted > 1 else (),
    )
    return False


def _axes(callee: Callee, output: int, sizes: Sizes, given: Sequence[Given], scope: Scope) -> Axes:
    """The axes of a result: the modes of the input where those are kept, else places."""
    if callee.pointwise:
        return given[0].axes
    labels: Sequence[int | None] = [None] * len(sizes)
    if given:
        labels = followed(callee.interface, output, len(sizes), len(given[0].axes))
    return tuple((_mode(k, size, given, labels[k], scope),) for k, size in enumerate(sizes))


def _mode(k: int, size: Size, given: Sequence[Given], place: int | None, scope: Scope) -> Mode:
    label = None
    if place is not None and len(given[0].axes[place]) == 1:
        label = scope.positions.label(given[0].axes[place][0].name)
    return scope.positions.mode(k, size, label)


def _report_misfit(
    stage: Stage, callee: Callee, given: Sequence[Given], misfit: Misfit, scope: Scope
) -> None:
    """E0309, with both stages."""
    before = given[misfit.input]
    shape = callee.interface.inputs[misfit.input]
    axes = ", ".join(" ".join(str(mode) for mode in axis) for axis in shape.axes)
    if misfit.axis is None or misfit.expected is None or misfit.found is None:
        count = len(before.axes)
        text = f"takes `{shape.name}[{axes}]`, but {before.shown} has {count} axes"
        found = ", ".join(shown(size) for size in before.sizes)
    else:
        expected, found = shown(misfit.expected), shown(misfit.found)
        text = f"takes size {expected} in `{misfit.mode}` (axis {misfit.axis}), "
        text += f"but {before.shown} gives {found}"
        found = ", ".join(shown(size) for size in before.sizes)
    scope.report.error(
        "E0309",
        f"`{stage.shown}` {text}",
        stage.span,
        f"takes `{shape.name}[{axes}]`",
        Label(before.span, f"gives [{found}]"),
    )
