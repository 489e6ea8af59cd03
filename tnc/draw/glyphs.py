"""Each kind of node: how much room it takes, and of what it consists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from tnc.draw.diagram import TENSORS, Node
from tnc.draw.metrics import DIAMOND, DOT, NORMAL, SMALL, height, radius, width
from tnc.draw.picture import Element, Picture, Point, Shape, Text
from tnc.record import record

INDENT = 12.0
"""Around what is inside of a block."""


@record
class Glyph:
    """A node and what is inside of it, drawn around the origin. `inner`: from its middle to where
    edges begin, on each side; edges of a `round` one begin on its circle."""

    node: Node
    inside: Picture | None = None

    @property
    def round(self) -> bool:
        return self.node.kind in TENSORS

    @property
    def size(self) -> Point:
        """Width and height of the room that it takes."""
        node = self.node
        if self.round:
            return 2 * radius(node), 2 * radius(node)
        if node.kind in {"mode", "relation", "sum"}:
            half = self.mark
            beside = width(node.label, SMALL) + 2 if node.kind != "sum" else 0.0
            above = height(SMALL) if node.label and node.kind != "sum" else 0.0
            return 2 * (half + beside), 2 * (half + above)
        return self._block

    @property
    def mark(self) -> float:
        """Half the size of what stands on a line; 0 for other nodes."""
        return {"mode": DOT, "relation": DIAMOND, "sum": 8}.get(self.node.kind, 0)

    @property
    def _block(self) -> Point:
        node, heading = self.node, self._heading
        label = width(heading, NORMAL, bold=True)
        wide = max([label, *(width(line, SMALL) for line in node.lines)]) + 20
        high = self._head
        if self.inside is not None:
            wide = max(wide, self.inside.width + 2 * INDENT)
            high += self.inside.height
        return wide, high

    @property
    def _heading(self) -> str:
        node = self.node
        return f"{node.label}  ×{node.times}" if node.times > 1 else node.label

    @property
    def _head(self) -> float:
        """Height of the label and the lines."""
        label = height(NORMAL) if self.node.label else 0.0
        return label + len(self.node.lines) * height(SMALL) + 8

    def door(self, k: int) -> float:
        """How far from the middle lines come in (0) or go out (1)."""
        door = None if self.inside is None else self.inside.doors[k]
        return 0.0 if door is None or self.inside is None else door - self.inside.width / 2

    def elements(self, at: Point) -> Iterator[Element]:
        """What is drawn, around a point."""
        if self.round:
            r = radius(self.node)
            yield Shape("circle", at, (2 * r, 2 * r), self.node.kind)
            yield Text(self.node.label, at, NORMAL, style="name")
        elif self.node.kind in {"mode", "relation", "sum"}:
            yield from self._marked(at)
        else:
            yield from self._framed(at)

    def _marked(self, at: Point) -> Iterator[Element]:
        (x, y), half, node = at, self.mark, self.node
        if node.kind == "sum":
            yield Text(node.label, at, NORMAL, style="label")
            return
        form = self._form
        yield Shape(form, at, (2 * half, 2 * half), node.kind)
        if node.label:
            yield Text(node.label, (x + half + 1, y - half - height(SMALL) / 2), SMALL, "start")

    @property
    def _form(self) -> Literal["circle", "diamond"]:
        return "diamond" if self.node.kind == "relation" else "circle"

    def _framed(self, at: Point) -> Iterator[Element]:
        (x, y), (w, h), node = at, self._block, self.node
        yield Shape("box", at, (w, h), node.kind)
        line = y - h / 2 + 4
        if self._heading:
            yield Text(self._heading, (x, line + height(NORMAL) / 2), NORMAL, style="name")
            line += height(NORMAL)
        line += height(SMALL) / 2
        for text in node.lines:
            yield Text(text, (x, line), SMALL, style="detail")
            line += height(SMALL)
        if self.inside is not None:
            left = x - self.inside.width / 2
            yield from self.inside.moved((left, y - h / 2 + self._head))
