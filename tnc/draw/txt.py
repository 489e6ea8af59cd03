"""A diagram as plain text: of tensors a line per mode, of blocks and steps a line each."""

from __future__ import annotations

from collections.abc import Iterator

from tnc.draw.diagram import TENSORS, Diagram, Node
from tnc.draw.words import subscripted

KINDS = {"input": "inputs", "weight": "weights", "buffer": "buffers", "value": "computed before"}


def txt(diagram: Diagram) -> str:
    """The whole text."""
    body = _listing(diagram) if _directed(diagram) else _modes(diagram)
    return "\n".join([diagram.title, *diagram.lines, "", *body, ""])


def _directed(diagram: Diagram) -> bool:
    return diagram.flow == "down" or any(edge.directed for edge in diagram.edges)


# ---------------------------------------------------------------- tensors


def _modes(diagram: Diagram) -> list[str]:
    """Which tensors there are, and which of them each mode joins."""
    lines = []
    for kind, heading in KINDS.items():
        names = [node.label for node in diagram.nodes if node.kind == kind]
        lines += [f"{heading}: {' '.join(names)}"] if names else []
    joined = [*_joined(diagram)]
    widest = max((len(label) for label, _ in joined), default=0)
    return [*lines, "", *(f"{label.ljust(widest)}  {ends}".rstrip() for label, ends in joined)]


def _joined(diagram: Diagram) -> Iterator[tuple[str, str]]:
    """The label of each mode, and what it joins; it leads out where nothing follows."""
    out = {each.node for each in diagram.dangling}
    for edge in diagram.edges:
        if edge.label:
            ends = [_name(diagram[end]) for end in (edge.source, edge.target)]
            yield edge.label, " ── ".join(ends)
    for node in diagram.nodes:
        if node.kind == "mode":
            ends = [_name(diagram[e.source]) for e in diagram.edges if e.target == node.name]
            yield node.label, " ── ".join([*ends, *[""] * (node.name in out)])
    for each in diagram.dangling:
        node = diagram[each.node]
        if node.kind != "mode":
            yield each.label, f"{_name(node)} ──"


def _name(node: Node) -> str:
    if node.kind == "relation":
        result = subscripted(node.name.removeprefix("conv "))
        return f"◇ {result} {node.label}".rstrip()
    return node.label if node.kind in TENSORS else (node.lines or (node.label,))[0]


# ---------------------------------------------------------------- blocks and steps


def _listing(diagram: Diagram) -> list[str]:
    """Numbered lines: what it is, from which lines it takes what, and what is noted of it."""
    rows = [("", "", "takes", "", ""), *_rows(diagram, "", "")]
    widths = [max(len(row[k]) for row in rows) for k in range(4)]
    return [
        "  ".join([*(row[k].ljust(widths[k]) for k in range(4)), row[4]]).rstrip() for row in rows
    ]


def _rows(diagram: Diagram, indent: str, path: str) -> Iterator[tuple[str, ...]]:
    names = [node.name for node in diagram.nodes]
    number = {name: f"{path}{k}" for k, name in enumerate(names, 1)}
    for node in diagram.nodes:
        into = [edge for edge in diagram.edges if edge.target == node.name]
        entered = any(each.side == "in" and each.node == node.name for each in diagram.dangling)
        takes = ["input"] * entered + [number[edge.source] for edge in into]
        shapes = [edge.label for edge in into if edge.label]
        name = f"{node.label} ×{node.times}" if node.times > 1 else node.label or "·"
        yield (
            f"{indent}{number[node.name]}",
            f"{indent}{name}",
            ", ".join(takes),
            ", ".join(shapes),
            ", ".join(node.lines),
        )
        if node.inside is not None:
            yield from _inside(node.inside, indent + "  ", f"{number[node.name]}.")
    for each in diagram.dangling:
        if each.side == "out" and each.label:
            yield "", f"{indent}{each.label}", number[each.node], "", ""


def _inside(diagram: Diagram, indent: str, path: str) -> Iterator[tuple[str, ...]]:
    if _directed(diagram):
        yield from _rows(diagram, indent, path)
    else:
        for label, ends in _joined(diagram):
            yield "", f"{indent}{label}", "", ends, ""
