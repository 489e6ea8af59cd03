"""A plan by itself, without the layer: its steps, connected where a result is an operand."""

from __future__ import annotations

from collections.abc import Iterator

from tnc.draw.diagram import Dangling, Diagram, Edge, Node
from tnc.draw.steps import Cost
from tnc.draw.words import subscripted
from tnc.ir.plan import Plan, Step


def plan_diagram(plan: Plan) -> Diagram:
    """The steps of the layer itself. A plan does not say what stands between its steps, such as
    functions: an operand without a name is the last result with its modes, if there is one."""
    nodes: list[Node] = []
    edges: list[Edge] = []
    results: dict[str, list[str]] = {}
    unread: dict[str, str] = {}
    for number, step in enumerate(plan.own, 1):
        name = f"step {number}"
        for k, operand in enumerate(step.operands):
            made = results.get(operand, [])
            source = next((each for each in reversed(made) if each in unread), (made or [""])[-1])
            if not source:
                source = f"operand {number} {k}"
                nodes.append(_given(source, operand))
            unread.pop(source, None)
            edges.append(Edge(source, name, _modes(operand), directed=True))
        nodes.append(_step(name, number, step))
        results.setdefault(step.result, []).append(name)
        unread[name] = step.result
    ends = [Dangling(name, _modes(result), directed=True) for name, result in unread.items()]
    return Diagram(plan.layer, tuple(nodes), tuple(edges), tuple(ends), lines=tuple(_lines(plan)))


def _given(name: str, operand: str) -> Node:
    return Node(name, "value", subscripted(operand.partition("[")[0]) or "·")


def _step(name: str, number: int, step: Step) -> Node:
    remark = "saved" if step.saved else "recomputed" if step.recomputed else ""
    cost = Cost(step.kind, step.macs, step.result_bytes, remark)
    return Node(name, "step", f"({number}) {step.kind}", cost.lines, macs=step.macs)


def _modes(text: str) -> str:
    names = text.partition("[")[2].rstrip("]").split(", ")
    return " ".join(map(subscripted, names)) or "1"


def _lines(plan: Plan) -> Iterator[str]:
    sizes = ", ".join(f"{name} = {size}" for name, size in plan.binding)
    yield f"forward, at {sizes}" if sizes else "forward"
