"""The equation of `tnc.einsum`, read as a layer without parameters; its inputs are x0, x1, …"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from tnc.diagnostics import Label, Report, Source, Span
from tnc.elaborate.definitions import NO_FILE
from tnc.elaborate.layers import Elaboration
from tnc.ir.layer import Layer
from tnc.syntax import tree

NAME = "Einsum"
Item = tree.Name | tree.Ellipsis
Sizes = Sequence[int | str]


def elaborate_einsum(
    equation: tree.Einsum, source: Source, shapes: Sequence[Sizes], report: Report
) -> Layer | None:
    """The equation at operands of these shapes: a number for each axis, or any name for a size
    that is known at run time only. None where an error was reported.

    As in other einsums, a mode twice in one operand is its diagonal, and a mode of one operand
    that is not in the result is summed.
    """
    inner = Report()
    equation = _spelled_out(equation, shapes)
    sizes = _sizes(equation, shapes, inner)
    _result_once(equation, inner)
    if inner.failed:
        report.add(*inner.diagnostics)
        return None
    layer = _layer(equation, sizes)
    elaboration = Elaboration(layer, replace(NO_FILE, source=source), inner)
    elaboration.scope.einsum = True
    made = elaboration.run({})
    report.add(*inner.diagnostics)
    return made


# ---------------------------------------------------------------- ellipses


def _spelled_out(equation: tree.Einsum, shapes: Sequence[Sizes]) -> tree.Einsum:
    """Every `...` replaced by one mode per axis that it stands for, the last ones in common."""
    spare = [
        len(shape) - len(items) + 1
        for items, shape in zip(equation.operands, shapes, strict=False)
        if any(isinstance(item, tree.Ellipsis) for item in items)
    ]
    most = max(spare, default=0)
    if most < 0 or len(shapes) != len(equation.operands):
        return equation
    counts = iter([*spare, most])
    operands = tuple(_spelled(items, most, counts) for items in equation.operands)
    result = _spelled(equation.result, most, iter([most]))
    return tree.Einsum(equation.span, operands, result, equation.relations)


def _spelled(items: Sequence[Item], most: int, counts: Iterator[int]) -> tuple[Item, ...]:
    made: list[Item] = []
    for item in items:
        if isinstance(item, tree.Ellipsis):
            first = most - max(0, next(counts))
            made += [tree.Name(item.span, f"axis{k}…") for k in range(first, most)]
        else:
            made.append(item)
    return tuple(made)


# ---------------------------------------------------------------- sizes


def _sizes(
    equation: tree.Einsum, shapes: Sequence[Sizes], report: Report
) -> dict[str, tuple[tree.Name, int | str]]:
    """The modes of the operands, each where it is first written, with its size."""
    if len(shapes) != len(equation.operands):
        text = f"the equation has {len(equation.operands)} operands, tensors given: {len(shapes)}"
        report.error(
            "E0201", text, equation.span, "one operand for every tensor, separated by commas"
        )
        return {}
    found: dict[str, tuple[tree.Name, int | str]] = {}
    for place, (items, shape) in enumerate(zip(equation.operands, shapes, strict=True)):
        aligned = _aligned(items, shape)
        if aligned is None:
            text = f"tensor {place} has {len(shape)} axes, the equation gives it {len(items)} modes"
            report.error("E0201", text, _span(items, equation), "one mode for every axis")
            continue
        for name, size in aligned:
            first, known = found.setdefault(name.text, (name, size))
            if known != size:
                report.error(
                    "E0301",
                    f"mode `{name.text}` has size {known} and size {size}",
                    name.span,
                    f"size {size} here",
                    Label(first.span, f"size {known} here"),
                )
    return found


def _aligned(items: Sequence[Item], shape: Sizes) -> list[tuple[tree.Name, int | str]] | None:
    """Each named mode with its size; `...` takes the axes that are left."""
    spare = len(shape) - len(items)
    at = next((k for k, item in enumerate(items) if isinstance(item, tree.Ellipsis)), None)
    if spare < -1 or (spare != 0 and at is None):
        return None
    shift = [0 if at is None or k < at else spare for k in range(len(items))]
    return [
        (item, shape[k + shift[k]]) for k, item in enumerate(items) if isinstance(item, tree.Name)
    ]


def _result_once(equation: tree.Einsum, report: Report) -> None:
    first: dict[str, Span] = {}
    for item in equation.result:
        if not isinstance(item, tree.Name):
            continue
        if item.text in first:
            report.error(
                "E0207",
                f"mode `{item.text}` stands twice in the result",
                item.span,
                "again here",
                Label(first[item.text], "first here"),
            )
        first.setdefault(item.text, item.span)


# ---------------------------------------------------------------- the layer


def _layer(equation: tree.Einsum, sizes: dict[str, tuple[tree.Name, int | str]]) -> tree.Layer:
    span = equation.span
    modes = tuple(
        tree.ModeDecl(name.span, name, None, _size(name, size), None)
        for name, size in sizes.values()
    )
    modes += tuple(
        tree.ModeDecl(name.span, name, None, None, None)
        for name in _unsized(equation, frozenset(sizes))
    )
    operands = [
        (tree.Name(_span(items, equation), f"x{k}"), tree.ModeList(_span(items, equation), items))
        for k, items in enumerate(equation.operands)
    ]
    product: tree.Expr = operands[0][0]
    for name, _ in operands[1:]:
        product = tree.Binary(span, "*", product, name)
    given = tuple(tree.TensorDecl(name.span, name, None, items) for name, items in operands)
    result = tree.ModeList(_span(equation.result, equation), equation.result)
    target = tree.Target(result.span, tree.Name(result.span, "y"), result)
    body: tuple[tree.Statement, ...] = (
        tree.Mode(span, modes),
        *equation.relations,
        tree.Tensors(span, "input", (), given, None),
        tree.Output(span, target, product),
    )
    return tree.Layer(span, tree.Name(span, NAME), (), body, None, span)


def _unsized(equation: tree.Einsum, sized: frozenset[str]) -> Iterable[tree.Name]:
    """The signals and taps that no operand has: their sizes follow from the relations."""
    nodes = [node for statement in equation.relations for node in statement.relations]
    results = {node.result.name.text for node in nodes}
    given = {ref.name.text: ref.name for node in nodes for ref in (node.signal, *node.taps)}
    return [name for text, name in given.items() if text not in sized | results]


def _size(name: tree.Name, size: int | str) -> tree.Expr | None:
    return None if isinstance(size, str) else tree.Int(name.span, size)


def _span(items: Sequence[Item], equation: tree.Einsum) -> Span:
    return items[0].span.to(items[-1].span) if items else equation.span
