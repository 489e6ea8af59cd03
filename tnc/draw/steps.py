"""A plan, and the gradient that is derived from it, as steps with what they cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tnc.draw.diagram import Dangling, Diagram, Edge, Node
from tnc.draw.tensors import called, given, kind_of, let_names
from tnc.draw.words import Words, factor
from tnc.ir.graph import Graph, Value
from tnc.ir.layer import Layer
from tnc.ir.plan import Plan, Step
from tnc.ir.region import Derived
from tnc.ir.tensor import Mode
from tnc.ops import Add, Apply, Border, Contract, Leaf, Rename, Scale
from tnc.plan.price import Prices, step_kind
from tnc.plan.text import amount
from tnc.record import record

SEED = "∂"
"""Before the name of a tensor: the gradient with respect to it."""

LEGEND = f"{SEED}x: the gradient with respect to x"
NUMBERS = "(k): the result of step k of the plan"


@record
class Cost:
    """What a step is: its kind, multiply-adds, and the bytes of its result."""

    kind: str
    macs: int
    bytes: int
    remark: str = ""

    def node(self, name: str) -> Node:
        work = f"{amount(self.macs).strip()} macs" if self.macs else "no macs"
        remark = [self.remark] if self.remark else []
        lines = (work, f"result {amount(self.bytes)}B", *remark)
        return Node(name, "step", self.kind, lines, macs=self.macs)


def cost(number: int, step: Step) -> Cost:
    """The cost of a step of a plan, with its number there."""
    return Cost(f"({number}) {step.kind}", step.macs, step.result_bytes, step.kept)


def planned(layer: Layer, graph: Graph, plan: Plan, words: Words) -> Diagram:
    """The steps of a plan, of which `graph` is made."""
    steps = _Steps(words, let_names(layer, graph))
    contractions = [value for value in graph if isinstance(value.op, Contract)]
    for number, (value, step) in enumerate(zip(contractions, plan.own, strict=True), 1):
        steps.costs[value] = cost(number, step)
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
    gradient. What the forward computes is called by its `let`, else by the number of its step."""
    forward = [value for value in graph if isinstance(value.op, Contract)]
    numbers = {value: f"({number})" for number, value in enumerate(forward, 1)}
    steps = _Steps(words, let_names(layer, graph), numbers)
    outputs = dict(zip(graph.outputs, (port.name for port in layer.outputs), strict=True))
    dangling: list[Dangling] = []
    for region in derived:
        for seed, output in zip(region.seeds, region.region.outputs, strict=True):
            steps.others[seed] = SEED + outputs.get(output, steps.name(output))
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
    drawn = steps.diagram(f"{layer.name}, backward", dangling)
    labels = [*(node.label for node in drawn.nodes), *(each.label for each in dangling)]
    numbered = {label.removeprefix(SEED) for label in labels} & {*numbers.values()}
    legend = [NUMBERS, LEGEND] if numbered else [LEGEND]
    return replace(drawn, lines=("; ".join(legend),))


@dataclass(slots=True)
class _Steps:
    """Nodes and arrows as they are found. `names` are those by `let`, `others` of what has none."""

    words: Words
    names: Mapping[Value, str]
    others: dict[Value, str] = field(default_factory=dict)
    costs: dict[Value, Cost] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    made: dict[Value, str] = field(default_factory=dict)

    def diagram(self, title: str, dangling: Iterable[Dangling]) -> Diagram:
        return Diagram(title, tuple(self.nodes.values()), tuple(self.edges), tuple(dangling))

    def name(self, value: Value) -> str:
        """What a tensor that is not computed here is called."""
        value = given(value)
        if found := self.names.get(value) or self.others.get(value):
            return found
        return self.name(value.operands[0]) if isinstance(value.op, Scale) else called(value)

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
            self.edges.append(Edge(source, name, self._flowing(operand), directed=True))

    def _flowing(self, value: Value) -> str:
        """The modes of a value, after the name that it has by `let` where a node computes it."""
        name = self.names.get(given(value))
        modes = self.words.modes(value.type.modes) or "1"
        computed = self.nodes[self.source(value)].kind != "value"
        return f"{name}: {modes}" if name and computed else modes

    def _node(self, name: str, value: Value) -> Node:
        if isinstance(value.op, Contract):
            return self.costs[value].node(name)
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
