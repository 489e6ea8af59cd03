"""Functions of tensors: pointwise ones, `softmax(z, over: u)`, `mask(…)`, `sum(x, over: m)`."""

from __future__ import annotations

from collections.abc import Sequence

from tnc.diagnostics import Label, Span
from tnc.diagnostics.diagnostic import Edit, Help
from tnc.elaborate.definitions import BuiltIn, Partial
from tnc.elaborate.evaluate import element_of, number, options, undefined_function
from tnc.elaborate.masks import masked
from tnc.elaborate.modes import written
from tnc.elaborate.names import Faulty
from tnc.elaborate.operands import holds_tensor, is_sum
from tnc.elaborate.partial import layer_of, member_of
from tnc.elaborate.pipes import Valuation, one, results
from tnc.elaborate.places import aligned
from tnc.elaborate.products import contracted, scaled
from tnc.elaborate.roles import Factor, Flow, Inside, Wanted
from tnc.elaborate.scope import Scope
from tnc.ir.graph import Value
from tnc.ir.scalar import Scalar
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.ops import Call
from tnc.ops.call import FUNCTIONS, Function, foreign
from tnc.record import record
from tnc.syntax import tree

BOUNDS: dict[str, str] = {"maximum": "at_least", "minimum": "at_most"}
MEANS = frozenset({"mean", "avgpool"})
ALIASES: dict[str, str] = {"maxpool": "amax"}
TENSOR_FUNCTIONS = frozenset({*FUNCTIONS, *MEANS, *ALIASES, "sum", "mask"}) - {
    "shift",
    *BOUNDS.values(),
}


@record
class Application:
    """A call with its arguments sorted: tensors, then numbers and options."""

    call: tree.Call
    name: str
    function: Function | None
    tensors: tuple[tree.Expr, ...]
    others: tuple[tree.Argument | tree.Generator, ...]

    @property
    def span(self) -> Span:
        return self.call.span

    @property
    def inside(self) -> Inside:
        return Inside(f"`{self.name}(…)`")


def call(
    expr: tree.Call | tree.Pipe, flow: Flow, shared: bool, value_of: Valuation, scope: Scope
) -> tuple[Value | None, bool]:
    """The value, and whether what is wanted has flowed into it."""
    found = results(expr, flow, value_of, scope)
    if found is not None:
        return one(found, expr, scope), found.flowed
    applied = _application(expr, scope)
    if applied is None:
        if isinstance(expr, tree.Pipe) and isinstance(expr.value, tree.Pipe):
            value_of(expr.value, Inside("a pipe"), scope, False)  # for its errors
        return None, False
    function = applied.function
    if function is not None and function.kind == "pointwise":
        return _pointwise(applied, function, flow, shared, value_of, scope), True
    if applied.name == "sum" and is_sum(applied.call):
        return value_of(applied.call, flow, scope, shared), True
    operand = _operand(applied, value_of, scope)
    if operand is None:
        for each in applied.others:
            if isinstance(each, tree.Argument) and each.name and each.name.text == "over":
                scope.modes.referred(each.value, scope)  # for its errors
        return None, False
    if applied.name == "mask":
        return masked(applied.call, operand, applied.others, scope), False
    over = _over(applied, operand, scope)
    if over is None:
        return None, False
    keep = operand.type.modes
    if function is None or function.kind == "reduce":
        if isinstance(flow, Wanted) and not shared and _keeps(flow, over, applied, scope):
            return None, False
        keep = tuple(mode for mode in keep if mode not in over)
    if function is None:
        total = contracted(scope, [Factor(operand, applied.span)], keep, applied.span)
        return (_mean(total, over, scope) if applied.name in MEANS else total), False
    made = Call(function.name, keep, over)
    return scope.build.make(made, (operand,), applied.span), False


# ---------------------------------------------------------------- what is called


def _application(expr: tree.Call | tree.Pipe, scope: Scope) -> Application | None:
    called, arguments = _called(expr)
    name = function_name(called, scope)
    if name is None:
        return None
    positional = [
        argument.value
        for argument in arguments
        if isinstance(argument, tree.Argument) and argument.name is None
    ]
    if name == "mask":
        tensors = tuple(positional[:1])
    else:
        tensors = tuple(each for each in positional if holds_tensor(each, scope))
    places = {id(tensor) for tensor in tensors}
    others = tuple(
        each
        for each in arguments
        if isinstance(each, tree.Generator) or id(each.value) not in places
    )
    at = expr.stage if isinstance(expr, tree.Pipe) else expr
    made = tree.Call(at.span, called, arguments)
    function = FUNCTIONS.get(ALIASES.get(name, name)) or (foreign(name) if "." in name else None)
    return Application(made, name, function, tensors, others)


