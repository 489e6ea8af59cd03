"""A layer as it is written: a tensor network where it is one product, else blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tnc.draw.blocks import Manner, Price, blocks, is_product, unplanned
from tnc.draw.diagram import Diagram, Node
from tnc.draw.tensors import given, network
from tnc.draw.words import Words
from tnc.ir.graph import Value
from tnc.ir.layer import Layer
from tnc.ir.size import Size
from tnc.ops import Contract, Leaf

LENGTH = 90
"""Characters of a line of parameters."""

DEEPEST = 4
MOST = 64
"""How many levels of layers are opened, as long as there are not more nodes than so many."""


def source(
    layer: Layer,
    binding: Mapping[str, int] | None = None,
    *,
    depth: int | None = None,
    units: bool = False,
) -> Diagram:
    """The layer before it is planned. `binding` gives numbers for run-time sizes; `depth` says how
    many levels of layers inside are opened, `units` draws modes of size 1."""
    words = bound(binding)
    product = one_product(layer)
    if product is not None:
        drawn = network(product, words, units=units, title=layer.name)
    else:
        drawn = opened(layer, words, depth=depth, units=units)
    return replace(drawn, lines=_lines(layer))


def opened(
    layer: Layer,
    words: Words,
    *,
    depth: int | None = None,
    price: Price = unplanned,
    units: bool = False,
) -> Diagram:
    """The layer as blocks, opened as deep as is readable where no `depth` is given."""
    depths = range(DEEPEST, -1, -1) if depth is None else [depth]
    for each in depths:
        drawn = blocks(layer, words, Manner(each, price, units), title=layer.name)
        drawn = drawn if depth is not None else opened_once(drawn)
        if sum(1 for _ in drawn.walk()) <= MOST:
            break
    return drawn


def opened_once(diagram: Diagram) -> Diagram:
    """The same, where layers that look like one before are closed."""
    seen: set[object] = set()

    def visit(inner: Diagram) -> Diagram:
        return replace(inner, nodes=tuple(map(again, inner.nodes)))

    def again(node: Node) -> Node:
        if node.kind != "layer" or node.inside is None:
            return node
        look = _look(node.inside)
        if look in seen:
            return replace(node, inside=None, lines=(*node.lines, "as above"))
        seen.add(look)
        return replace(node, inside=visit(node.inside))

    return visit(diagram)


def _look(diagram: Diagram) -> object:
    """What is drawn, whatever the sizes."""
    nodes = tuple(
        (node.name, node.label, node.times, node.inside and _look(node.inside))
        for node in diagram.nodes
    )
    return nodes, tuple((edge.source, edge.target) for edge in diagram.edges)


def bound(binding: Mapping[str, int] | None) -> Words:
    """Sizes as they are written, but those that are bound."""
    return Words({symbol: Size.of(size) for symbol, size in (binding or {}).items()})


def one_product(layer: Layer) -> Value | None:
    """The contraction that is all of a layer."""
    if len(layer.outputs) != 1:
        return None
    value = layer.outputs[0].value
    leaves = all(isinstance(given(operand).op, Leaf) for operand in value.operands)
    return value if isinstance(value.op, Contract) and is_product(value) and leaves else None


def _lines(layer: Layer) -> tuple[str, ...]:
    """The parameters that differ from their defaults, in lines of a readable length."""
    lines = [""]
    for name, value in layer.told():
        text = f"{name}: {value}"
        if lines[-1] and len(lines[-1]) + len(text) > LENGTH:
            lines.append("")
        lines[-1] += f", {text}" if lines[-1] else text
    return tuple(line for line in lines if line)
