"""`mask(z, t >= u)`: comparing positions in modes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from tnc.elaborate.definitions import UNKNOWN
from tnc.elaborate.evaluate import evaluate
from tnc.elaborate.scope import Scope
from tnc.elaborate.values import is_integer
from tnc.ir.graph import Value
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.ops import Mask
from tnc.record import record
from tnc.syntax import tree

MIRRORED: dict[
    Literal["==", "!=", "<=", ">=", "<", ">"], Literal["==", "!=", "<=", ">=", "<", ">"]
] = {"==": "==", "!=": "!=", "<=": ">=", ">=": "<=", "<": ">", ">": "<"}


@record
class Position:
    """A position in a mode plus an offset, or a number."""

    mode: Mode | None
    offset: int


def masked(
    call: tree.Call,
    operand: Value,
    others: Sequence[tree.Argument | tree.Generator],
    scope: Scope,
) -> Value | None:
    """The operand where the comparison holds, −∞ elsewhere."""
    match others:
        case (tree.Argument(name=None, value=tree.Compare() as compared),):
            pass
        case _:
            text = "`mask` takes a tensor and a comparison of positions, `mask(z, t >= u)`"
            scope.report.error("E0401", text, call.span, "no comparison of two positions")
            return None
    left, right = (_position(side, operand, scope) for side in (compared.left, compared.right))
    if left is None or right is None:
        return None
    op = compared.op
    if left.mode is None:
        left, right, op = right, left, MIRRORED[op]
    if left.mode is None:
        text = "the comparison of a `mask` needs a mode"
        scope.report.error("E0401", text, compared.span, "compares numbers only")
        return None
    made = Mask(op, left.mode, right.mode, right.offset - left.offset)
    return scope.build.make(made, (operand,), call.span)


def _position(expr: tree.Expr, operand: Value, scope: Scope) -> Position | None:
    """`u`, `u + 3`, `u - window`, `2`: a name is a mode where there is one."""
    match expr:
        case tree.Group(items=(item,)):
            return _position(item, operand, scope)
        case tree.Binary(op="+" | "-" as op, left=left, right=right):
            one, other = _position(left, operand, scope), _position(right, operand, scope)
            if one is None or other is None:
                return None
            if other.mode is None:
                by = other.offset if op == "+" else -other.offset
                return Position(one.mode, one.offset + by)
            if one.mode is None and op == "+":
                return Position(other.mode, one.offset + other.offset)
            scope.report.error(
                "E0401",
                "a position is a mode plus a number",
                expr.span,
                "neither a mode nor a mode and a number",
            )
            return None
        case _ if _is_mode(expr, scope):
            return _in_mode(expr, operand, scope)
        case _:
            return _number(expr, scope)


def _is_mode(expr: tree.Expr, scope: Scope) -> bool:
    base = expr.value if isinstance(expr, tree.Subscript) else expr
    if not isinstance(base, tree.Name):
        return False
    return base.text in scope.modes.names or scope.lookup(base.text) is None


def _in_mode(expr: tree.Expr, operand: Value, scope: Scope) -> Position | None:
    found = scope.modes.referred(expr, scope)
    if found is None:
        return None
    mode = scope.sizes.mode(found[0])
    if len(found) != 1 or mode not in operand.type:
        text = f"`{expr.span.text}` is not a mode of what is masked"
        scope.report.error("E0205", text, expr.span, "the masked tensor has no such mode")
        return None
    return Position(mode, 0)


def _number(expr: tree.Expr, scope: Scope) -> Position | None:
    value = evaluate(expr, scope)
    if value is UNKNOWN or (scope.checking and isinstance(value, Size)):
        return Position(None, 0)
    if isinstance(value, int) and is_integer(value):
        return Position(None, value)
    scope.report.error("E0401", "expected a mode or an `int`", expr.span, "no position")
    return None
