"""A contraction as a tensor diagram: a node per tensor, an edge per mode."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from tnc.draw.diagram import Dangling, Diagram, Edge, Kind, Node
from tnc.draw.words import Words, family, stem, subscripted
from tnc.ir.graph import Graph, Value
from tnc.ir.layer import Layer
from tnc.ir.tensor import Mode
from tnc.ops import Apply, Call, Contract, Leaf, Mask, Pattern, Rename, Scale
from tnc.record import record

_NONE: Mapping[Value, str] = MappingProxyType({})

LONGEST = 12
"""Of a family with more members some in the middle are left out."""

FIRST, LAST = 3, 2
"""How many members of a long family are shown at either end."""


@record
class Leg:
    """A mode with the nodes that have it; `kept` by the result. `label` may stand for several."""

    mode: Mode
    label: str
    ends: tuple[str, ...]
    kept: bool


def network(
    value: Value,
    words: Words,
    *,
    names: Mapping[Value, str] = _NONE,
    units: bool = False,
    title: str = "",
) -> Diagram:
    """The contraction `value`. Modes of size 1 are drawn only with `units`; `names` are those that
    operands have which are computed."""
    assert isinstance(value.op, Contract)
    tensors = _tensors(value.operands, names)
    relations = _relations(value.op.patterns, words)
    legs = [*_legs(value, value.op, tensors, relations, words, units)]
    nodes = [*(node for node, _ in tensors), *(node for node, _ in relations)]
    nodes, legs = _shortened(nodes, legs)
    drawn = _Drawn(legs)
    ends = [*drawn.dots, *drawn.sums]
    return Diagram(title, (*nodes, *ends), tuple(drawn.edges), tuple(drawn.dangling))


# ---------------------------------------------------------------- nodes


def given(value: Value) -> Value:
    """What an operand is a renamed or scaled form of."""
    while isinstance(value.op, Rename):
        (value,) = value.operands
    return value


def kind_of(value: Value) -> Kind:
    """How a tensor that an operation takes is drawn."""
    op = given(value).op
    if isinstance(op, Leaf) and (op.kind == "weight" or op.kind == "buffer" or op.kind == "input"):
        return op.kind
    return "value"


def let_names(layer: Layer, graph: Graph) -> Mapping[Value, str]:
    """The values of the layer, or of its planned `graph`, that have a name of their own, by `let`;
    of several that one expression makes, the last."""
    made = {value.origin: given(value) for value in graph}
    found = {made[span]: subscripted(name) for name, span in layer.lets if span in made}
    return {value: name for value, name in found.items() if not isinstance(value.op, Leaf)}


def called(value: Value, names: Mapping[Value, str] = _NONE) -> str:
    """What a tensor is called where others take it: its name, or what computes it."""
    if given(value) in names:
        return names[given(value)]
    match given(value).op:
        case Leaf(name=name):
            return subscripted(name)
        case Apply(instance=instance):
            return stem(instance.name)
        case Call(function=function):
            return function.rpartition(".")[2]
        case Mask():
            return "mask"
        case Scale():
            return called(given(value).operands[0], names)
        case Contract():
            return "·"
        case _:
            return "+"


def _tensors(operands: Sequence[Value], names: Mapping[Value, str]) -> list[tuple[Node, Value]]:
    """A node per operand. What stands twice in a product is two nodes."""
    taken: dict[str, int] = {}
    found = []
    for value in operands:
        op = given(value).op
        name = op.name if isinstance(op, Leaf) else f"%{given(value).serial}"
        taken[name] = taken.get(name, 0) + 1
        name += "" if taken[name] == 1 else f"#{taken[name]}"
        found.append((Node(name, kind_of(value), called(value, names)), value))
    return found


def _relations(patterns: Sequence[Pattern], words: Words) -> list[tuple[Node, Pattern]]:
    return [
        (Node(f"conv {pattern.result}", "relation", _options(pattern, words)), pattern)
        for pattern in patterns
    ]


def _options(pattern: Pattern, words: Words) -> str:
    """What of a convolution is out of the ordinary."""
    found = [f"stride {pattern.stride}"] if pattern.stride != 1 else []
    if set(pattern.dilations) != {1}:
        found.append(f"dilation {', '.join(map(str, pattern.dilations))}")
    found += ["flipped"] * pattern.flip + ["circular"] * pattern.circular
    return ", ".join(found)


# ---------------------------------------------------------------- modes


def _legs(
    value: Value,
    op: Contract,
    tensors: Sequence[tuple[Node, Value]],
    relations: Sequence[tuple[Node, Pattern]],
    words: Words,
    units: bool,
) -> Iterator[Leg]:
    ends: dict[Mode, list[str]] = {mode: [] for mode in value.type.modes}
    for node, tensor in tensors:
        for mode in tensor.type.modes:
            ends.setdefault(mode, []).append(node.name)
    for node, pattern in relations:
        for mode in pattern.legs:
            ends.setdefault(mode, []).append(node.name)
    for mode, names in ends.items():
        if units or not mode.unit:
            yield Leg(mode, words.mode(mode), tuple(names), mode in op.keep)


class _Drawn:
    """Modes as edges between two nodes, or as dots that several share."""

    def __init__(self, legs: Sequence[Leg]) -> None:
        self.dots: list[Node] = []
        self.sums: list[Node] = []
        self.edges: list[Edge] = []
        self.dangling: list[Dangling] = []
        for leg in legs:
            self._draw(leg)

    def _draw(self, leg: Leg) -> None:
        match leg.ends, leg.kept:
            case (one,), True:
                self.dangling.append(Dangling(one, leg.label))
            case (one, other), False:
                self.edges.append(Edge(one, other, leg.label))
            case (one,), False:
                self.sums.append(Node(f"sum {leg.mode}", "sum", "Σ"))
                self.edges.append(Edge(one, f"sum {leg.mode}", leg.label))
            case _:
                self._dot(leg)

    def _dot(self, leg: Leg) -> None:
        name = f"mode {leg.mode}"
        self.dots.append(Node(name, "mode", leg.label))
        self.edges += [Edge(end, name) for end in leg.ends]
        if leg.kept:
            self.dangling.append(Dangling(name, leg.label))


# ---------------------------------------------------------------- long families


def _shortened(nodes: list[Node], legs: list[Leg]) -> tuple[list[Node], list[Leg]]:
    """The middle members of every long family are one node, with one edge for all alike modes that
    lead to the same tensors."""
    members: dict[str, list[Node]] = {}
    for node in nodes:
        if node.kind == "weight" and (found := family(node.name)):
            members.setdefault(found[0], []).append(node)
    hidden: dict[str, str] = {}
    places: dict[str, Node] = {}
    for base, some in members.items():
        if len(some) > LONGEST:
            omitted = some[FIRST:-LAST]
            hidden |= {node.name: f"{base}…" for node in omitted}
            places[omitted[0].name] = Node(f"{base}…", "more", "…", (_range(omitted),))
    shown = [places.get(node.name, node) for node in nodes]
    shown = [node for node in shown if node.name not in hidden]
    return shown, [*_joined([_moved(leg, hidden) for leg in legs if _seen(leg, hidden)])]


def _range(omitted: Sequence[Node]) -> str:
    return f"{omitted[0].label} … {omitted[-1].label}"


def _seen(leg: Leg, hidden: dict[str, str]) -> bool:
    """Whether a mode leads to anything outside of the members that are left out."""
    inside = {hidden.get(end, "") for end in leg.ends}
    return leg.kept or "" in inside or len(inside) > 1


def _moved(leg: Leg, hidden: dict[str, str]) -> Leg:
    return replace(leg, ends=tuple(dict.fromkeys(hidden.get(end, end) for end in leg.ends)))


def _joined(legs: Sequence[Leg]) -> Iterator[Leg]:
    """Modes of one family that connect the same nodes, one of which stands for several tensors."""
    groups: dict[object, list[Leg]] = {}
    for leg in legs:
        found = family(leg.mode.name)
        several = any(end.endswith("…") for end in leg.ends) and found
        key = (found[0], leg.ends, leg.kept) if several and found else leg.mode
        groups.setdefault(key, []).append(leg)
    for group in groups.values():
        first, last = group[0], group[-1]
        if len(group) == 1:
            yield first
        else:
            yield replace(first, label=f"{_name(first)} … {_name(last)}")


def _name(leg: Leg) -> str:
    return subscripted(leg.mode.name)
