"""When the values of straight-line code die, and when deleting them frees memory."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from functools import lru_cache

from tnc.ir.program import Line

_VIEWS = """
broadcast_to chunk conj contiguous diagonal expand expand_as flatten moveaxis movedim narrow permute
ravel real reshape select split squeeze swapaxes swapdims t transpose unbind unflatten unfold
unsqueeze view view_as
"""
VIEWS = frozenset(_VIEWS.split())
"""Methods, and functions of `torch`, whose result shares the memory of their first operand."""

COPIES = frozenset({"contiguous", "flatten", "ravel", "reshape"})
"""Those which copy where the elements do not lie in memory as they are wanted."""

ATTRIBUTES = frozenset({"T", "mT", "H", "mH", "real", "imag"})


@lru_cache(1 << 14)  # the candidates for a layer have most of their lines in common
def variables(expression: str) -> frozenset[str]:
    """The variables which an expression reads."""
    tree = ast.parse(expression, mode="eval")
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


@lru_cache(1 << 14)
def viewed(expression: str, surely: bool = False) -> str | None:
    """The variable of which an expression is a view, or None if it makes a new tensor; or may
    make one, if it shall be a view `surely`."""
    views = VIEWS - COPIES if surely else VIEWS
    node: ast.expr = ast.parse(expression, mode="eval").body
    while not isinstance(node, ast.Name):
        match node:
            case ast.Attribute(value=inner, attr=name) if name in ATTRIBUTES:
                node = inner
            case ast.Subscript(value=inner):
                node = inner
            case ast.Call(func=ast.Attribute(value=ast.Name("torch"), attr=name), args=[inner, *_]):
                if name not in views:
                    return None
                node = inner
            case ast.Call(func=ast.Attribute(value=inner, attr=name)) if name in views:
                node = inner
            case _:
                return None
    return node.id


def deaths(
    lines: Sequence[Line], given: Iterable[str], kept: Iterable[str]
) -> tuple[tuple[str, ...], ...]:
    """Per line, the variables to delete after it.

    `given` are variables from before that may be deleted, `kept` those that are still needed
    afterwards. Nothing is deleted for whose memory somebody else is responsible, and nothing
    after the last line, since the function returns there. What may be a copy is deleted by itself,
    so that neither holds the memory of the other.
    """
    root = {name: name for name in given}
    needs = {name: frozenset[int]() for name in root}
    last = dict.fromkeys(root, -1)
    for k, line in enumerate(lines):
        base = viewed(line.expression, surely=True)
        for target in (name for name in line.targets if name != "_"):
            root[target] = target if base is None else root.get(base, base)
            needs[target] = line.needs
        for name in (*line.targets, *line.reads):
            if name in root:
                last[root[name]] = k
    held = {root[name] for name in kept if name in root}
    after: list[list[str]] = [[] for _ in lines]
    for name, owner in root.items():
        k = last[owner]
        if owner not in root or owner in held or not 0 <= k < len(lines) - 1:
            continue
        if not needs[name] or needs[name] >= lines[k].needs > frozenset():
            after[k].append(name)
    return tuple(map(tuple, after))
