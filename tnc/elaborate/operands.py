"""Taking equations apart: a sum into its terms, a product into its factors and its number."""

from __future__ import annotations

from collections.abc import Iterator

from tnc.elaborate.definitions import UNKNOWN
from tnc.elaborate.evaluate import FUNCTIONS, condition, evaluate, indices, number
from tnc.elaborate.names import Faulty
from tnc.elaborate.scope import Scope
from tnc.ir.scalar import Scalar
from tnc.record import record
from tnc.syntax import tree


@record
class Term:
    """An addend. `series` is the `sum(… for …)` from which it comes."""

    expr: tree.Expr
    scope: Scope
    negative: bool = False
    series: tree.Expr | None = None


def holds_tensor(expr: tree.Expr, scope: Scope, unknown: bool = True) -> bool:
    """Whether a tensor takes part; a name that stands for nothing counts as `unknown`."""
    pending: list[tree.Expr] = [expr]
    bound: set[str] = set()
    while pending:
        match pending.pop():
            case tree.Name(text=text):
                if text not in bound and _names_tensor(text, scope, unknown):
                    return True
            case tree.Subscript(value=value) | tree.Splat(value=value):
                pending.append(value)
            case tree.Binary(left=left, right=right) | tree.Compare(left=left, right=right):
                pending += [left, right]
            case tree.Unary(operand=operand):
                pending.append(operand)
            case tree.If(then=then, otherwise=otherwise):
                pending += [then, otherwise]
            case tree.Group(items=items) | tree.ListExpr(items=items):
                pending += items
            case tree.Pipe() | tree.Repeat() | tree.Member():
                return True
            case tree.Call(function=tree.Name(text="size")):
                pass  # its names are modes
            case tree.Call() as call:
                if not _computes(call):
                    return unknown or _calls_tensor(call, scope)
                pending += [_content(argument, bound) for argument in call.arguments]
            case _:
                pass
    return False


def _names_tensor(text: str, scope: Scope, unknown: bool) -> bool:
    entry = scope.lookup(text)
    return scope.is_tensor(text) or (unknown and (entry is None or isinstance(entry, Faulty)))


def _computes(call: tree.Call) -> bool:
    return isinstance(call.function, tree.Name) and call.function.text in FUNCTIONS


def _calls_tensor(call: tree.Call, scope: Scope) -> bool:
    return any(
        holds_tensor(_content(argument, set()), scope, unknown=False) for argument in call.arguments
    )


def _content(argument: tree.Argument | tree.Generator, bound: set[str]) -> tree.Expr:
    if isinstance(argument, tree.Generator):
        bound.add(argument.binder.index.text)
        return argument.body
    return argument.value


def opened(expr: tree.Expr, scope: Scope) -> tree.Expr:
    """The expression without parentheses around it, and without an `if` that is decided."""
    while True:
        match expr:
            case tree.Group(items=(item,)):
                expr = item
            case tree.If():
                chosen = condition(expr.condition, scope)
                if chosen is None:
                    return expr
                expr = expr.then if chosen else expr.otherwise
            case _:
                return expr


# ---------------------------------------------------------------- sums


def terms(expr: tree.Expr, scope: Scope) -> Iterator[Term]:
    """The addends, in order. Chains may be long, so they are not descended by recursion."""
    pending = [Term(expr, scope)]
    while pending:
        term = pending.pop()
        opening = opened(term.expr, term.scope)
        match opening:
            case tree.Binary(op="+" | "-" as op, left=left, right=right):
                flipped = term.negative is (op == "+")
                pending.append(Term(right, term.scope, flipped, term.series))
                pending.append(Term(left, term.scope, term.negative, term.series))
            case tree.Unary(op="-", operand=operand):
                pending.append(Term(operand, term.scope, not term.negative, term.series))
            case tree.Call(arguments=(tree.Generator() as each,)) if is_sum(opening):
                spread = [inner for _, inner in indices(each.binder, term.scope)]
                pending += [
                    Term(each.body, inner, term.negative, opening) for inner in reversed(spread)
                ]
            case _:
                yield Term(opening, term.scope, term.negative, term.series)


def is_sum(expr: tree.Expr) -> bool:
    """Whether several terms are added: by `+`, `-` or `sum(… for …)`."""
    match expr:
        case tree.Binary(op="+" | "-"):
            return True
        case tree.Call(function=tree.Name(text="sum"), arguments=(tree.Generator(),)):
            return True
        case _:
            return False


# ---------------------------------------------------------------- products


@record
class Reciprocal:
    """`1 / tensor` where a number is divided."""

    tensor: tree.Expr


@record
class Bag:
    """An unordered product: expressions of tensors, and a number."""

    factors: tuple[tree.Expr | Reciprocal, ...]
    scale: Scalar


ONE = Scalar.of(1)
MINUS_ONE = Scalar.of(-1)


def bag(expr: tree.Expr, scope: Scope) -> Bag:
    """The factors of a product. What is divided by a tensor stays together."""
    factors: list[tree.Expr | Reciprocal] = []
    scale = ONE
    pending: list[tree.Expr] = [expr]
    while pending:
        each = opened(pending.pop(), scope)
        match each:
            case tree.Binary(op="*", left=left, right=right):
                pending += [right, left]
            case tree.Unary(op="-", operand=operand):
                scale = Scalar.apply("*", scale, MINUS_ONE)
                pending.append(operand)
            case tree.Binary(op="/", left=left, right=right) if not holds_tensor(right, scope):
                scale = _divided(scale, right, scope)
                pending.append(left)
            case tree.Binary(op="/", left=left, right=right) if not holds_tensor(left, scope):
                scale = Scalar.apply("*", scale, number(left, scope) or ONE)
                factors.append(Reciprocal(right))
            case _ if not holds_tensor(each, scope):
                scale = Scalar.apply("*", scale, number(each, scope) or ONE)
            case _:
                factors.append(each)
    return Bag(tuple(factors), scale)


def _divided(scale: Scalar, divisor: tree.Expr, scope: Scope) -> Scalar:
    by = number(divisor, scope) or ONE
    if by.value == 0:
        scope.report.error("E0401", "division by zero", divisor.span, "this is 0")
        return scale
    return Scalar.apply("/", scale, by)


def constant(term: Term) -> Scalar:
    """The number that an addend without tensors is."""
    if evaluate(term.expr, term.scope) is UNKNOWN:
        return Scalar.of(0)
    value = number(term.expr, term.scope) or Scalar.of(0)
    return Scalar.apply("*", value, MINUS_ONE) if term.negative else value
