"""The nodes of expressions, which the rest of the syntax tree is made of (see `tree`)."""

from typing import Literal

from tnc.record import record
from tnc.syntax.node import Node

Comparison = Literal["==", "!=", "<=", ">=", "<", ">"]


@record
class Name(Node):
    """`x`, `h'`: a use or a declaration of a name."""

    text: str


@record
class Int(Node):
    """`16`."""

    value: int


@record
class Float(Node):
    """`0.1`, `1e-5`."""

    value: float


@record
class String(Node):
    r"""`"…"`; `value` has the escapes `\\ \" \n \t` replaced."""

    value: str


@record
class Bool(Node):
    """`true`, `false`."""

    value: bool


@record
class Ellipsis(Node):
    """`...` on its own, in a list of modes: any number of leading modes."""


@record
class Group(Node):
    """`(a, b)`: a merged axis, a tuple, or (one item) just parentheses. `(s...)` has a Splat."""

    items: tuple["Expr", ...]


@record
class ListExpr(Node):
    """`[4, 4, 6]`."""

    items: tuple["Expr", ...]


@record
class ListFor(Node):
    """`[2 * S[i] for i in 1..d]`."""

    body: "Expr"
    binder: "Binder"


@record
class Unary(Node):
    """`-a`, `not a`."""

    op: Literal["-", "not"]
    operand: "Expr"


@record
class Binary(Node):
    """`a * b`. Left-associative."""

    op: Literal["+", "-", "*", "/", "//", "mod", "and", "or"]
    left: "Expr"
    right: "Expr"


@record
class Compare(Node):
    """`t >= u`. Comparisons do not chain."""

    op: Comparison
    left: "Expr"
    right: "Expr"


@record
class If(Node):
    """`if condition then value else otherwise`."""

    condition: "Expr"
    then: "Expr"
    otherwise: "Expr"


@record
class Argument(Node):
    """`value`, or `name: value`."""

    name: Name | None
    value: "Expr"


@record
class Generator(Node):
    """`body for i in 1..d` as an argument: `sum(x * A[i] for i in 1..d)`."""

    body: "Expr"
    binder: "Binder"


@record
class Call(Node):
    """`function(arguments)`: a layer and its parameters, a function or an instance and tensors."""

    function: "Expr"
    arguments: tuple[Argument | Generator, ...]


@record
class Subscript(Node):
    """`value[items]`: renamed modes, a member of a family or of a list, or annotated modes."""

    value: "Expr"
    items: tuple["Expr", ...]


@record
class Splat(Node):
    """`value...`: every member of a family."""

    value: "Expr"


@record
class Member(Node):
    """`value.name`."""

    value: "Expr"
    name: Name


@record
class Pipe(Node):
    """`value |> stage`. Left-associative."""

    value: "Expr"
    stage: "Expr"


@record
class Repeat(Node):
    """`repeat (5) stage` has a count, `repeat (g in 1..3) stage` a binder; only after `|>`."""

    count: "Expr | None"
    binder: "Binder | None"
    stage: "Expr"


@record
class Binder(Node):
    """`i in first..last`, both ends included."""

    index: Name
    first: "Expr"
    last: "Expr"


Expr = (
    Name
    | Int
    | Float
    | String
    | Bool
    | Ellipsis
    | Group
    | ListExpr
    | ListFor
    | Unary
    | Binary
    | Compare
    | If
    | Call
    | Subscript
    | Splat
    | Member
    | Pipe
    | Repeat
)


def chain(node: Binary) -> tuple[Expr, ...]:
    """The operands of `a * b * c`: everything that the operator of `node` joins, left to right.

    A chain may be thousands of operands long, so it must not be descended by recursion; all other
    nesting is bounded by the parser.
    """
    operands: list[Expr] = []
    left: Expr = node
    while isinstance(left, Binary) and left.op == node.op:
        operands.append(left.right)
        left = left.left
    return left, *reversed(operands)
