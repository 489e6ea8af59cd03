"""The layers that a test asks about, with the shapes of their inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from tnc.diagnostics import Label
from tnc.elaborate.definitions import UNKNOWN, Partial
from tnc.elaborate.evaluate import evaluate
from tnc.elaborate.interfaces import Callee, Misfit, Sizes, fit, run_time
from tnc.elaborate.library import Library, Recursion, Wanted
from tnc.elaborate.names import Names
from tnc.elaborate.values import literal, type_name
from tnc.ir.layer import Layer
from tnc.ir.size import Size
from tnc.record import record
from tnc.syntax import tree

Shapes: TypeAlias = tuple[tuple[int, ...], ...]
"""The shape of each input."""

FORMS = {
    "params": "params(L(R: 4))",
    "macs": "macs(L(R: 4), [2, 3])",
    "shape": "shape(L(R: 4), [2, 3])",
    "close": "close(a, b, tol: 1e-6)",
    "gradcheck": "gradcheck(L(R: 4), [2, 3])",
}
"""How each is asked."""


@record
class Subject:
    """A layer with all its parameters, and the shapes of inputs that it takes."""

    callee: Callee
    shapes: Shapes
    results: Sequence[Sizes]

    @property
    def binding(self) -> dict[str, int]:
        given = [tuple(map(Size.of, shape)) for shape in self.shapes]
        found = run_time(self.callee.interface, given)
        return {symbol: size.evaluate({}) for symbol, size in found.items()}


@record
class Subjects:
    """Finds subjects in what a test says."""

    library: Library

    def layer(self, call: tree.Call, scope: Names) -> Callee | None:
        """The layer of a question that is asked of nothing else."""
        given = positional(call, 1, 1, scope)
        partial = self._partial(given[0], call, scope) if given else None
        if partial is None or _is_extern(partial, call, scope):
            return None
        return self._callee(partial, (), call, scope)

    def with_inputs(self, call: tree.Call, scope: Names, ours: bool = False) -> Subject | None:
        """The layer, which is no extern if it must be `ours`, and its inputs; None after a report,
        or where they are not known."""
        given = positional(call, 1, None, scope)
        partial = self._partial(given[0], call, scope) if given else None
        if given is None or partial is None or (ours and _is_extern(partial, call, scope)):
            return None
        shapes = [_shape(each, scope) for each in given[1:]]
        known = tuple(each for each in shapes if each is not None)
        if len(known) < len(shapes):
            return None
        callee = self._callee(partial, tuple(map(len, known)), call, scope)
        results = None if callee is None else _results(callee, known, partial, call, scope)
        if callee is None or results is None:
            return None
        return Subject(callee, known, results)

    def _partial(self, expr: tree.Expr, call: tree.Call, scope: Names) -> Partial | None:
        value = evaluate(expr, scope)
        if isinstance(value, Partial):
            return _complete(value, expr, scope)
        if value is not UNKNOWN:
            text = f"`{call.function.span.text}` takes a layer, not `{type_name(value)}`"
            scope.report.error("E0401", text, expr.span, "not a layer")
        return None

    def _callee(
        self, partial: Partial, ranks: tuple[int, ...], call: tree.Call, scope: Names
    ) -> Callee | None:
        extern = isinstance(partial.definition.node, tree.Extern)
        wanted = Wanted(partial, (), ranks if extern else (), scope.checking)
        try:
            return self.library.callee(wanted, call.span)
        except Recursion as recursion:
            names = " contains ".join(f"`{each.name}`" for each in recursion.cycle)
            scope.report.error(
                "E0404", "this layer contains itself", call.span, "asked for here", notes=(names,)
            )
            return None


def _results(
    callee: Callee, shapes: Shapes, partial: Partial, call: tree.Call, scope: Names
) -> Sequence[Sizes] | None:
    name, wanted = partial.definition.name, callee.interface.inputs
    if len(wanted) != len(shapes):
        inputs = ", ".join(f"`{each.name}`" for each in wanted)
        takes = "1 input" if len(wanted) == 1 else f"{len(wanted)} inputs"
        text = f"`{name}` takes {takes} ({inputs}), shapes of {len(shapes)} are given"
        scope.report.error("E0309", text, call.span, "a shape for every input")
        return None
    found = fit(callee.interface, [tuple(map(Size.of, shape)) for shape in shapes])
    if isinstance(found, Misfit):
        given = call.arguments[1 + found.input]
        _report_misfit(found, name, callee, given, scope)
        return None
    return None if any(size.symbols for sizes in found for size in sizes) else found


def _is_extern(partial: Partial, call: tree.Call, scope: Names) -> bool:
    """Whether a report was made of a layer that is none of ours."""
    definition = partial.definition
    extern = isinstance(definition.node, tree.Extern)
    if extern:
        text = f"`{call.function.span.text}` takes a layer, `{definition.name}` is an extern"
        scope.report.error(
            "E0401", text, call.span, "PyTorch makes it, so nothing is known of it before it runs"
        )
    return extern


def own(callee: Callee) -> Layer:
    assert isinstance(callee.body, Layer)
    return callee.body


def _complete(partial: Partial, expr: tree.Expr, scope: Names) -> Partial | None:
    given = partial.given
    definition = partial.definition
    lacking = [each for each in definition.params if each.default is None]
    lacking = [each for each in lacking if each.name.text not in given]
    if not lacking:
        return partial
    scope.report.error(
        "E0106",
        f"`{definition.name}` needs {', '.join(f'`{each.name.text}`' for each in lacking)}",
        expr.span,
        "not given here",
        Label(lacking[0].name.span, "declared here, without a default"),
    )
    return None


def _shape(expr: tree.Expr, scope: Names) -> tuple[int, ...] | None:
    value = evaluate(expr, scope)
    if value is UNKNOWN:
        return None
    items = value if isinstance(value, tuple) else ()
    found = tuple(each for each in items if isinstance(each, int) and not isinstance(each, bool))
    if isinstance(value, tuple) and len(found) == len(value) and min(found, default=1) > 0:
        return found
    if UNKNOWN not in items:
        text = f"the shape of an input is a list such as `[2, 3]`, not `{literal(value)}`"
        scope.report.error("E0401", text, expr.span, "not a list of sizes")
    return None


def _report_misfit(
    misfit: Misfit, name: str, callee: Callee, shape: tree.Node, scope: Names
) -> None:
    wanted = callee.interface.inputs[misfit.input]
    axes = ", ".join(" ".join(str(mode) for mode in axis) for axis in wanted.axes)
    what = "another number of axes"
    if misfit.axis is not None:
        what = f"size {misfit.expected} in `{misfit.mode}` (axis {misfit.axis})"
    scope.report.error(
        "E0309",
        f"`{name}` takes {what}",
        shape.span,
        f"it takes `{wanted.name}[{axes}]`",
    )


# ---------------------------------------------------------------- arguments


def is_named(argument: tree.Argument | tree.Generator) -> bool:
    return isinstance(argument, tree.Argument) and argument.name is not None


def positional(
    call: tree.Call, least: int, most: int | None, scope: Names, named: bool = False
) -> list[tree.Expr] | None:
    """The arguments without names, if there are as many as there should be."""
    found = [
        each.value
        for each in call.arguments
        if isinstance(each, tree.Argument) and each.name is None
    ]
    others = sum(not (named and is_named(each)) for each in call.arguments) - len(found)
    if others or len(found) < least or (most is not None and len(found) > most):
        name = call.function.span.text
        takes = FORMS[name]
        scope.report.error("E0401", f"`{name}` is asked as `{takes}`", call.span, "other arguments")
        return None
    return found
