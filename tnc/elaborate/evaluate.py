"""The value of an expression that is known when a layer is compiled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tnc.diagnostics import Span, did_you_mean
from tnc.elaborate.definitions import UNKNOWN, BuiltIn, Constant, Definition, FileNames, Partial
from tnc.elaborate.factorise import factorisation
from tnc.elaborate.names import Family, Faulty, Names, Tensor, Within, members
from tnc.elaborate.partial import layer_value, member_of, partially
from tnc.elaborate.reserved import misused
from tnc.elaborate.standard import suggested
from tnc.elaborate.values import (
    NUMBER_FUNCTIONS,
    UNSET,
    Mismatch,
    arithmetic,
    compare,
    extreme,
    function_of_number,
    is_integer,
    is_number,
    literal,
    simplified,
    type_name,
)
from tnc.ir.scalar import Scalar
from tnc.ir.size import Size
from tnc.ops.call import FUNCTIONS as OF_TENSORS
from tnc.syntax import tree

FUNCTIONS = frozenset({*NUMBER_FUNCTIONS, "len", "size", "factor", "min", "max", "rank", "sum"})
"""What can be called where a value is computed."""


def evaluate(expr: tree.Expr, scope: Names) -> Constant:
    """The value, or UNKNOWN: then an error was reported, or a parameter is not set."""
    try:
        return _evaluate(expr, scope)
    except Mismatch as mismatch:
        scope.report.error("E0401", str(mismatch), expr.span, "cannot be computed")
        return UNKNOWN


def _evaluate(expr: tree.Expr, scope: Names) -> Constant:
    match expr:
        case tree.Int(value=value) | tree.Float(value=value):
            return value
        case tree.String(value=value):
            return value
        case tree.Bool(value=value):
            return value
        case tree.Name():
            return named_value(expr, scope)
        case tree.Group(items=(item,)):
            return evaluate(item, scope)
        case tree.Group(items=items) | tree.ListExpr(items=items):
            return tuple(evaluate(item, scope) for item in items)
        case tree.ListFor(body=body, binder=binder):
            return tuple(evaluate(body, inner) for _, inner in indices(binder, scope))
        case tree.Unary() | tree.Binary() | tree.Compare() | tree.If():
            return _operation(expr, scope)
        case tree.Subscript():
            return _element(expr, scope)
        case tree.Call():
            return _call(expr, scope)
        case tree.Member():
            return _member(expr, scope)
        case _:
            raise Mismatch("expected a value that is known when the layer is compiled")


def named_value(name: tree.Name, scope: Names) -> Constant:
    entry = scope.lookup(name.text)
    if isinstance(entry, Faulty):
        return UNKNOWN
    if isinstance(entry, Tensor | Family) or (entry is None and scope.is_tensor(name.text)):
        raise Mismatch(f"expected a value that is known at compile time, `{name.text}` is a tensor")
    if entry is None and name.text in OF_TENSORS:
        return BuiltIn(name.text)
    if entry is None:
        scope.undefined(name, "name")
        return UNKNOWN
    return entry


def indices(binder: tree.Binder, scope: Within) -> Iterator[tuple[int, Within]]:
    """The indices that a binder runs over, each with the scope in which it is bound."""
    first, last = evaluate(binder.first, scope), evaluate(binder.last, scope)
    return members(binder, first, last, scope)


# ---------------------------------------------------------------- operators


def _operation(expr: tree.Unary | tree.Binary | tree.Compare | tree.If, scope: Names) -> Constant:
    match expr:
        case tree.Unary(op="not", operand=operand):
            value = condition(operand, scope)
            return UNKNOWN if value is None else not value
        case tree.Unary(operand=operand):
            return arithmetic("*", -1, evaluate(operand, scope))
        case tree.Compare(op=op, left=left, right=right):
            return compare(op, evaluate(left, scope), evaluate(right, scope))
        case tree.If():
            return _choice(expr, scope)
        case _:
            return _fold(expr, scope)


def _fold(expr: tree.Binary, scope: Names) -> Constant:
    """Chains may be long, so the left side is not descended by recursion."""
    steps: list[tree.Binary] = []
    left: tree.Expr = expr
    while isinstance(left, tree.Binary):
        steps.append(left)
        left = left.left
    value = evaluate(left, scope)
    for step in reversed(steps):
        if step.op in {"and", "or"}:
            value = _logic(step, value, left, scope)
        else:
            value = arithmetic(step.op, value, evaluate(step.right, scope))
        left = step
    return value


def _logic(step: tree.Binary, value: Constant, written: tree.Expr, scope: Names) -> Constant:
    left = truth(value, written.span, scope)
    decided = step.op == "or"
    if left is decided:
        return decided
    right = condition(step.right, scope)
    if right is decided:
        return decided
    return UNKNOWN if left is None or right is None else not decided


def condition(expr: tree.Expr, scope: Names) -> bool | None:
    """A truth value; None where it is unknown."""
    return truth(evaluate(expr, scope), expr.span, scope)


def truth(value: Constant, span: Span, scope: Names) -> bool | None:
    """The value as a truth value; a report where it is none."""
    if isinstance(value, bool) or value is UNKNOWN:
        return None if value is UNKNOWN else bool(value)
    scope.report.error(
        "E0401", f"expected `bool`, found `{type_name(value)}`", span, "neither `true` nor `false`"
    )
    return None


def _choice(expr: tree.If, scope: Names) -> Constant:
    chosen = condition(expr.condition, scope)
    if chosen is not None:
        return evaluate(expr.then if chosen else expr.otherwise, scope)
    then, otherwise = evaluate(expr.then, scope), evaluate(expr.otherwise, scope)
    if then == otherwise:
        return then
    if is_integer(then) and is_integer(otherwise):
        return Size.symbol(f"{UNSET}if {expr.span.start} {literal(then)} {literal(otherwise)}")
    return UNKNOWN


def element_of(expr: tree.Subscript, scope: Names) -> Constant | None:
    """The element of a list that has a name; None where the name stands for no list."""
    if not isinstance(expr.value, tree.Name) or not isinstance(
        scope.lookup(expr.value.text), tuple
    ):
        return None
    return evaluate(expr, scope)


def _element(expr: tree.Subscript, scope: Names) -> Constant:
    values = evaluate(expr.value, scope)
    if len(expr.items) != 1:
        raise Mismatch(f"a list takes one index, {len(expr.items)} are given")
    index = evaluate(expr.items[0], scope)
    if values is UNKNOWN or index is UNKNOWN:
        return UNKNOWN
    if not isinstance(values, tuple):
        raise Mismatch(f"`{type_name(values)}` has no elements")
    if not is_integer(index):
        raise Mismatch(f"an index is an `int`, not `{type_name(index)}`")
    if isinstance(index, int) and 1 <= index <= len(values):
        return values[index - 1]
    if not scope.assumed and isinstance(index, int):
        scope.report.error(
            "E0110",
            f"index {index} is outside the list",
            expr.items[0].span,
            f"this is {index}",
            notes=(f"the list has {len(values)} elements: 1 to {len(values)}",),
        )
    return UNKNOWN


# ---------------------------------------------------------------- functions


def _member(expr: tree.Member, scope: Names) -> Constant:
    """What is a value of another file: a layer, or one of its lets."""
    found = member_of(expr, scope)
    if isinstance(found, Definition):
        return Partial(found)
    return UNKNOWN if found is None or isinstance(found, FileNames) else found


def _call(expr: tree.Call, scope: Names) -> Constant:
    if isinstance(expr.function, tree.Subscript):
        element = element_of(expr.function, scope)
        layer = element if isinstance(element, Partial) else None
        if element is UNKNOWN:
            return UNKNOWN
    else:
        layer = layer_value(expr.function, scope)
    if layer is not None:
        return partially(layer, expr.arguments, scope, evaluate) or UNKNOWN
    if not isinstance(expr.function, tree.Name):
        raise Mismatch("expected a function of values")
    name = expr.function.text
    if scope.lookup(name) is UNKNOWN:
        return UNKNOWN
    if name in scope.functions:
        return scope.functions[name](expr, scope)
    if name not in FUNCTIONS:
        if isinstance(scope.lookup(name), BuiltIn) or name in OF_TENSORS:
            return _of_tensors(name, scope)
        undefined_function(expr.function, FUNCTIONS | scope.functions.keys(), scope)
        return UNKNOWN
    if name == "size":
        return _size(expr, scope)
    if name == "rank":
        return _rank(expr, scope)
    return _apply(name, expr, _arguments(expr, scope))


def _of_tensors(name: str, scope: Names) -> Constant:
    entry = scope.lookup(name)
    if isinstance(entry, BuiltIn) and entry.name != name:
        raise Mismatch(f"expected a layer, but `{name}` is `{entry.name}`, a function of tensors")
    raise Mismatch(f"`{name}` is a function of tensors: as a value it is given by its name alone")


def undefined_function(name: tree.Name, known: frozenset[str], scope: Names) -> None:
    """Report a function or layer that does not exist."""
    if name.text not in scope.file.poisoned and not misused(name):
        scope.report.error(
            "E0103",
            f"undefined layer or function `{name.text}`",
            name.span,
            "not found",
            help=suggested(name.span, known | _layers(scope, name.span), scope.file.head),
        )


def _layers(scope: Names, place: Span) -> set[str]:
    """The names of layers and functions that a file has, its own and imported ones, but for the
    layer around the place: none contains itself."""
    values = {name for name, each in scope.file.values.items() if isinstance(each, Partial)}
    layers = {
        name for name, each in scope.file.layers.items() if not each.node.span.encloses(place)
    }
    return values | layers | scope.file.imported.keys()


def _arguments(expr: tree.Call, scope: Names) -> list[Constant]:
    values: list[Constant] = []
    for argument in expr.arguments:
        if isinstance(argument, tree.Generator):
            found = indices(argument.binder, scope)
            values.append(tuple(evaluate(argument.body, inner) for _, inner in found))
        elif argument.name is not None:
            raise Mismatch(f"a function of values has no parameter `{argument.name.text}`")
        else:
            values.append(evaluate(argument.value, scope))
    return values


def _apply(name: str, expr: tree.Call, values: Sequence[Constant]) -> Constant:
    if UNKNOWN in values:
        return UNKNOWN
    match name, values:
        case "len", (tuple() as items,):
            return len(items)
        case "sum", (tuple() as items,):
            total: Constant = 0
            for item in items:
                total = arithmetic("+", total, item)
            return total
        case "factor", (int() as number, int() as count):
            return factorisation(number, count)
        case "factor", (number, int() as count) if is_integer(number):
            factorisation(1, count)  # for what is wrong with the count
            name = f"{UNSET}factor({number}, {count})"
            return tuple(Size.symbol(f"{name}[{k}]") for k in range(1, count + 1))
        case "factor", (number, count) if is_integer(number) and is_integer(count):
            return UNKNOWN
        case (("min" | "max"), (tuple() as items,)):
            return extreme(name, items)
        case (("min" | "max"), (_, _, *_)):
            return extreme(name, tuple(values))
        case _, (value,) if name in NUMBER_FUNCTIONS:
            return function_of_number(name, value)
        case _:
            given = ", ".join(type_name(value) for value in values)
            raise Mismatch(f"`{name}` does not take ({given})")


def _size(expr: tree.Call, scope: Names) -> Constant:
    """`size(h)`: names in it are modes; of a merged axis the product."""
    total = Size.of(1)
    for argument in expr.arguments:
        if isinstance(argument, tree.Generator) or argument.name is not None:
            raise Mismatch("`size` takes modes")
        found = scope.extent(argument.value)
        if found is None:
            return UNKNOWN
        total = total * found
    return simplified(total)


def _rank(expr: tree.Call, scope: Names) -> Constant:
    """`rank(R, ratio)`: R, unless a ratio is given, from which the rank follows."""
    match _arguments(expr, scope):
        case (given, ratio) if ratio is UNKNOWN or isinstance(ratio, Size | Scalar):
            return given
        case (given, ratio) if is_number(ratio) and ratio == 0:
            return given
        case (_, int() | float() as ratio) if not isinstance(ratio, bool) and ratio > 0:
            return simplified(scope.rank(ratio, expr.span))
        case _:
            raise Mismatch("`rank` takes a rank and a ratio of at least 0, which is 0 if not given")


# ---------------------------------------------------------------- arguments by name


def options(
    arguments: Sequence[tree.Argument | tree.Generator],
    known: frozenset[str],
    what: str,
    scope: Names,
) -> dict[str, tree.Expr]:
    """The options `name: value`; what is unknown, repeated or without a name is reported."""
    found: dict[str, tree.Expr] = {}
    for argument in arguments:
        if isinstance(argument, tree.Generator) or argument.name is None:
            scope.report.error(
                "E0105",
                f"an option of `{what}` is written with its name",
                argument.span,
                "no name: `name: value`",
                notes=(f"options: {', '.join(f'`{name}`' for name in sorted(known))}",),
            )
        elif argument.name.text not in known:
            _unknown_option(argument.name, known, what, scope)
        elif argument.name.text in found:
            text = f"option `{argument.name.text}` is given twice"
            scope.report.error("E0104", text, argument.name.span, "again here")
        else:
            found[argument.name.text] = argument.value
    return found


def _unknown_option(name: tree.Name, known: frozenset[str], what: str, scope: Names) -> None:
    scope.report.error(
        "E0105",
        f"`{what}` has no parameter `{name.text}`",
        name.span,
        "unknown",
        notes=(f"it has {', '.join(f'`{each}`' for each in sorted(known))}",),
        help=did_you_mean(name.span, known),
    )


def number(expr: tree.Expr, scope: Names) -> Scalar | None:
    """The expression as a number beside tensors."""
    value = evaluate(expr, scope)
    if value is UNKNOWN:
        return None
    if not is_number(value):
        text = f"expected a number, found `{type_name(value)}`"
        scope.report.error(
            "E0401", text, expr.span, "no number, so that it cannot stand beside tensors"
        )
        return None
    assert isinstance(value, int | float | Size | Scalar)
    return value if isinstance(value, Scalar) else Scalar.of(value)
