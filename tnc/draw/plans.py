"""A plan by itself, without the layer: its steps, connected where a result is an operand."""

from __future__ import annotations

from collections.abc import Iterator

from tnc.draw.diagram import Dangling, Diagram, Edge, Node
from tnc.draw.steps import cost
from tnc.draw.words import subscripted
from tnc.ir.plan import Plan, named


def plan_diagram(plan: Plan) -> Diagram:
    """The steps of the layer itself. A plan does not say what stands between its steps, such as
    functions: an operand comes straight from the steps of which it is made."""
    nodes: list[Node] = []
    edges: list[Edge] = []
    for number, step in enumerate(plan.own, 1):
        name = _name(number)
        for k, (operand, steps) in enumerate(zip(step.operands, step.sources, strict=True)):
            sources = [*map(_name, steps)] or [f"operand {number} {k}"]
            if not steps:
                nodes.append(Node(sources[0], "value", subscripted(named(operand)[0]) or "·"))
            edges += [Edge(source, name, _modes(operand), directed=True) for source in sources]
        nodes.append(cost(number, step).node(name))
    read = {edge.source for edge in edges}
    ends = [
        Dangling(_name(number), _modes(step.result), directed=True)
        for number, step in enumerate(plan.own, 1)
        if _name(number) not in read
    ]
    return Diagram(plan.layer, tuple(nodes), tuple(edges), tuple(ends), lines=tuple(_lines(plan)))


def _name(number: int) -> str:
    return f"step {number}"


def _modes(tensor: str) -> str:
    return " ".join(map(subscripted, named(tensor)[1])) or "1"


def _lines(plan: Plan) -> Iterator[str]:
    sizes = ", ".join(f"{name} = {size}" for name, size in plan.binding)
    yield f"forward, at {sizes}" if sizes else "forward"
