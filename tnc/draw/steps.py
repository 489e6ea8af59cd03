"""A plan, and the gradient that is derived from it, as steps with what they cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tnc.draw.diagram import Dangling, Diagram, Edge, Node
from tnc.draw.tensors import called, given, kind_of
from tnc.draw.words import Words, factor
from tnc.ir.graph import Graph, Value
from tnc.ir.layer import Layer
from tnc.ir.plan import Plan
from tnc.ir.region import Derived
from tnc.ir.tensor import Mode
from tnc.ops import Add, Apply, Border, Contract, Leaf, Rename, Scale
from tnc.plan.price import Prices, step_kind
from tnc.plan.text import amount
from tnc.record import record

SEED = "∂"
"""Before the name of a tensor: the gradient with respect to it."""


@record
class Cost:
    """What a step is: its kind, multiply-adds, and the bytes of its result."""

    kind: str
    macs: int
    bytes: int
    remark: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        work = f"{amount(self.macs).strip()} macs" if self.macs else "no macs"
        remark = [self.remark] if self.remark else []
        return (work, f"result {amount(self.bytes)}B", *remark)


def planned(layer: Layer, graph: Graph, plan: Plan, words: Words) -> Diagram:
    """The steps of a plan, of which `graph` is made."""
    steps = _Steps(words, layer)
    contractions = [value for value in graph if isinstance(value.op, Contract)]
    for number, (value, step) in enumerate(zip(contractions, plan.own, strict=True), 1):
        remark = "saved" if step.saved else "recomputed" if step.recomputed else ""
        steps.costs[value] = Cost(step.kind, step.macs, step.result_bytes, remark)
        steps.numbers[value] = number
    for value in graph:
        steps.make(value)
    dangling = [
        Dangling(
            steps.source(value), f"{port.name}[{words.modes(_flat(port.axes))}]", directed=True
        )
        for port, value in zip(layer.outputs, graph.outputs, strict=True)
    ]
    return steps.diagram(layer.name, dangling)


def backward(
    layer: Layer,
    graph: Graph,
    derived: Sequence[Derived],
    prices: Prices,
    words: Words,
) -> Diagram:
    """The steps of the gradient of a planned `graph`: what is computed anew, and the step for each
    gradient."""
    steps = _Steps(words, layer)
    forward = [value for value in graph if isinstance(value.op, Contract)]
    steps.names = {value: f"({number})" for number, value in enumerate(forward, 1)}
    outputs = dict(zip(graph.outputs, (port.name for port in layer.outputs), strict=True))
    dangling: list[Dangling] = []
    for region in derived:
        for seed, output in zip(region.seeds, region.region.outputs, strict=True):
            steps.names[seed] = SEED + outputs.get(output, steps.name(output))
        again = region.recomputed
        for value in (*again, *region.pulled):
            remark = "computed anew" if value in again else ""
            size = prices.bytes(value)
            steps.costs[value] = Cost(step_kind(value), prices.macs(value), size, remark)
            steps.make(value)
        for value, gradient in zip(region.region.inputs, region.gradients, strict=True):
            if gradient is not None and gradient is not value:
                label = f"{SEED}{steps.name(value)}"
                dangling.append(Dangling(steps.source(gradient), label, directed=True))
    return steps.diagram(f"{layer.name}, backward", dangling)


@dataclass(slots=True)
class _Steps:
    """Nodes and arrows as they are found."""

    words: Words
    layer: Layer
    costs: dict[Value, Cost] = field(default_factory=dict)
    numbers: dict[Value, int] = field(default_factory=dict)
    names: dict[Value, str] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    made: dict[Value, str] = field(default_factory=dict)

    def diagram(self, title: str, dangling: Iterable[Dangling]) -> Diagram:
        return Diagram(title, tuple(self.nodes.values()), tuple(self.edges), tuple(dangling))

    def name(self, value: Value) -> str:
        """What a tensor that is not computed here is called."""
        value = given(value)
        if value not in self.names and isinstance(value.op, Scale):
            return self.name(value.operands[0])
        return self.names.get(value) or called(value)

    def source(self, value: Value) -> str:
        """The node that gives a value; a circle for what is not computed here."""
        value = given(value)
        if value not in self.made:
            name = f"%{value.serial}"
            self.made[value] = name
            self.nodes[name] = Node(name, kind_of(value), self.name(value))
        return self.made[value]

    def make(self, value: Value) -> None:
        """The node of what an operation computes, and its arrows."""
        if isinstance(value.op, Leaf | Rename):
            return
        sources = [self.source(operand) for operand in value.operands]
        name = f"%{value.serial}"
        self.nodes[name] = self._node(name, value)
        self.made[value] = name
        for operand, source in zip(value.operands, sources, strict=True):
            label = self.words.modes(operand.type.modes)
            self.edges.append(Edge(source, name, label or "1", directed=True))

    def _node(self, name: str, value: Value) -> Node:
        if isinstance(value.op, Contract):
            cost = self.costs[value]
            number = f"({self.numbers[value]}) " if value in self.numbers else ""
            return Node(name, "step", f"{number}{cost.kind}", cost.lines, macs=cost.macs)
        kind = "layer" if isinstance(value.op, Apply) else "function"
        return Node(name, kind, _label(value))  # type: ignore[arg-type]


def _label(value: Value) -> str:
    match value.op:
        case Add():
            return "+"
        case Scale() as op:
            return factor(op)
        case Border(kind=kind):
            return kind
        case _:
            return called(value)


def _flat(axes: Iterable[Iterable[Mode]]) -> list[Mode]:
    return [mode for axis in axes for mode in axis]
