"""Where an expression says a size as a number: in views, in new tensors, in groups of convolutions.

Other integers (the order of axes, strides, pads, indices) are no sizes, and stay as they are.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import cache

from tnc.record import record

SHAPING = frozenset({"view", "reshape", "expand", "new_zeros", "new_ones", "new_empty"})
"""Methods whose arguments are sizes."""

GROUPS = 6
"""Which argument of torch's convolutions is the number of groups."""

BACKWARD_GROUPS = 9
"""Which one of their derivative, `convolution_backward`, is."""


@record
class Cut:
    """An expression around the sizes which it says as numbers: one piece more than `numbers`."""

    pieces: tuple[str, ...]
    numbers: tuple[int, ...]

    def filled(self, sizes: Sequence[str]) -> str:
        """The expression with other sizes: numbers, names, or products of names."""
        first, *rest = self.pieces
        return first + "".join(size + piece for size, piece in zip(sizes, rest, strict=True))


@cache
def cut(expression: str) -> Cut:
    """Find the sizes of an expression."""
    text = expression.encode()  # positions in trees count bytes
    found = sorted(_sizes(ast.parse(expression, mode="eval")), key=lambda node: node.col_offset)
    pieces, numbers, start = [], [], 0
    for node in found:
        end = node.end_col_offset or start
        pieces.append(text[start : node.col_offset].decode())
        numbers.append(int(text[node.col_offset : end]))
        start = end
    return Cut((*pieces, text[start:].decode()), tuple(numbers))


def _sizes(tree: ast.AST) -> Iterator[ast.Constant]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr=name), args=given) if name in SHAPING:
                sizes = given
            case ast.Call(func=ast.Attribute(attr="convolution_backward"), args=given):
                sizes = given[BACKWARD_GROUPS : BACKWARD_GROUPS + 1]
            case ast.Call(func=ast.Attribute(attr=name), args=given) if name.startswith("conv"):
                sizes = given[GROUPS : GROUPS + 1]
            case _:
                continue
        for size in sizes:
            yield from _factors(size)


def _factors(size: ast.expr) -> Iterator[ast.Constant]:
    """The numbers in a product."""
    match size:
        case ast.Constant(value=int()):
            yield size
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            yield from _factors(left)
            yield from _factors(right)
        case _:
            pass


def viewed_as(expression: str) -> tuple[int, ...] | None:
    """The shape that an expression is brought into last, if it says it in numbers."""
    match ast.parse(expression, mode="eval").body:
        case ast.Call(func=ast.Attribute(attr="view" | "reshape"), args=given):
            sizes = [node.value for node in given if isinstance(node, ast.Constant)]
            whole = len(sizes) == len(given) and all(isinstance(size, int) for size in sizes)
            return tuple(size for size in sizes if isinstance(size, int)) if whole else None
        case _:
            return None
