"""Layers as values: which one an expression means, and with which of its parameters given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from tnc.diagnostics import Label, Span, did_you_mean
from tnc.elaborate.definitions import UNKNOWN, Constant, Definition, FileNames, Imported, Partial
from tnc.elaborate.names import FAULTY, Names, Tensor
from tnc.elaborate.types import fits, type_text
from tnc.elaborate.values import literal, type_name
from tnc.syntax import tree

Evaluate: TypeAlias = Callable[[tree.Expr, Names], Constant]


def member_of(expr: tree.Member, scope: Names) -> Imported | None:
    """What `tt.Linear` means, `tt` being an imported file; None after a report."""
    outer = _file(expr.value, scope)
    if outer is None:
        return None
    found = outer.public(expr.name.text)
    if found is None and expr.name.text not in outer.poisoned:
        scope.report.error(
            "E0103",
            f"`{outer.module}` has no `{expr.name.text}`",
            expr.name.span,
            "not found",
            help=did_you_mean(expr.name.span, outer.offered),
        )
    return found


def _file(expr: tree.Expr, scope: Names) -> FileNames | None:
    if isinstance(expr, tree.Member):
        inner = member_of(expr, scope)
        return inner if isinstance(inner, FileNames) else None
    if not isinstance(expr, tree.Name):
        scope.report.error(
            "E0103", "expected the name of an imported file", expr.span, "not a name"
        )
        return None
    found = scope.file.imported.get(expr.text)
    if isinstance(found, FileNames):
        return found
    if scope.lookup(expr.text) is not FAULTY:
        tensor = isinstance(scope.lookup(expr.text), Tensor)
        what = "is a tensor" if tensor else "is no imported file"
        notes = ("functions are applied as in `relu(x)`",) if tensor else ()
        text = f"`{expr.text}` {what}, so it has no members"
        scope.report.error("E0103", text, expr.span, "nothing is in it", notes=notes)
    return None


def layer_value(expr: tree.Expr, scope: Names) -> Partial | None:
    """The layer that a name or a member stands for; None where it is none, without a report
    unless the member does not exist."""
    if isinstance(expr, tree.Member):
        member_of(expr, scope)  # for its errors
    return layer_of(expr, scope)


def layer_of(expr: tree.Expr, scope: Names) -> Partial | None:
    """As `layer_value`, and nothing is reported."""
    found: object = None
    match expr:
        case tree.Name(text=text):
            found = scope.lookup(text)
        case tree.Member(value=value, name=name):
            outer = _outer(value, scope)
            found = outer.public(name.text) if isinstance(outer, FileNames) else None
        case _:
            pass
    if isinstance(found, Definition):
        return Partial(found)
    return found if isinstance(found, Partial) else None


def _outer(expr: tree.Expr, scope: Names) -> object:
    match expr:
        case tree.Name(text=text):
            return scope.file.imported.get(text)
        case tree.Member(value=value, name=name):
            outer = _outer(value, scope)
            return outer.public(name.text) if isinstance(outer, FileNames) else None
        case _:
            return None


# ---------------------------------------------------------------- parameters


def partially(
    base: Partial,
    arguments: Sequence[tree.Argument | tree.Generator],
    scope: Names,
    evaluate: Evaluate,
) -> Partial | None:
    """The layer with further parameters given: by place, those that are still free in order, and
    by name, which replaces what was given before. None after a report."""
    given = base.given
    free = [param for param in base.definition.params if param.name.text not in given]
    named: dict[str, Span] = {}
    sound = True
    for place, argument in enumerate(arguments):
        param = _param(base, argument, place, free, scope)
        if param is None or isinstance(argument, tree.Generator):
            sound = False
            continue
        name = param.name.text
        if name in named:
            text = f"parameter `{name}` is given twice"
            scope.report.error(
                "E0104", text, argument.span, "again here", Label(named[name], "first here")
            )
            sound = False
        named[name] = argument.span
        value = evaluate(argument.value, scope)
        sound = _typed(value, param, argument, scope) and sound
        given[name] = value
    order = [param.name.text for param in base.definition.params]
    settings = tuple((name, given[name]) for name in order if name in given)
    return Partial(base.definition, settings) if sound else None


def _param(
    base: Partial,
    argument: tree.Argument | tree.Generator,
    place: int,
    free: Sequence[tree.Param],
    scope: Names,
) -> tree.Param | None:
    if isinstance(argument, tree.Generator):
        scope.report.error(
            "E0401", "a parameter takes one value", argument.span, "stands for several values"
        )
        return None
    params = {param.name.text: param for param in base.definition.params}
    if argument.name is not None:
        if argument.name.text in params:
            return params[argument.name.text]
        _unknown(base, argument.name, params, scope)
    elif place < len(free):
        return free[place]
    else:
        known = ", ".join(f"`{name}`" for name in params) or "none"
        scope.report.error(
            "E0105",
            f"`{base.definition.name}` takes no further parameter",
            argument.span,
            f"number {place + 1}",
            notes=(f"its parameters: {known}",),
        )
    return None


def _unknown(base: Partial, name: tree.Name, params: dict[str, tree.Param], scope: Names) -> None:
    node = base.definition.node
    if isinstance(node, tree.Layer) and node.incomplete:
        return
    known = ", ".join(f"`{each}`" for each in params) or "none"
    scope.report.error(
        "E0105",
        f"`{base.definition.name}` has no parameter `{name.text}`",
        name.span,
        "unknown",
        Label(node.name.span, "declared here"),
        notes=(f"its parameters: {known}",),
        help=did_you_mean(name.span, params),
    )


def _typed(value: Constant, param: tree.Param, argument: tree.Argument, scope: Names) -> bool:
    if param.type is None or value is UNKNOWN or fits(value, param.type):
        return True
    wanted, found = type_text(param.type), type_name(value)
    scope.report.error(
        "E0401",
        f"parameter `{param.name.text}`: expected `{wanted}`, found `{found}`",
        argument.value.span,
        f"this is `{literal(value)}`",
        Label(param.name.span, "declared here"),
    )
    return False