def _called(
    expr: tree.Call | tree.Pipe,
) -> tuple[tree.Expr, tuple[tree.Argument | tree.Generator, ...]]:
    if isinstance(expr, tree.Call):
        return expr.function, expr.arguments
    piped = tree.Argument(expr.value.span, None, expr.value)
    if isinstance(expr.stage, tree.Call):
        return expr.stage.function, (piped, *expr.stage.arguments)
    return expr.stage, (piped,)


def function_name(called: tree.Expr, scope: Scope) -> str | None:
    """The function of tensors that is meant, in the words of `FUNCTIONS`, or the dotted name of
    Python's; None after a report."""
    layer = layer_of(called, scope)
    if layer is not None and layer.definition.function is not None:
        return layer.definition.function
    if isinstance(called, tree.Member):
        found = member_of(called, scope)
        if isinstance(found, BuiltIn):
            return found.name
        if found is not None:
            _no_function(called, scope)
        return None
    if isinstance(called, tree.Subscript):
        element = element_of(called, scope)
        if isinstance(element, BuiltIn):
            return element.name
        if isinstance(element, Partial) and element.definition.function is not None:
            return element.definition.function
    if not isinstance(called, tree.Name):
        _no_function(called, scope)
        return None
    entry = scope.lookup(called.text)
    if isinstance(entry, BuiltIn):
        return entry.name
    if called.text in TENSOR_FUNCTIONS and layer is None and called.text not in scope.names:
        return called.text
    if layer is not None or called.text in scope.names or scope.is_tensor(called.text):
        _no_function(called, scope)
        return None
    undefined_function(called, TENSOR_FUNCTIONS, scope)
    return None


def _no_function(called: tree.Expr, scope: Scope) -> None:
    """E0103: something else is called like a function of tensors."""
    name = called.span.text
    if isinstance(called, tree.Name) and isinstance(scope.lookup(called.text), Faulty):
        return
    if isinstance(called, tree.Name) and scope.is_tensor(called.text):
        scope.report.error(
            "E0103",
            f"`{name}` is a tensor, not a function",
            called.span,
            "a function such as `relu` belongs before the parentheses",
        )
    elif layer_of(called, scope) is not None:
        scope.report.error(
            "E0401",
            f"`{name}` is a layer: what stands in its parentheses are parameters",
            called.span,
            "no tensor yet",
            help=(Help(f"apply it: `x |> {name}(…)`"),),
        )
    else:
        scope.report.error(
            "E0103",
            f"`{name}` is no function of tensors",
            called.span,
            "functions of tensors are built in, or declared by an `extern`",
        )


# ---------------------------------------------------------------- pointwise functions


def _pointwise(
    applied: Application,
    function: Function,
    flow: Flow,
    shared: bool,
    value_of: Valuation,
    scope: Scope,
) -> Value | None:
    bound = BOUNDS.get(function.name) if len(applied.tensors) == 1 else None
    if bound is not None:
        function = FUNCTIONS[bound]
    if len(applied.tensors) != function.arity:
        _report_arity(applied, function.arity, scope)
        return None
    inner = flow if isinstance(flow, Wanted) else applied.inside
    several = shared or len(applied.tensors) > 1
    values = [value_of(each, inner, scope, several) for each in applied.tensors]
    chosen = _options(applied, function, scope)
    sound = [value for value in values if value is not None]
    if chosen is None or len(sound) != len(values):
        return None
    whole: Sequence[Value] | None = sound
    if isinstance(flow, Inside):
        whole = aligned(sound, applied.tensors, scope)
    if whole is None:
        return None
    present = dict.fromkeys(mode for value in whole for mode in value.type.modes)
    order = flow.modes if isinstance(flow, Wanted) else tuple(present)
    modes = tuple(mode for mode in order if mode in present)
    return scope.build.make(Call(function.name, modes, (), chosen), whole, applied.span)


