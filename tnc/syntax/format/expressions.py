"""From expressions of the syntax tree to documents."""

from __future__ import annotations

from collections.abc import Iterable

from tnc.syntax import tree
from tnc.syntax.format.layout import SPACE, Doc, Group, Indent, bracketed

BINDING = {
    "|>": 0, "or": 1, "and": 2, "not": 3, "compare": 4, "+": 5, "-": 5,
    "*": 6, "/": 6, "//": 6, "mod": 6, "unary": 7, "postfix": 8,
}  # fmt: skip
"""How tightly operators bind."""

_LOOSEST, _POSTFIX = 0, BINDING["postfix"]

_Joined = tree.Binary | tree.Pipe | tree.Compare | tree.If
"""What may begin a line with an operator or a case."""


def expression(node: tree.Expr, above: int = _LOOSEST) -> Doc:
    """An expression; in parentheses where its operator binds less tightly than `above`."""
    match node:
        case tree.Binary() | tree.Pipe() | tree.Compare() | tree.If():
            if _level(node) < above:
                return _parentheses(node)
            first, rest = _parts(node)
            return Group((first, Indent(rest)), rows=not isinstance(node, tree.If))
        case tree.Unary(op=op, operand=operand):
            level = BINDING["not" if op == "not" else "unary"]
            inner = ("not " if op == "not" else "-", expression(operand, level))
            return ("(", inner, ")") if level < above else inner
        case _:
            return _postfix(node)


def _level(node: _Joined) -> int:
    match node:
        case tree.Binary(op=op):
            return BINDING[op]
        case tree.Compare():
            return BINDING["compare"]
        case _:
            return _LOOSEST


def _parentheses(node: tree.Expr) -> Doc:
    """An only item in parentheses: its operators stand below its beginning."""
    if isinstance(node, _Joined):
        inner: Doc = Group(_parts(node), rows=not isinstance(node, tree.If))
    else:
        inner = expression(node)
    return bracketed("(", [inner], ")", comma=False)


def _parts(node: _Joined) -> tuple[Doc, Doc]:
    """What an operator chain or a choice begins with, and what may stand on lines below."""
    match node:
        case tree.Binary():
            return _binary(node)
        case tree.Pipe():
            return _pipe(node)
        case tree.Compare(op=op, left=left, right=right):
            level = BINDING["compare"] + 1
            return chained(_leading(left, level), [(op, expression(right, level))])
        case tree.If():
            return _choice(node)


def chained(first: Doc, rest: Iterable[tuple[str, Doc]]) -> tuple[Doc, Doc]:
    """Operands that operators join; a line may begin with an operator."""
    return first, tuple((SPACE, f"{op} ", operand) for op, operand in rest)


def _binary(node: tree.Binary) -> tuple[Doc, Doc]:
    """All operators of one level: `a - b + c`. A chain may be too long to be descended."""
    level = BINDING[node.op]
    rest: list[tuple[str, Doc]] = []
    left: tree.Expr = node
    while isinstance(left, tree.Binary) and BINDING[left.op] == level:
        rest.append((left.op, expression(left.right, level + 1)))
        left = left.left
    return chained(_leading(left, level), reversed(rest))


def _leading(node: tree.Expr, level: int) -> Doc:
    """A first operand. Operators of a product in a sum do not stand below those of the sum."""
    inner = expression(node, level)
    return Indent(inner) if isinstance(node, _Joined) else inner


def _pipe(node: tree.Pipe) -> tuple[Doc, Doc]:
    stages: list[tuple[str, Doc]] = []
    value: tree.Expr = node
    while isinstance(value, tree.Pipe):
        stages.append(("|>", _stage(value.stage)))
        value = value.value
    # `if a then b else c |> f` would send `c` alone on its way
    return chained(_leading(value, int(isinstance(value, tree.If))), reversed(stages))


def _stage(stage: tree.Expr) -> Doc:
    if not isinstance(stage, tree.Repeat):
        return expression(stage, _POSTFIX)
    how: Doc = ()
    if stage.binder:
        how = binder(stage.binder)
    elif stage.count:
        how = expression(stage.count)
    return "repeat ", bracketed("(", [how], ")", comma=False), " ", _stage(stage.stage)


def _choice(node: tree.If) -> tuple[Doc, Doc]:
    """`if … then …`, and the other cases, each of which may begin a line."""
    clauses: list[Doc] = []
    other: tree.Expr = node
    while isinstance(other, tree.If):
        then = Indent((SPACE, "then ", expression(other.then)))
        clauses.append(Group(("if ", expression(other.condition), then)))
        other = other.otherwise
    first, *rest = [*clauses, expression(other)]
    return first, tuple((SPACE, "else ", each) for each in rest)


def _postfix(node: tree.Expr) -> Doc:
    match node:
        case tree.Call(function=function, arguments=arguments):
            return expression(function, _POSTFIX), bracketed("(", map(argument, arguments), ")")
        case tree.Subscript(value=value, items=items):
            return expression(value, _POSTFIX), bracketed("[", map(expression, items), "]")
        case tree.Splat(value=value):
            return expression(value, _POSTFIX), "..."
        case tree.Member(value=value, name=name):
            return expression(value, _POSTFIX), f".{name.text}"
        case tree.Group(items=(only,)):
            return _parentheses(only)
        case tree.Group(items=items):
            return bracketed("(", map(expression, items), ")")
        case tree.ListExpr(items=items):
            return bracketed("[", map(expression, items), "]")
        case tree.ListFor(body=body, binder=each):
            return bracketed("[", [_generated(body, each)], "]", comma=False)
        case _:
            return _atom(node)


def _atom(node: tree.Expr) -> str:
    match node:
        case tree.Name(text=name):
            return name
        case tree.Int(value=number):
            return str(number)
        case tree.Float(value=number):
            return repr(number)
        case tree.String(value=value):
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return '"' + escaped.replace("\n", "\\n").replace("\t", "\\t") + '"'
        case tree.Bool(value=truth):
            return "true" if truth else "false"
        case tree.Ellipsis():
            return "..."
        case _:
            raise TypeError(f"{type(node).__name__} is no expression of its own")


def argument(node: tree.Argument | tree.Generator) -> Doc:
    """`value`, `name: value`, `body for i in 1..d`."""
    if isinstance(node, tree.Generator):
        return _generated(node.body, node.binder)
    value = expression(node.value)
    return (f"{node.name.text}: ", value) if node.name else value


def _generated(body: tree.Expr, each: tree.Binder) -> Doc:
    return expression(body), SPACE, "for ", binder(each)


def binder(node: tree.Binder) -> Doc:
    """`i in 1..d`."""
    level = BINDING["+"]
    first, last = expression(node.first, level), expression(node.last, level)
    return f"{node.index.text} in ", first, "..", last


def options(arguments: tuple[tree.Argument | tree.Generator, ...]) -> Doc:
    """What stands in parentheses behind a keyword, if anything does."""
    return bracketed("(", map(argument, arguments), ")") if arguments else ()


def modes(listed: Iterable[tree.Expr]) -> Doc:
    """`[n, (s...), h]`."""
    return bracketed("[", map(expression, listed), "]")
