"""Expressions of the builder: Python operators that write syntax trees."""

from __future__ import annotations

from typing import Any, Literal

from tnc.diagnostics import NOWHERE
from tnc.record import record
from tnc.syntax import tree
from tnc.syntax.unparse import fitting, level, text

Operator = Literal["+", "-", "*", "/", "//", "mod"]
Comparison = Literal["==", "!=", "<=", ">=", "<", ">"]
_POSTFIX = 8


@record(eq=False)
class Expression:
    """Something that can stand on the right of an equation; operators combine it."""

    node: tree.Expr

    def _with(self, op: Operator, other: object, *, swapped: bool = False) -> Expression:
        left, right = self.node, node_of(other)
        if swapped:
            left, right = right, left
        own = level(op)
        return Expression(tree.Binary(NOWHERE, op, fitting(left, own), fitting(right, own + 1)))

    def __mul__(self, other: object) -> Expression:
        return self._with("*", other)

    def __rmul__(self, other: object) -> Expression:
        return self._with("*", other, swapped=True)

    def __add__(self, other: object) -> Expression:
        return self._with("+", other)

    def __radd__(self, other: object) -> Expression:
        return self._with("+", other, swapped=True)

    def __sub__(self, other: object) -> Expression:
        return self._with("-", other)

    def __rsub__(self, other: object) -> Expression:
        return self._with("-", other, swapped=True)

    def __truediv__(self, other: object) -> Expression:
        return self._with("/", other)

    def __rtruediv__(self, other: object) -> Expression:
        return self._with("/", other, swapped=True)

    def __floordiv__(self, other: object) -> Expression:
        return self._with("//", other)

    def __mod__(self, other: object) -> Expression:
        return self._with("mod", other)

    def __neg__(self) -> Expression:
        return Expression(tree.Unary(NOWHERE, "-", fitting(self.node, level("unary"))))

    def compare(self, op: Comparison, other: object) -> Expression:
        """`self op other`, for `require` and `mask`; Python's own `==` stays identity."""
        own = level("compare") + 1
        left, right = fitting(self.node, own), fitting(node_of(other), own)
        return Expression(tree.Compare(NOWHERE, op, left, right))

    def __ge__(self, other: object) -> Expression:
        return self.compare(">=", other)

    def __gt__(self, other: object) -> Expression:
        return self.compare(">", other)

    def __le__(self, other: object) -> Expression:
        return self.compare("<=", other)

    def __lt__(self, other: object) -> Expression:
        return self.compare("<", other)

    def __getitem__(self, modes: object) -> Expression:
        """`x[n, u, e]`: the same tensor under other modes; of a product, its annotated modes."""
        items = modes if isinstance(modes, tuple) else (modes,)
        value = fitting(self.node, _POSTFIX)
        return Expression(tree.Subscript(NOWHERE, value, tuple(map(node_of, items))))

    def __str__(self) -> str:
        return text(self.node)


def node_of(value: Any) -> tree.Expr:
    """The syntax tree of a Python value; a tuple is a merged axis.

    Errors: TypeError for what the language has no word for.
    """
    match value:
        case Expression():
            return value.node
        case bool():
            return tree.Bool(NOWHERE, value)
        case int() | float() if value < 0:
            return tree.Unary(NOWHERE, "-", node_of(-value))
        case int():
            return tree.Int(NOWHERE, value)
        case float():
            return tree.Float(NOWHERE, value)
        case str():
            return tree.String(NOWHERE, value)
        case list():
            return tree.ListExpr(NOWHERE, tuple(map(node_of, value)))
        case tuple():
            return tree.Group(NOWHERE, tuple(map(node_of, value)))
    if value is Ellipsis:
        return tree.Ellipsis(NOWHERE)
    raise TypeError(f"{value!r} has no meaning in a layer: give a mode, a tensor or a number")


def call(function: str, *positional: object, **named: object) -> Expression:
    """`function(positional, name: named)`. A list is a list; a string stays a string."""
    arguments = [tree.Argument(NOWHERE, None, node_of(each)) for each in positional]
    arguments += [
        tree.Argument(NOWHERE, tree.Name(NOWHERE, name), node_of(each))
        for name, each in named.items()
    ]
    return Expression(tree.Call(NOWHERE, tree.Name(NOWHERE, function), tuple(arguments)))
