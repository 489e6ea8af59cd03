"""Results without named axes: which expressions give one, and how these meet others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tnc.diagnostics import Label, Span
from tnc.diagnostics.diagnostic import Help
from tnc.elaborate.definitions import Partial
from tnc.elaborate.evaluate import element_of
from tnc.elaborate.modes import written
from tnc.elaborate.names import Tensor
from tnc.elaborate.operands import opened
from tnc.elaborate.partial import layer_of
from tnc.elaborate.products import renamed
from tnc.elaborate.regroup import Regrouped, regrouped
from tnc.elaborate.roles import Wanted
from tnc.elaborate.scope import Scope
from tnc.elaborate.sizes import differ, shown
from tnc.ir.graph import Value
from tnc.ir.layer import Axes
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.ops import Apply
from tnc.syntax import tree


def positional(expr: tree.Expr, scope: Scope) -> bool:
    """Whether the axes of a tensor are known by their places alone: those of what a layer gives,
    and of what pointwise functions and sums make of it."""
    match opened(expr, scope):
        case tree.Name(text=text):
            entry = scope.lookup(text)
            return isinstance(entry, Tensor) and entry.positional
        case tree.Pipe(stage=tree.Repeat()):
            return True
        case tree.Pipe(value=value, stage=stage):
            called = stage.function if isinstance(stage, tree.Call) else stage
            return _gives_places(called, scope) or positional(value, scope)
        case tree.Call(function=function, arguments=arguments):
            if _gives_places(function, scope):
                return True
            values = [each.value for each in arguments if isinstance(each, tree.Argument)]
            return any(positional(value, scope) for value in values)
        case tree.Binary(left=left, right=right):
            return positional(left, scope) or positional(right, scope)
        case tree.Unary(operand=operand):
            return positional(operand, scope)
        case tree.If(then=then, otherwise=otherwise):
            return positional(then, scope) or positional(otherwise, scope)
        case _:
            return False


def _gives_places(function: tree.Expr, scope: Scope) -> bool:
    if isinstance(function, tree.Call):
        return True
    layer: object = layer_of(function, scope)
    if isinstance(function, tree.Subscript):
        layer = element_of(function, scope)
    return isinstance(layer, Partial) and not layer.definition.pointwise


def axes_of(expr: tree.Expr, value: Value, scope: Scope) -> Axes:
    """The physical axes of a tensor as it is written; merged ones stay merged."""
    match opened(expr, scope):
        case tree.Name(text=text):
            entry = scope.lookup(text)
            if isinstance(entry, Tensor):
                return entry.axes
        case tree.Pipe(value=inner):
            found = axes_of(inner, value, scope)
            if [mode for axis in found for mode in axis] == list(value.type.modes):
                return found
        case _:
            pass
    return tuple((mode,) for mode in value.type.modes)


# ---------------------------------------------------------------- by position


def placed(value: Value, wanted: Wanted, span: Span, scope: Scope) -> Value | None:
    """The value with the wanted modes, place by place; None after a report. A place may be given
    several modes, `[n, (m, c)]`, which split it row-major."""
    old, new = value.type.modes, wanted.axes
    if len(old) != len(new):
        scope.report.error(
            "E0306",
            f"this has {len(old)} axes, `{wanted.node.span.text}` has {len(new)}",
            span,
            f"has {len(old)} axes",
            Label(wanted.node.span, "the modes that are wanted"),
        )
        return None
    for k, (mode, axis) in enumerate(zip(old, new, strict=True)):
        size = Size.product(each.size for each in axis)
        if differ(mode.size, size):
            _report_size(k, mode, axis, size, value, wanted, span, scope)
            return None
    if all(len(axis) == 1 for axis in new):
        return renamed(scope, value, {a.name: b[0] for a, b in zip(old, new, strict=True)}, span)
    if isinstance(value.op, Apply):  # what a layer gives can be read so without a step
        return scope.build.make(replace(value.op, axes=new), value.operands, span)
    pairs = [Regrouped((mode,), axis) for mode, axis in zip(old, new, strict=True)]
    return regrouped(scope, value, pairs, span)


def _report_size(
    k: int,
    mode: Mode,
    axis: tuple[Mode, ...],
    size: Size,
    value: Value,
    wanted: Wanted,
    span: Span,
    scope: Scope,
) -> None:
    """E0301"""
    single = next(each for each in wanted.singles if each.key == axis[0].name)
    names = ", ".join(f"`{scope.modes.shown(each.name)}`" for each in axis)
    have = f"mode {names} has size" if len(axis) == 1 else f"modes {names} have together size"
    scope.report.error(
        "E0301",
        f"{have} {shown(size)}, but axis {k} has size {shown(mode.size)}",
        written(wanted.node, single),
        f"names axis {k}",
        Label(span, f"gives [{', '.join(shown(each.size) for each in value.type.modes)}]"),
    )


def aligned(
    values: Sequence[Value], exprs: Sequence[tree.Expr], scope: Scope
) -> list[Value] | None:
    """The tensors that a sum or a function joins, with common modes place by place, where one of
    them has no named axes; None after a report."""
    if not any(positional(expr, scope) for expr in exprs):
        return list(values)
    first = values[0].type.modes
    for value, expr in zip(values[1:], exprs[1:], strict=True):
        if _differs(first, value.type.modes):
            _report(first, value.type.modes, exprs[0].span, expr.span, scope)
            return None
    return [_in_places(value, expr.span, scope) for value, expr in zip(values, exprs, strict=True)]


def _differs(one: Sequence[Mode], other: Sequence[Mode]) -> bool:
    return len(one) != len(other) or any(
        differ(a.size, b.size) for a, b in zip(one, other, strict=True)
    )


def _report(
    one: Sequence[Mode], other: Sequence[Mode], first: Span, second: Span, scope: Scope
) -> None:
    sizes = [f"[{', '.join(shown(mode.size) for mode in modes)}]" for modes in (one, other)]
    scope.report.error(
        "E0306",
        f"tensors without named axes meet axis by axis: {sizes[0]} and {sizes[1]} do not fit",
        second,
        f"this is {sizes[1]}",
        Label(first, f"this is {sizes[0]}"),
        help=(Help("name the axes: `let f[n, c] = x |> …`"),) if len(one) != len(other) else (),
    )


def _in_places(value: Value, span: Span, scope: Scope) -> Value:
    modes = {
        mode.name: scope.positions.mode(k, mode.size, scope.positions.label(mode.name))
        for k, mode in enumerate(value.type.modes)
    }
    return renamed(scope, value, modes, span)