def _options(
    applied: Application, function: Function, scope: Scope
) -> tuple[tuple[str, Scalar], ...] | None:
    """Numbers, by position or by name; defaults fill the rest."""
    names = [name for name, _ in function.options]
    positional = [
        each for each in applied.others if isinstance(each, tree.Argument) and each.name is None
    ]
    if len(positional) > len(names):
        _report_arity(applied, function.arity, scope)
        return None
    named = [each for each in applied.others if each not in positional]
    given = options(named, frozenset(names), applied.name, scope)
    given |= {name: each.value for name, each in zip(names, positional, strict=False)}
    values = {name: number(expr, scope) for name, expr in given.items()}
    return tuple(
        (name, values.get(name) or Scalar.of(default)) for name, default in function.options
    )


def _report_arity(applied: Application, arity: int, scope: Scope) -> None:
    tensors = "one tensor" if arity == 1 else f"{arity} tensors"
    text = f"`{applied.name}` takes {tensors}, {len(applied.tensors)} given"
    help = _several_modes(applied, scope)
    scope.report.error("E0401", text, applied.span, f"{len(applied.tensors)} given", help=help)


def _several_modes(applied: Application, scope: Scope) -> tuple[Help, ...]:
    """`mean(x, over: h, w)`: several modes are a list."""
    arguments = [each for each in applied.call.arguments if isinstance(each, tree.Argument)]
    named = [k for k, each in enumerate(arguments) if each.name and each.name.text == "over"]
    modes = [each.value for each in arguments[named[0] :]] if named else []
    if len(modes) < 2 or not all(_is_mode(each, scope) for each in modes):
        return ()
    first, last = modes[0].span, modes[-1].span
    text = f"[{', '.join(each.span.text for each in modes)}]"
    return (Help(f"several modes are a list: `over: {text}`", (Edit(first.to(last), text),)),)


def _is_mode(expr: tree.Expr, scope: Scope) -> bool:
    return isinstance(expr, tree.Name) and expr.text in scope.modes.names


# ---------------------------------------------------------------- functions over modes


def _operand(applied: Application, value_of: Valuation, scope: Scope) -> Value | None:
    if len(applied.tensors) != 1:
        _report_arity(applied, 1, scope)
        return None
    return value_of(applied.tensors[0], applied.inside, scope, False)


def _over(applied: Application, operand: Value, scope: Scope) -> tuple[Mode, ...] | None:
    """The modes after `over:`, which the operand must have."""
    given = options(applied.others, frozenset({"over"}), applied.name, scope)
    if "over" not in given:
        scope.report.error(
            "E0106",
            f"`{applied.name}` needs the modes it goes over",
            applied.span,
            "over which of its modes?",
            help=(Help(f"write `{applied.name}(…, over: m)`"),),
        )
        return None
    found = scope.modes.referred(given["over"], scope)
    if found is None:
        return None
    modes = [_continued(scope.sizes.mode(single), operand, scope) for single in found]
    for single, mode in zip(found, modes, strict=True):
        if mode not in operand.type:
            text = f"`{applied.name}` goes over `{single.shown}`, which its operand does not have"
            scope.report.error("E0205", text, given["over"].span, "no mode of the operand")
            return None
    return tuple(modes)


def _continued(mode: Mode, operand: Value, scope: Scope) -> Mode:
    """The mode itself, or in a pipe the axis that continues it."""
    if mode in operand.type:
        return mode
    labelled = [
        each for each in operand.type.modes if scope.positions.label(each.name) == mode.name
    ]
    return labelled[0] if labelled else mode


def _mean(total: Value, over: Sequence[Mode], scope: Scope) -> Value:
    count = Scalar.of(Size.product(mode.size for mode in over))
    return scaled(scope, total, Scalar.apply("/", Scalar.of(1), count))


def _keeps(wanted: Wanted, over: tuple[Mode, ...], applied: Application, scope: Scope) -> bool:
    """E0205: whether the result wants modes that are reduced, and nothing else can carry."""
    lost = [single for single in wanted.singles if scope.sizes.mode(single) in over]
    if lost:
        names = " and ".join(f"`{single.shown}`" for single in lost)
        scope.report.error(
            "E0205",
            f"`{applied.name}` goes over {names}, which the result keeps",
            applied.span,
            "reduced here",
            *(Label(written(wanted.node, single), "wanted here") for single in lost),
        )
    return bool(lost)
