"""Python expressions in the style of `ruff format`, on one line.

Expressions come from the lowering as text. They are parsed and printed anew, so that their look
depends on nothing but their meaning.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

_BINARY: Mapping[type[ast.operator], tuple[str, int]] = {
    ast.Add: ("+", 6),
    ast.Sub: ("-", 6),
    ast.Mult: ("*", 7),
    ast.Div: ("/", 7),
    ast.FloorDiv: ("//", 7),
    ast.Mod: ("%", 7),
    ast.MatMult: ("@", 7),
    ast.Pow: ("**", 9),
}
_UNARY: Mapping[type[ast.unaryop], str] = {ast.USub: "-", ast.UAdd: "+", ast.Invert: "~"}
_LOOSE, _COMPARISON, _SIGN, _TIGHT = 0, 5, 8, 10


def parse(text: str) -> ast.expr:
    """The tree of an expression; SyntaxError if it is none."""
    return ast.parse(text, mode="eval").body


def names(node: ast.AST) -> frozenset[str]:
    """The variables which an expression reads."""
    return frozenset(part.id for part in ast.walk(node) if isinstance(part, ast.Name))


def replace(text: str, by: Mapping[str, str]) -> str:
    """The expression with variables replaced by other expressions."""
    return flat(_Replace({name: parse(other) for name, other in by.items()}).visit(parse(text)))


class _Replace(ast.NodeTransformer):
    def __init__(self, by: Mapping[str, ast.expr]) -> None:
        self.by = by

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.by.get(node.id, node)


def quote(text: str) -> str:
    """A string literal in the quotes that need fewer escapes, double ones if in doubt."""
    mark = "'" if text.count('"') > text.count("'") else '"'
    kept = {"'": "'", '"': '"', mark: f"\\{mark}"}
    return mark + "".join(kept.get(letter, repr(letter)[1:-1]) for letter in text) + mark


def dotted(node: ast.expr) -> bool:
    """A name, or attributes of a name: `torch.nn.functional`."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def flat(node: ast.expr, binds: int = _LOOSE) -> str:
    """The expression on one line, in parentheses if it binds less tightly than `binds`."""
    text, own = _show(node)
    return f"({text})" if own < binds else text


def argument(node: ast.keyword) -> str:
    """A keyword argument."""
    return f"{node.arg}={flat(node.value)}" if node.arg else f"**{flat(node.value, _TIGHT)}"


def _show(node: ast.expr) -> tuple[str, int]:
    """The text, and how tightly it binds."""
    match node:
        case ast.Name(id=name):
            return name, _TIGHT
        case ast.Constant(value=value):
            return quote(value) if isinstance(value, str) else _constant(value), _TIGHT
        case ast.Attribute(value=ast.Constant(value=int() | float()) as value, attr=name):
            return f"({flat(value)}).{name}", _TIGHT
        case ast.Attribute(value=value, attr=name):
            return f"{flat(value, _TIGHT)}.{name}", _TIGHT
        case ast.Call(func=function, args=positional, keywords=named):
            inside = ", ".join([*map(flat, positional), *map(argument, named)])
            return f"{flat(function, _TIGHT)}({inside})", _TIGHT
        case ast.Subscript(value=value, slice=index):
            return f"{flat(value, _TIGHT)}[{_index(index)}]", _TIGHT
        case ast.Tuple(elts=parts):
            comma = "," if len(parts) == 1 else ""
            return f"({', '.join(map(flat, parts))}{comma})", _TIGHT
        case ast.List(elts=parts):
            return f"[{', '.join(map(flat, parts))}]", _TIGHT
        case ast.Starred(value=value):
            return f"*{flat(value, _TIGHT)}", _LOOSE
        case ast.UnaryOp(op=operator, operand=operand) if type(operator) in _UNARY:
            power = isinstance(operand, ast.BinOp) and isinstance(operand.op, ast.Pow)
            return f"{_UNARY[type(operator)]}{flat(operand, _TIGHT if power else _SIGN)}", _SIGN
        case ast.BinOp(left=left, op=operator, right=right):
            return _binary(left, operator, right)
        case _:
            return ast.unparse(node), _COMPARISON


def _constant(value: object) -> str:
    return "..." if value is Ellipsis else repr(value).replace("e+", "e")


def _binary(left: ast.expr, operator: ast.operator, right: ast.expr) -> tuple[str, int]:
    sign, binds = _BINARY[type(operator)]
    if isinstance(operator, ast.Pow):
        space = "" if _is_plain(left) and _is_plain(right) else " "
        return f"{flat(left, _TIGHT)}{space}{sign}{space}{flat(right, _SIGN)}", binds
    parts = [flat(right, binds + 1), sign]
    while isinstance(left, ast.BinOp) and _BINARY[type(left.op)][1] == binds:  # a long sum
        parts += [flat(left.right, binds + 1), _BINARY[type(left.op)][0]]
        left = left.left
    return " ".join([flat(left, binds), *reversed(parts)]), binds


def _is_plain(node: ast.expr) -> bool:
    """What the formatter sets without spaces around `**`."""
    if isinstance(node, ast.UnaryOp):
        node = node.operand
        return isinstance(node, ast.Name | ast.Constant)
    return dotted(node) or (isinstance(node, ast.Constant) and not isinstance(node.value, str))


def _index(node: ast.expr) -> str:
    if isinstance(node, ast.Slice):
        return _slice(node)
    if isinstance(node, ast.Tuple) and len(node.elts) > 1:
        return ", ".join(
            _slice(part) if isinstance(part, ast.Slice) else flat(part) for part in node.elts
        )
    return flat(node)


def _slice(node: ast.Slice) -> str:
    """Spaces around the colon unless both ends are names or numbers."""
    ends = (node.lower, node.upper, node.step)
    space = "" if all(end is None or _is_short(end) for end in ends) else " "
    text = f"{_end(node.lower, '', space)}:{_end(node.upper, space, '')}"
    return text if node.step is None else f"{text}{space}:{_end(node.step, space, '')}"


def _end(node: ast.expr | None, before: str, after: str) -> str:
    return "" if node is None else f"{before}{flat(node)}{after}"


def _is_short(node: ast.expr) -> bool:
    while isinstance(node, ast.UnaryOp):
        node = node.operand
    return isinstance(node, ast.Name | ast.Constant)
