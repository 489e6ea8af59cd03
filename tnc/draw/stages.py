"""Layers after they were planned: steps with their costs, or for networks the costs of blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from tnc.diagnostics import Diagnostic, Report
from tnc.draw.blocks import Price
from tnc.draw.choices import Stage
from tnc.draw.diagram import Dangling, Diagram, Edge, Node
from tnc.draw.source import bound, opened
from tnc.draw.steps import backward, planned
from tnc.driver.front import Unit
from tnc.driver.limit import chosen
from tnc.driver.options import Options, Request
from tnc.driver.project import Project
from tnc.driver.requests import elaborated
from tnc.ir.layer import Layer
from tnc.ir.plan import Plan, Step
from tnc.plan.price import Prices
from tnc.plan.text import amount


def staged(
    unit: Unit, request: Request, options: Options, stage: Stage, *, depth: int | None = None
) -> tuple[Diagram, Layer, tuple[Diagnostic, ...]]:
    """The diagram of a planned layer, the layer, and the warnings on the way; CompileError when
    refused."""
    report = Report()
    report.add(*unit.said)
    report.raise_errors()
    wanted = elaborated(unit, [request], report)
    report.raise_errors()
    (layer,) = wanted
    project = Project(wanted, options)
    drafts = chosen(project, report)
    report.raise_errors()
    plan = project.built(drafts)[-1].plan
    words = bound(project.sizes[layer])
    if layer.instances:
        drawn = opened(layer, words, depth=depth, price=_priced(plan, stage))
        drawn = drawn if stage == "planned" else turned(drawn)
    else:
        draft = drafts[layer]
        graph = draft.planned.graph
        if stage == "planned":
            drawn = planned(layer, graph, plan, words)
        else:
            prices = Prices(draft.planned.measure.profile, project.sizes[layer])
            drawn = backward(layer, graph, draft.derived, prices, words)
    drawn = replace(drawn, title=layer.name, lines=(*_lines(plan, stage), *drawn.lines))
    return drawn, layer, report.diagnostics


def _lines(plan: Plan, stage: Stage) -> tuple[str, ...]:
    sizes = ", ".join(f"{name} = {size}" for name, size in plan.binding)
    macs = plan.macs if stage == "planned" else plan.macs_backward
    way = "forward" if stage == "planned" else "backward"
    total = f"{way}: {amount(macs).strip()} macs"
    return (f"{total}, at {sizes}" if sizes else total,)


def _priced(plan: Plan, stage: Stage) -> Price:
    """What the steps of layers inside cost."""
    count: dict[Stage, Callable[[Step], int]] = {
        "planned": lambda step: step.macs,
        "backward": lambda step: sum(step.macs_gradients),
    }

    def price(paths: Sequence[str]) -> int:
        return sum(
            count[stage](step)
            for step in plan.steps
            for path in paths
            if step.layer == path or step.layer.startswith(f"{path}.")
        )

    return price


def turned(diagram: Diagram) -> Diagram:
    """The same with every arrow reversed: gradients flow against the values."""
    sides = {"in": "out", "out": "in"}
    return replace(
        diagram,
        nodes=tuple(map(_inside_turned, reversed(diagram.nodes))),
        edges=tuple(
            Edge(edge.target, edge.source, edge.label, edge.directed)
            for edge in reversed(diagram.edges)
        ),
        dangling=tuple(
            Dangling(each.node, each.label, sides[each.side], each.directed)  # type: ignore[arg-type]
            for each in diagram.dangling
        ),
    )


def _inside_turned(node: Node) -> Node:
    if node.inside is None or node.inside.flow == "right":
        return node
    return replace(node, inside=turned(node.inside))
