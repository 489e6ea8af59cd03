"""A layer as blocks: layers inside, functions and sums, with shapes on the arrows between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tnc.draw.diagram import Dangling, Diagram, Edge, Node
from tnc.draw.tensors import given, kind_of, let_names, network
from tnc.draw.words import Words, factor, stem, subscripted
from tnc.driver.network import inner_sizes
from tnc.ir.graph import Value
from tnc.ir.layer import Axes, Foreign, Instance, Layer
from tnc.ir.scalar import Scalar
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.ops import Add, Apply, Border, Call, Contract, Leaf, Mask, Rename, Scale
from tnc.plan.text import amount
from tnc.record import record

Price = Callable[[Sequence[str]], int]
"""The multiply-adds of a layer inside, or of those that stand there one after the other, given the
attributes that lead to each: `layer1.Block_2`."""


def unplanned(paths: Sequence[str]) -> int:
    """Nothing is known."""
    return 0


@record
class Manner:
    """How blocks are drawn: how many levels of layers are opened, what each costs, and whether
    modes of size 1 are drawn."""

    depth: int = 0
    price: Price = unplanned
    units: bool = False


def blocks(layer: Layer, words: Words, manner: Manner, path: str = "", title: str = "") -> Diagram:
    """The layer as it is computed. `path` leads to it where it is inside of another."""
    return _Blocks(layer, words, manner, path).diagram(title)


def is_product(value: Value) -> bool:
    """Whether a contraction multiplies or convolves, so that there is a network to draw."""
    op = value.op
    return isinstance(op, Contract) and (len(value.operands) > 1 or bool(op.patterns))


@dataclass(slots=True)
class _Blocks:
    layer: Layer
    words: Words
    manner: Manner
    path: str
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    made: dict[Value, str] = field(default_factory=dict)
    runs: dict[Value, list[Value]] = field(default_factory=dict)
    shown: set[Value] = field(default_factory=set)
    calls: dict[int, str] = field(default_factory=dict)
    names: Mapping[Value, str] = field(init=False)

    def __post_init__(self) -> None:
        self.names = let_names(self.layer, self.layer.graph)

    def diagram(self, title: str) -> Diagram:
        values = self.layer.graph.values
        self._find_runs(values)
        for value in values:
            if not isinstance(value.op, Leaf):
                self._make(value)
        out = [
            Dangling(
                self._source(port.value),
                self._interface(port.name, port.axes),
                "out",
                not self.path,
            )
            for port in self.layer.outputs
        ]
        inputs = [self._entry(port.name) for port in self.layer.inputs if port.name in self.nodes]
        entries = inputs if self.path else []
        nodes, edges = tuple(self.nodes.values()), tuple(self.edges)
        return Diagram(title, nodes, edges, (*entries, *out), "down")

    def _entry(self, name: str) -> Dangling:
        """From where an input comes: straight to the one node that takes it, or to a dot that hands
        it on."""
        takers = [edge for edge in self.edges if edge.source == name]
        if (
            not self.path
            or len(takers) != 1
            or (name in self.made.values() and self._is_output(name))
        ):
            return Dangling(name, "", "in")
        del self.nodes[name]
        self.edges.remove(takers[0])
        return Dangling(takers[0].target, "", "in", True)

    def _is_output(self, name: str) -> bool:
        return any(self.made.get(given(port.value)) == name for port in self.layer.outputs)

    def _interface(self, name: str, axes: Axes) -> str:
        return "" if self.path else f"{name}: {self.words.shape(axes)}"

    # ------------------------------------------------------------ repeated layers
    def _find_runs(self, values: Sequence[Value]) -> None:
        """Equal layers that follow one another: `runs` has them by the last."""
        uses = Counter(given(operand) for value in values for operand in value.operands)
        uses.update(given(port.value) for port in self.layer.outputs)
        for value in values:
            if not isinstance(value.op, Apply):
                continue
            before = given(value.operands[0]) if len(value.operands) == 1 else None
            if before in self.runs and uses[before] == 1 and self._follows(before, value):
                self.runs[value] = [*self.runs.pop(before), value]
            else:
                self.runs[value] = [value]

    def _follows(self, before: Value, value: Value) -> bool:
        one, other = before.op, value.op
        assert isinstance(one, Apply)
        assert isinstance(other, Apply)
        alike = _alike(one.instance.callee, other.instance.callee)
        return alike and self.words.of(before) == self.words.of(value) and other.results == 1

    # ------------------------------------------------------------ nodes
    def _make(self, value: Value) -> None:
        match value.op:
            case Rename():
                pass
            case Scale() as op if given(value.operands[0]) in self.made and self._only(value):
                self._scaled(value, op)
            case Apply():
                if value in self.runs:
                    self._layers(self.runs[value])
            case Contract() if is_product(value):
                inside = network(value, self.words, names=self.names, units=self.manner.units)
                operands = [each for each in value.operands if kind_of(each) == "value"]
                self._add(value, Node(f"%{value.serial}", "network", "", (), inside), operands)
            case Contract() if not _summed(value):
                self.made[value] = self._source(value.operands[0])
            case _:
                node = Node(f"%{value.serial}", "function", self._label(value))
                self._add(value, node, value.operands)

    def _only(self, value: Value) -> bool:
        """Whether nothing else reads what a value is made of."""
        operand = given(value.operands[0])
        readers = [each for each in self.layer.graph.values if operand in map(given, each.operands)]
        ends = [port.value for port in self.layer.outputs if given(port.value) is operand]
        return len(readers) == 1 and not ends

    def _scaled(self, value: Value, op: Scale) -> None:
        name = self._source(value.operands[0])
        node = self.nodes[name]
        if _averages(op, given(value.operands[0])):
            self.nodes[name] = replace(node, label=node.label.replace("sum", "mean"))
        else:
            self.nodes[name] = replace(node, lines=(*node.lines, factor(op)))
        self.made[value] = name

    def _layers(self, run: Sequence[Value]) -> None:
        """One node for layers of a run; one for all results of a call."""
        first, last = run[0].op, run[-1].op
        assert isinstance(first, Apply)
        assert isinstance(last, Apply)
        if last.call in self.calls:
            self.made[run[-1]] = self.calls[last.call]
            return
        instances = [value.op.instance for value in run if isinstance(value.op, Apply)]
        paths = [f"{self.path}.{each.name}".lstrip(".") for each in instances]
        macs = self.manner.price(paths)
        node = Node(
            f"{instances[0].name}#{first.call}",
            "layer",
            _title(instances),
            _costs(macs, len(run)),
            self._inside(first, paths[0]),
            len(run),
            macs,
        )
        self.calls[last.call] = node.name
        self._add(run[-1], node, run[0].operands)

    def _inside(self, op: Apply, path: str) -> Diagram | None:
        callee = op.instance.callee
        if not isinstance(callee, Layer) or not callee.instances or not self.manner.depth:
            return None
        inner = {
            symbol: size.substitute(self.words.sizes)
            for symbol, size in inner_sizes(op, callee).items()
        }
        manner = replace(self.manner, depth=self.manner.depth - 1)
        return blocks(callee, Words(inner), manner, path)

    def _label(self, value: Value) -> str:
        match value.op:
            case Add():
                return "+"
            case Scale() as op:
                return factor(op)
            case Call(function=function, over=over):
                name = function.rpartition(".")[2]
                return f"{name} over {self.words.modes(over)}" if over else name
            case Mask(comparison=comparison, left=left, right=right, offset=offset):
                shift = f" + {offset}" if offset and right else "" if right else str(offset)
                other = subscripted(right.name) if right else ""
                return f"mask {subscripted(left.name)} {comparison} {other}{shift}"
            case Border(kind=kind, mode=mode):
                return f"{kind} {subscripted(mode.name)}"
            case _:
                return f"sum over {self._plain(_summed(value))}"

    def _plain(self, modes: Sequence[Mode]) -> str:
        """Names of modes; of those that are not declared, the modes that they continue."""
        declared = dict(self.layer.continued)
        return ", ".join(subscripted(declared.get(mode.name, mode.name)) for mode in modes)

    # ------------------------------------------------------------ arrows
    def _add(self, value: Value, node: Node, operands: Sequence[Value]) -> None:
        sources = [self._source(operand) for operand in operands]
        self.nodes[node.name] = node
        self.made[value] = node.name
        for operand, source in zip(operands, sources, strict=True):
            label = "" if given(operand) in self.shown else self._flowing(given(operand))
            self.shown.add(given(operand))
            self.edges.append(Edge(source, node.name, label, directed=True))

    def _flowing(self, value: Value) -> str:
        """The shape of a value, after the name that it has by `let`."""
        name = self.names.get(value)
        return f"{name}: {self.words.of(value)}" if name else self.words.of(value)

    def _source(self, value: Value) -> str:
        """The node that gives a value: what is given gets one when it is first asked for."""
        value = given(value)
        op = value.op
        if value not in self.made and isinstance(op, Leaf):
            self.made[value] = op.name
            inner = self.path and op.kind == "input"
            if inner:
                self.nodes[op.name] = Node(op.name, "mode", "")
                self.shown.add(value)
            else:
                self.nodes[op.name] = Node(op.name, kind_of(value), subscripted(op.name))
        return self.made[value]


def _costs(macs: int, times: int) -> tuple[str, ...]:
    every = " in all" if times > 1 else ""
    return (f"{amount(macs).strip()} macs{every}",) if macs else ()


def _alike(one: Layer | Foreign, other: Layer | Foreign) -> bool:
    if isinstance(one, Foreign) and isinstance(other, Foreign):
        return (one.target, one.arguments) == (other.target, other.arguments)
    return one is other


def _title(instances: Sequence[Instance]) -> str:
    """What it is called, and what it is, unless the name says that."""
    callee = instances[0].callee
    name = callee.name if isinstance(callee, Layer) else callee.target.rpartition(".")[2]
    own = instances[0].name
    if len(instances) > 1 or stem(own) != own or own == name:
        return name
    return f"{own}: {name}"


def _averages(op: Scale, value: Value) -> bool:
    """Whether a sum is divided by how much it adds up."""
    if not isinstance(value.op, Contract) or is_product(value):
        return False
    count = Scalar.of(Size.product(mode.size for mode in _summed(value)))
    return op.factor == Scalar.apply("/", Scalar.of(1), count)


def _summed(value: Value) -> tuple[Mode, ...]:
    """The modes that a sum takes together."""
    assert isinstance(value.op, Contract)
    (operand,) = value.operands
    return tuple(mode for mode in operand.type.modes if mode not in value.op.keep)
