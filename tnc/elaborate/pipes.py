"""Layers in equations, from the expression to the values: pipes, repetitions, calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from tnc.elaborate.definitions import UNKNOWN
from tnc.elaborate.evaluate import evaluate, indices
from tnc.elaborate.operands import opened
from tnc.elaborate.places import axes_of
from tnc.elaborate.roles import Flow, Inside, Wanted
from tnc.elaborate.scope import Scope
from tnc.elaborate.stages import Given, Stage, applied, stage_of
from tnc.elaborate.values import is_integer, type_name
from tnc.ir.graph import Value
from tnc.ir.layer import Foreign, Instance
from tnc.ops import Apply
from tnc.record import record
from tnc.syntax import tree

Valuation: TypeAlias = Callable[[tree.Expr, Flow, Scope, bool], Value | None]


@record
class Results:
    """What a layer gives; `values` is None after a report. `flowed`: the wanted modes have
    reached what is inside."""

    values: list[Value] | None
    flowed: bool = False


def results(
    expr: tree.Call | tree.Pipe, flow: Flow, value_of: Valuation, scope: Scope
) -> Results | None:
    """The results of the layer that an expression applies; None where it applies none."""
    if isinstance(expr, tree.Call):
        stage = stage_of(expr, scope, piped=False)
        return None if stage is None else _through(stage, [], flow, value_of, scope)
    if isinstance(expr.stage, tree.Repeat):
        return _repeated(expr, expr.stage, value_of, scope)
    stage = stage_of(expr.stage, scope, piped=True)
    return None if stage is None else _through(stage, [expr.value], flow, value_of, scope)


def one(found: Results, expr: tree.Expr, scope: Scope) -> Value | None:
    """The result where there is one; a report where there are several."""
    if not found.values:  # reported, or the layer has no output, which is reported there
        return None
    if len(found.values) != 1:
        scope.report.error(
            "E0309",
            f"this gives {len(found.values)} results",
            expr.span,
            "where one tensor is expected",
            notes=("bind them with `let a, b = …`",),
        )
        return None
    return found.values[0]


def _through(
    stage: Stage, before: list[tree.Expr], flow: Flow, value_of: Valuation, scope: Scope
) -> Results:
    keeps = stage.layer is not None and stage.layer.definition.pointwise
    inner: Flow = flow if keeps else Inside(f"`{stage.base or 'a layer'}(…)`")
    given = [_given(each, inner, value_of, scope) for each in (*before, *stage.tensors)]
    whole = [each for each in given if each is not None]
    if len(whole) != len(given):
        return Results(None)
    if stage.layer is None and whole and isinstance(flow, Wanted) and scope.library.sketching:
        return Results([_sketched(stage, whole, flow, scope)], flowed=True)
    return Results(applied(stage, whole, scope), keeps)


def _sketched(stage: Stage, given: list[Given], wanted: Wanted, scope: Scope) -> Value:
    """A layer that is a parameter without a value, where it can only be drawn: a block that gives
    what is wanted of it."""
    body = Foreign(stage.base, (), stage.span)
    instance = Instance(scope.instances.next_name(stage.base), body, stage.span)
    axes = tuple((mode,) for mode in wanted.modes)
    taken = tuple(each.axes for each in given)
    op = Apply(instance, scope.instances.next_call(), taken, axes, 0, 1)
    return scope.build.make(op, [each.value for each in given], stage.span)


def _given(expr: tree.Expr, flow: Flow, value_of: Valuation, scope: Scope) -> Given | None:
    value = value_of(expr, flow, scope, False)
    if value is None:
        return None
    last = opened(expr, scope)
    at = last.stage if isinstance(last, tree.Pipe) else last
    shown = f"`{' '.join(at.span.text.split())}`"
    return Given(value, axes_of(expr, value, scope), shown, at.span)


# ---------------------------------------------------------------- repetitions


def _repeated(expr: tree.Pipe, repeat: tree.Repeat, value_of: Valuation, scope: Scope) -> Results:
    given = _given(expr.value, Inside("a pipe"), value_of, scope)
    if given is None:
        return Results(None)
    for stage in _spread(repeat, scope):
        if stage is None or stage.tensors:
            text = "`repeat` takes a layer with one input"
            scope.report.error(
                "E0103", text, repeat.stage.span, "takes more than what comes through the pipe"
            )
            return Results(None)
        value = one(Results(applied(stage, [given], scope)), repeat.stage, scope)
        if value is None:
            return Results(None)
        axes = tuple((mode,) for mode in value.type.modes)
        given = Given(value, axes, f"`{stage.shown}`", repeat.stage.span)
    return Results([given.value])


def _spread(repeat: tree.Repeat, scope: Scope) -> Iterator[Stage | None]:
    if isinstance(repeat.stage, tree.Repeat):
        for inner in _scopes(repeat, scope):
            yield from _spread(repeat.stage, inner)
    else:
        for inner in _scopes(repeat, scope):
            yield stage_of(repeat.stage, inner, piped=True)


def _scopes(repeat: tree.Repeat, scope: Scope) -> Iterator[Scope]:
    """The scope of each round. While checking, an unknown number of rounds stands for one."""
    if repeat.binder is not None:
        yield from (inner for _, inner in indices(repeat.binder, scope))
        return
    assert repeat.count is not None
    count = evaluate(repeat.count, scope)
    if isinstance(count, int) and not isinstance(count, bool):
        if count < 0:
            text = f"`repeat` takes a whole number from 0, not {count}"
            scope.report.error("E0401", text, repeat.count.span, "how often?")
        yield from (scope for _ in range(count))
    elif scope.checking and (count is UNKNOWN or is_integer(count)):
        yield scope
    elif count is not UNKNOWN:
        text = f"`repeat` takes a whole number, not `{type_name(count)}`"
        scope.report.error("E0401", text, repeat.count.span, "how often?")
