"""Statements in the style of `ruff format` at 100 columns, broken where they are too long.

What the formatter would lay out in a way that is hard to foresee (long chains of calls, long
sums) is written as several short statements instead.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from tnc.emit.expression import argument, dotted, flat, names, parse

WIDTH = 100
INDENT = "    "


def assign(margin: str, targets: Sequence[str], expression: str | ast.expr) -> list[str]:
    """`targets = expression`. A sum or a chain of calls that does not fit takes several
    statements, which store to the first target on the way."""
    node = parse(expression) if isinstance(expression, str) else expression
    head = ", ".join(targets) + " = "
    if fits(margin, head, flat(node)):
        return [f"{margin}{head}{flat(node)}"]
    first = targets[0]
    match node:
        case ast.Call(func=function, args=positional, keywords=named) if dotted(function):
            before, kept = _hoist(margin, first, positional)
            return [*before, *_broken(margin, head, ast.Call(function, kept, named))]
        case ast.Tuple() | ast.List():
            return _broken(margin, head, node)
        case ast.Call(func=ast.Attribute(value=inner, attr=name), args=positional, keywords=named):
            last: ast.expr = ast.Call(ast.Attribute(ast.Name(first), name), positional, named)
        case ast.Attribute(value=inner, attr=name):
            last = ast.Attribute(ast.Name(first), name)
        case ast.Subscript(value=inner, slice=index):
            last = ast.Subscript(ast.Name(first), index)
        case ast.UnaryOp(op=sign, operand=inner):
            last = ast.UnaryOp(sign, ast.Name(first))
        case ast.BinOp(left=inner, op=operator, right=right):
            before, (kept_right,) = _hoist(margin, first, [right])
            last = ast.BinOp(ast.Name(first), operator, kept_right)
            if isinstance(inner, ast.Name):
                return [*before, f"{margin}{head}{flat(ast.BinOp(inner, operator, kept_right))}"]
            return [*before, *assign(margin, [first], inner), *assign(margin, targets, last)]
        case _:
            return [f"{margin}{head}{flat(node)}"]
    if isinstance(inner, ast.Name):
        return [f"{margin}{head}{flat(node)}"]
    return [*assign(margin, [first], inner), *assign(margin, targets, last)]


def _hoist(margin: str, target: str, nodes: Sequence[ast.expr]) -> tuple[list[str], list[ast.expr]]:
    """Give long operands that the formatter would not simply break variables of their own."""
    before: list[str] = []
    kept: list[ast.expr] = []
    for k, node in enumerate(nodes):
        calls = isinstance(node, ast.Call) and dotted(node.func)
        if len(flat(node)) < WIDTH // 2 or calls or isinstance(node, ast.Tuple | ast.List):
            kept.append(node)
            continue
        name = f"{target}_{k}"
        while name in names(node):
            name += "_"
        before += assign(margin, [name], node)
        kept.append(ast.Name(name))
    return before, kept


def _broken(margin: str, head: str, node: ast.expr, tail: str = "") -> list[str]:
    """A call, tuple or list, inside the brackets if it does not fit."""
    if fits(margin, head, flat(node), tail):
        return [f"{margin}{head}{flat(node)}{tail}"]
    match node:
        case ast.Call(func=function, args=positional, keywords=named):
            texts = [*map(flat, positional), *map(argument, named)]
            parts: list[tuple[str, ast.expr]] = [("", part) for part in positional]
            parts += [(f"{part.arg}=", part.value) for part in named]
            return bracketed(margin, f"{head}{flat(function)}(", texts, f"){tail}", parts)
        case ast.Tuple(elts=elements):
            inside = [line for part in elements for line in _broken(margin + INDENT, "", part, ",")]
            return [f"{margin}{head}(", *inside, f"{margin}){tail}"]
        case ast.List(elts=elements):
            inside = [line for part in elements for line in _broken(margin + INDENT, "", part, ",")]
            return [f"{margin}{head}[", *inside, f"{margin}]{tail}"]
        case _:
            return [f"{margin}{head}{flat(node)}{tail}"]


def bracketed(
    margin: str,
    head: str,
    texts: Sequence[str],
    tail: str,
    parts: Sequence[tuple[str, ast.expr]] = (),
) -> list[str]:
    """`head texts tail` on one line; or the texts on a line of their own; or a line for each.

    `parts` are the texts as (prefix, expression), to be broken in turn.
    """
    body = ", ".join(texts)
    inner = margin + INDENT
    if fits(margin, head, body, tail):
        return [f"{margin}{head}{body}{tail}"]
    if fits(inner, body):
        return [f"{margin}{head}", f"{inner}{body}", f"{margin}{tail}"]
    comma = "," if len(texts) > 1 else ""
    if parts:
        lines = [line for start, node in parts for line in _broken(inner, start, node, comma)]
    else:
        lines = [f"{inner}{text}{comma}" for text in texts]
    return [f"{margin}{head}", *lines, f"{margin}{tail}"]


def fits(*parts: str) -> bool:
    """Whether the parts fit on one line."""
    return sum(map(len, parts)) <= WIDTH


def call(margin: str, function: str, arguments: Sequence[str]) -> list[str]:
    """A call as a statement; `arguments` are short."""
    return bracketed(margin, f"{function}(", arguments, ")")


def unpack(margin: str, targets: Sequence[str], value: str) -> list[str]:
    """`a, b = value` for a short value."""
    head = ", ".join(targets) + ("," if len(targets) == 1 else "")
    if len(targets) == 1:
        head = f"({head})"
    if fits(margin, head, " = ", value):
        return [f"{margin}{head} = {value}"]
    if fits(margin, head, " = ("):
        return [f"{margin}{head} = (", f"{margin}{INDENT}{value}", f"{margin})"]
    inside = [f"{margin}{INDENT}{target}," for target in targets]
    return [f"{margin}(", *inside, f"{margin}) = {value}"]


def give(margin: str, values: Sequence[str]) -> list[str]:
    """`return a, b`."""
    body = ", ".join(values)
    if fits(margin, "return ", body):
        return [f"{margin}return {body}"]
    inside = [f"{margin}{INDENT}{value}," for value in values]
    return [f"{margin}return (", *inside, f"{margin})"]


def delete(margin: str, targets: Sequence[str]) -> list[str]:
    """`del a, b`, in several statements if long."""
    return [f"{margin}del {body}" for body in packed(targets, WIDTH - len(margin) - 4, ", ")]


def nothing(margin: str, targets: Sequence[str]) -> list[str]:
    """`a = b = None`, in several statements if long."""
    chains = packed(targets, WIDTH - len(margin) - 7, " = ")
    return [f"{margin}{chain} = None" for chain in chains]


def when(margin: str, conditions: Sequence[str]) -> list[str]:
    """`if a or b:`."""
    body = " or ".join(conditions)
    if fits(margin, "if ", body, ":"):
        return [f"{margin}if {body}:"]
    first, *others = conditions
    inside = [first, *(f"or {condition}" for condition in others)]
    return [f"{margin}if (", *(f"{margin}{INDENT}{part}" for part in inside), f"{margin}):"]


def define(margin: str, name: str, parameters: Sequence[str], result: str = "") -> list[str]:
    """The head of a function."""
    tail = f") -> {result}:" if result else "):"
    lines = bracketed(margin, f"def {name}(", parameters, tail)
    if len(parameters) == 1 and len(lines) > 1 and not fits(margin + INDENT, parameters[0]):
        lines[1] += ","
    return lines


def packed(texts: Sequence[str], width: int, joint: str) -> list[str]:
    """Join texts into as few lines as `width` allows, in order."""
    lines: list[str] = []
    for text in texts:
        if lines and len(lines[-1]) + len(joint) + len(text) <= width:
            lines[-1] += joint + text
        else:
            lines.append(text)
    return lines
