"""A diagram in the language of Mermaid, which many sites draw in Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tnc.draw.diagram import Diagram, Kind, Node
from tnc.draw.palette import FILLS

BRACKETS: dict[Kind, tuple[str, str]] = {
    "mode": ("([", "])"),
    "relation": ("{", "}"),
    "sum": ("([", "])"),
    "more": ("([", "])"),
    "layer": ("[", "]"),
    "function": ("[", "]"),
    "step": ("[", "]"),
}
"""Of every kind that is no circle."""


def mermaid(diagram: Diagram) -> str:
    """The whole text, without the fence that Markdown wants around it."""
    direction = "TB" if diagram.flow == "down" else "LR"
    head = ["---", f'title: "{_text(diagram.title)}"', "---", f"flowchart {direction}"]
    body = [*_Mermaid().body(diagram, "", "  ")]
    kinds = dict.fromkeys(node.kind for node in diagram.walk() if node.inside is None)
    classes = [
        f"  classDef {kind} fill:{FILLS[kind][0]},color:#24292f"
        for kind in kinds
        if FILLS[kind][0] != "none" and kind != "mode"
    ]
    return "\n".join([*head, *body, *classes, ""])


@dataclass(slots=True)
class _Mermaid:
    """Numbers the nodes, since names in this language are plain words."""

    numbers: dict[str, str] = field(default_factory=dict)

    def body(self, diagram: Diagram, path: str, indent: str) -> Iterator[str]:
        for node in diagram.nodes:
            yield from self._node(node, path + node.name, indent)
        for edge in diagram.edges:
            source, target = self._id(path + edge.source), self._id(path + edge.target)
            yield f"{indent}{source} {_arrow(edge.label, edge.directed)} {target}"
        for number, each in enumerate(diagram.dangling):
            if path and not each.label:
                continue
            near, far = self._id(path + each.node), self._id(f"{path}end {number}")
            yield f'{indent}{far}["{_text(each.label)}"]'
            yield f"{indent}style {far} fill:none,stroke:none"
            one, other = (near, far) if each.side == "out" else (far, near)
            yield f"{indent}{one} {_arrow('', each.directed)} {other}"

    def _node(self, node: Node, path: str, indent: str) -> Iterator[str]:
        name = f"{node.label} ×{node.times}" if node.times > 1 else node.label
        label = "<br/>".join(_text(line) for line in (name, *node.lines) if line) or " "
        if node.inside is not None:
            direction = "TB" if node.inside.flow == "down" else "LR"
            yield f'{indent}subgraph {self._id(path)}["{label}"]'
            yield f"{indent}  direction {direction}"
            yield from self.body(node.inside, f"{path}/", indent + "  ")
            yield f"{indent}end"
            return
        left, right = BRACKETS.get(node.kind, ("((", "))"))
        plain = node.kind == "mode" or FILLS[node.kind][0] == "none"
        kind = "" if plain else f":::{node.kind}"
        yield f'{indent}{self._id(path)}{left}"{label}"{right}{kind}'

    def _id(self, path: str) -> str:
        return self.numbers.setdefault(path, f"n{len(self.numbers) + 1}")


def _arrow(label: str, directed: bool) -> str:
    line = "-->" if directed else "---"
    return f'{line}|"{_text(label)}"|' if label else line


def _text(text: str) -> str:
    """What could be read as markup, as entities."""
    for sign, code in (("#", "#35;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;")):
        text = text.replace(sign, code)
    return text
