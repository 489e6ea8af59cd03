"""A diagram in the language of Graphviz."""

from __future__ import annotations

from collections.abc import Iterator

from tnc.draw.diagram import Diagram, Node
from tnc.draw.palette import FILLS

SHAPES = {
    "mode": "point",
    "relation": "diamond",
    "sum": "plaintext",
    "more": "plaintext",
    "layer": "box",
    "function": "box",
    "step": "box",
}
"""Of every kind that is no circle."""


def dot(diagram: Diagram) -> str:
    """The whole file."""
    direction = "TB" if diagram.flow == "down" else "LR"
    title = "\n".join([diagram.title, *diagram.lines])
    return "\n".join(
        [
            f"digraph {_quoted(diagram.title)} {{",
            f"  rankdir={direction}; compound=true; labelloc=t; label={_quoted(title)};",
            '  node [fontname="Helvetica", style=filled, fillcolor=white];',
            '  edge [fontname="Helvetica"];',
            *("  " + line for line in _body(diagram, "")),
            "}",
            "",
        ]
    )


def _body(diagram: Diagram, path: str) -> Iterator[str]:
    for node in diagram.nodes:
        yield from _node(node, path + node.name)
    for edge in diagram.edges:
        source = _end(diagram[edge.source], path, "out")
        target = _end(diagram[edge.target], path, "in")
        yield _edge(source, target, edge.label, edge.directed)
    for number, each in enumerate(diagram.dangling):
        near = _end(diagram[each.node], path, each.side)
        far = _quoted(f"{path}{each.side}")
        if not path or each.label:  # inside of a block, what has no label ends at its border
            far = _quoted(f"{path}end {number}")
            yield f"{far} [shape=plaintext, style=solid, label={_quoted(each.label)}];"
        pair = (near, far) if each.side == "out" else (far, near)
        yield _edge(*pair, "", each.directed)


def _node(node: Node, path: str) -> Iterator[str]:
    name = f"{node.label} ×{node.times}" if node.times > 1 else node.label
    label = _quoted("\n".join([*([name] if name else []), *node.lines]))
    if node.inside is not None:
        yield f"subgraph {_quoted('cluster ' + path)} {{"
        yield f"  label={label};"
        for door in ("in", "out"):
            yield f"  {_quoted(f'{path}/{door}')} [shape=point, style=invis];"
        yield from ("  " + line for line in _body(node.inside, f"{path}/"))
        yield "}"
        return
    shape = SHAPES.get(node.kind, "circle")
    label = f"xlabel={label}" if node.kind in {"mode", "relation"} else f"label={label}"
    label += ', label=""' if node.kind == "relation" else ""
    fill = FILLS[node.kind][0]
    fill = "style=solid" if fill == "none" else f'fillcolor="{fill}"'
    yield f"{_quoted(path)} [shape={shape}, {fill}, {label}];"


def _end(node: Node, path: str, door: str) -> str:
    inside = f"/{door}" if node.inside is not None else ""
    return _quoted(f"{path}{node.name}{inside}")


def _edge(source: str, target: str, label: str, directed: bool) -> str:
    options = [f"label={_quoted(label)}"] if label else []
    options += [] if directed else ["dir=none"]
    listed = f" [{', '.join(options)}]" if options else ""
    return f"{source} -> {target}{listed};"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
