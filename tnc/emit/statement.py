"""Statements in the style of `ruff format` at 100 columns, broken where they are too long.

What the formatter would lay out in a way that is hard to foresee (long chains of calls, long
sums) is written as several short statements instead.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from tnc.emit.expression import argument, dotted, flat, parse

WIDTH = 100
INDENT = "    "


def assign(margin: str, targets: Sequence[str], expression: str | ast.expr) -> list[str]:
    """`targets = expression`. A sum or a chain of calls that does not fit takes several
    statements, which store to the first target on the way."""
    node = parse(expression) if isinstance(expression, str) else expression
    head = ", ".join(targets) + " = "
    if _is_long(node):
        return _summed(margin, targets, node)
    if fits(margin, head, flat(node)):
        return [f"{margin}{head}{flat(node)}"]
    if _opens(node):
        before, node = _settled(margin, f"{targets[0]}__", margin, node)
        return [*before, *_outermost(margin, head, node)]
    inner, last = _last(node, ast.Name(targets[0]))
    if isinstance(node, ast.Constant) and fits(margin + INDENT, "", flat(node)):
        return [f"{margin}{head}(", f"{margin}{INDENT}{flat(node)}", f"{margin})"]
    if isinstance(inner, ast.Name | ast.Constant):
        before, node = _shortened(margin, targets, node)
        return [*before, *_outermost(margin, head, node)]
    before, last = _shortened(margin, targets, last)
    return [*assign(margin, targets[:1], inner), *before, *assign(margin, targets, last)]


def _is_long(node: ast.expr) -> bool:
    """Whether it has more operands, one after the other, than a line has room for."""
    for _ in range(WIDTH):
        if not isinstance(node, ast.BinOp):
            return False
        node = node.left
    return True


def _summed(margin: str, targets: Sequence[str], node: ast.expr) -> list[str]:
    """A sum of so many addends that they are better taken one by one than by recursion."""
    rest: list[ast.expr] = []
    while _is_long(node):
        node, last = _last(node, ast.Name(targets[0]))
        rest.append(last)
    lines = assign(margin, targets[:1], node)
    while rest:
        last = rest.pop()
        into = targets[:1] if rest else targets
        before, last = _shortened(margin, into, last)
        lines += [*before, *assign(margin, into, last)]
    return lines


def _shortened(margin: str, targets: Sequence[str], node: ast.expr) -> tuple[list[str], ast.expr]:
    """Give the right operand of what does not fit a variable of its own, assigned before."""
    fitting = fits(margin, ", ".join(targets), " = ", flat(node))
    if fitting or not isinstance(node, ast.BinOp) or isinstance(node.right, ast.Name):
        return [], node
    name = f"{targets[0]}__"
    return assign(margin, [name], node.right), ast.BinOp(node.left, node.op, ast.Name(name))


def _outermost(margin: str, head: str, node: ast.expr) -> list[str]:
    """A call whose name alone does not fit beside the targets, and a sum, go into parentheses."""
    start = f"{flat(node.func)}(" if isinstance(node, ast.Call) else ""
    long = isinstance(node, ast.BinOp) and not fits(margin, head, flat(node))
    if long or not fits(margin, head, start):
        return [f"{margin}{head}(", *_broken(margin + INDENT, "", node), f"{margin})"]
    return _broken(margin, head, node)


def _last(node: ast.expr, name: ast.expr) -> tuple[ast.expr, ast.expr]:
    """What is computed first in a chain or a sum, and the rest with `name` in its place."""
    match node:
        case ast.Call(func=ast.Attribute(value=inner, attr=method), args=given, keywords=named):
            return inner, ast.Call(ast.Attribute(name, method), given, named)
        case ast.Attribute(value=inner, attr=attribute):
            return inner, ast.Attribute(name, attribute)
        case ast.Subscript(value=inner, slice=index):
            return inner, ast.Subscript(name, index)
        case ast.UnaryOp(op=sign, operand=inner):
            return inner, ast.UnaryOp(sign, name)
        case ast.BinOp(left=inner, op=operator, right=right):
            return inner, ast.BinOp(name, operator, right)
        case _:
            return name, node


def _opens(node: ast.expr) -> bool:
    """Whether the formatter would break it at its brackets."""
    calls = isinstance(node, ast.Call) and dotted(node.func)
    return calls or isinstance(node, ast.Tuple | ast.List)


def _settled(margin: str, name: str, inside: str, node: ast.expr) -> tuple[list[str], ast.expr]:
    """Give operands that are too long, and do not open, variables of their own.

    The variables are called after `name` and assigned at `margin`; the node stands at `inside`.
    """
    before: list[str] = []
    inside += INDENT

    def settle(k: int, part: ast.expr, start: str = "") -> ast.expr:
        if fits(inside, start, flat(part), ","):
            return part
        if _opens(part):
            more, settled = _settled(margin, f"{name}{k}_", inside, part)
        else:
            more, settled = assign(margin, [f"{name}{k}"], part), ast.Name(f"{name}{k}")
        before.extend(more)
        return settled

    match node:
        case ast.Call(func=function, args=given, keywords=named):
            kept = [settle(k, part) for k, part in enumerate(given)]
            words = [
                ast.keyword(part.arg, settle(k, part.value, f"{part.arg}="))
                for k, part in enumerate(named, len(given))
            ]
            return before, ast.Call(function, kept, words)
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            made = [settle(k, part) for k, part in enumerate(elements)]
            return before, type(node)(made)
    return before, node


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
