"""How weights start: what `init:` says, and the scale that `init: auto` works out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from tnc.diagnostics.suggest import did_you_mean
from tnc.elaborate.definitions import UNKNOWN, Constant
from tnc.elaborate.evaluate import evaluate, options
from tnc.elaborate.scope import Scope
from tnc.elaborate.tensors import Declared
from tnc.elaborate.values import is_number, type_name
from tnc.ir.layer import Initial
from tnc.syntax import tree

ZEROS = Initial("zeros")
WORDS: dict[str, Initial | None] = {
    "auto": None,
    "zeros": ZEROS,
    "ones": Initial("ones"),
    "orthogonal": Initial("orthogonal"),
    "identity": Initial("identity"),
    "normal": Initial("normal", (("std", 1.0),)),
    "uniform": Initial("uniform", (("low", 0.0), ("high", 1.0))),
}
SETTINGS: dict[str, frozenset[str]] = {
    "normal": frozenset({"std"}),
    "uniform": frozenset({"low", "high", "bound"}),
    "kaiming": frozenset({"fan"}),
    "orthogonal": frozenset({"gain"}),
}
POSITIONS = {
    ("normal", 1): ("std",),
    ("uniform", 1): ("bound",),
    ("uniform", 2): ("low", "high"),
    ("orthogonal", 1): ("gain",),
}
"""What numbers without a name are, by how many there are."""


def chosen(declared: Sequence[Declared], scope: Scope) -> dict[str, Initial | None]:
    """How each weight and buffer shall start; None is `init: auto`."""
    return {
        each.tensor.name: _chosen(each.init, scope) if each.init else None
        for each in declared
        if each.statement.kind != "input"
    }


def initials(
    wishes: Mapping[str, Initial | None], deviations: Mapping[str, float]
) -> dict[str, Initial]:
    """How each starts; `deviations` are those of `init: auto`, without one it is zero."""
    drawn = {name: Initial("normal", (("std", std),)) for name, std in deviations.items()}
    return {name: wish or drawn.get(name, ZEROS) for name, wish in wishes.items()}


def _chosen(expr: tree.Expr, scope: Scope) -> Initial | None:
    """What is written after `init:`; None stands for `auto`, also after a report."""
    if isinstance(expr, tree.Call) and isinstance(expr.function, tree.Name):
        return _called(expr, expr.function, scope)
    inner = scope.within(**{word: word for word in WORDS if scope.lookup(word) is None})
    if isinstance(expr, tree.Name) and inner.lookup(expr.text) is None:
        if expr.text == "kaiming":
            _report_no_fan(expr, scope)
            return None
        _unknown(expr, expr.text, scope)
        return None
    value = evaluate(expr, inner)
    if value is UNKNOWN:
        return None
    if isinstance(value, str) and value in WORDS:
        return WORDS[value]
    _unknown(expr, value if isinstance(value, str) else type_name(value), scope)
    return None


def _unknown(expr: tree.Expr, name: str, scope: Scope) -> None:
    known = WORDS.keys() | SETTINGS.keys()
    text = ", ".join(f"`{each}`" for each in sorted(known))
    scope.report.error(
        "E0103",
        f"`{name}` is no way to initialise a weight",
        expr.span,
        "no initialisation of this name",
        notes=(f"there are {text}",),
        help=did_you_mean(expr.span, known, name),
    )


def _called(expr: tree.Call, function: tree.Name, scope: Scope) -> Initial | None:
    kind = function.text
    if kind not in SETTINGS:
        if kind not in WORDS:
            _unknown(function, kind, scope)
        return WORDS.get(kind)
    arguments = expr.arguments
    if kind == "kaiming":
        return _kaiming(expr, scope)
    order = POSITIONS.get((kind, len(arguments)), ())
    values = [each.value for each in arguments if isinstance(each, tree.Argument) and not each.name]
    if order and len(values) == len(order):
        given = dict(zip(order, values, strict=True))
    else:
        given = options(arguments, SETTINGS[kind], kind, scope)
    numbers: dict[str, float] = {}
    for name, value in given.items():
        number = _number(value, scope)
        if number is None:
            return None
        numbers[name] = number
    if "bound" in numbers:
        bound = numbers.pop("bound")
        numbers |= {"low": -bound, "high": bound}
    default = WORDS[kind]
    base = dict(default.options) if default else {}
    return Initial(kind, tuple({**base, **numbers}.items()))


def _number(expr: tree.Expr, scope: Scope) -> float | None:
    value: Constant = evaluate(expr, scope)
    if isinstance(value, int | float) and is_number(value):
        return float(value)
    if value is not UNKNOWN and not (scope.checking and is_number(value)):
        text = f"expected a number that is known at compile time, found `{type_name(value)}`"
        scope.report.error("E0401", text, expr.span, "has no value until the layer runs")
    return None


def _kaiming(expr: tree.Call, scope: Scope) -> Initial | None:
    """Variance 2 / fan; names in `fan:` are modes, run-time sizes are left out."""
    fan = options(expr.arguments, SETTINGS["kaiming"], "kaiming", scope).get("fan")
    if fan is None:
        _report_no_fan(expr, scope)
        return None
    found = scope.modes.referred(fan, scope)
    if found is None:
        return None
    total = math.prod(scope.sizes.of(single).value or 1 for single in found)
    return Initial("normal", (("std", math.sqrt(2 / total)),))


def _report_no_fan(expr: tree.Expr, scope: Scope) -> None:
    text = "`kaiming` needs the modes that are summed, `kaiming(fan: [s, i])`"
    scope.report.error("E0106", text, expr.span, "which modes feed one element?")
