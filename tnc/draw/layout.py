"""From a diagram to a picture: layered, along the flow, with a place of its own for every label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tnc.draw.diagram import Dangling, Diagram, Edge, Flow
from tnc.draw.glyphs import Glyph
from tnc.draw.lattice import Box, Link, Role, Strand, lattice
from tnc.draw.metrics import LARGE, SMALL, height, width
from tnc.draw.order import arrange
from tnc.draw.picture import BOLD, Area, Element, Line, Picture, Point, Text
from tnc.draw.places import Spacing, placed
from tnc.draw.ranks import ranked
from tnc.draw.strands import Spot, curves

SPACING: dict[Flow, Spacing] = {"right": Spacing(12, 18, 70), "down": Spacing(24, 8, 22)}
MARGIN = 16.0


def picture(diagram: Diagram) -> Picture:
    """The whole picture, with its title."""
    inner = laid_out(diagram)
    texts = [(diagram.title, LARGE, "title"), *((line, SMALL, "detail") for line in diagram.lines)]
    top, elements = MARGIN, []
    for text, size, style in texts if diagram.title else []:
        elements.append(Text(text, (MARGIN, top + height(size) / 2), size, "start", style))
        top += height(size) + 2
    top += 10 if elements else 0
    written = (width(text, size, bold=style in BOLD) for text, size, style in texts)
    wide = max([inner.width, *written]) + 2 * MARGIN
    left = (wide - inner.width) / 2
    return Picture(
        diagram.title, wide, top + inner.height + MARGIN, (*elements, *inner.moved((left, top)))
    )


def laid_out(diagram: Diagram) -> Picture:
    """The nodes and edges alone."""
    glyphs = {
        node.name: Glyph(node, None if node.inside is None else laid_out(node.inside))
        for node in diagram.nodes
    }
    sketch = _Sketch(diagram, glyphs)
    elements = [*sketch.lines(), *sketch.texts(), *sketch.nodes()]
    areas = [each.area for each in elements if not isinstance(each, Line)]
    areas += [
        Area(x, y, x, y) for each in elements if isinstance(each, Line) for x, y in each.points
    ]
    left = min((area.left for area in areas), default=0.0)
    top = min((area.top for area in areas), default=0.0)
    right = max((area.right for area in areas), default=0.0)
    bottom = max((area.bottom for area in areas), default=0.0)
    moved = tuple(each.moved((-left, -top)) for each in elements)
    doors = sketch.door("in", left), sketch.door("out", left)
    return Picture(diagram.title, right - left, bottom - top, moved, doors)


class _Sketch:
    """A diagram on its lattice."""

    def __init__(self, diagram: Diagram, glyphs: Mapping[str, Glyph]) -> None:
        self.diagram, self.glyphs = diagram, glyphs
        self.down = diagram.flow == "down"
        self.ends = {f"end {k}": each for k, each in enumerate(diagram.dangling)}
        rank = ranked(diagram)
        flat = [e for e in diagram.edges if rank[e.source] == rank[e.target]]
        last = max(rank.values(), default=0)
        after = last + 1 + any(rank[edge.source] == last for edge in flat)
        boxes = {
            name: replace(self._box(*glyph.size), enter=glyph.door(0), leave=glyph.door(1))
            for name, glyph in glyphs.items()
        }
        for name, end in self.ends.items():
            boxes[name] = self._label(end.label, "end")
            rank[name] = after if end.side == "out" else -1
        shift = -min(rank.values(), default=0)
        rank = {name: at + shift for name, at in rank.items()}
        links = [
            Link(e.source, e.target, self._label(e.label) if e.label else None)
            for e in diagram.edges
        ]
        links += [
            Link(end.node, name) if end.side == "out" else Link(name, end.node)
            for name, end in self.ends.items()
        ]
        self.lattice = lattice(boxes, rank, links)
        arrange(self.lattice)
        self.place = placed(self.lattice, SPACING[diagram.flow])

    def _box(self, wide: float, high: float, role: Role = "node") -> Box:
        along, across = (high, wide) if self.down else (wide, high)
        return Box(along, across, role=role)

    def _label(self, text: str, role: Role = "label") -> Box:
        return self._box(width(text) + 6 if text else 0.0, height() if text else 0.0, role)

    def door(self, side: str, left: float) -> float | None:
        """Where the one line without a label comes in or goes out, from the left."""
        found = [name for name, end in self.ends.items() if end.side == side]
        bare = self.down and len(found) == 1 and not self.ends[found[0]].label
        return self.at(found[0])[0] - left if bare else None

    def at(self, item: str) -> Point:
        """The middle of an item."""
        along, across = self.place[item]
        return (across, along) if self.down else (along, across)

    def nodes(self) -> Iterator[Element]:
        for name, glyph in self.glyphs.items():
            yield from glyph.elements(self.at(name))

    def texts(self) -> Iterator[Text]:
        for strand, edge in zip(self.lattice.strands, self.diagram.edges, strict=False):
            if strand.label is not None:
                yield self._text(edge.label, strand)
        for name, end in self.ends.items():
            if end.label:
                yield self._end(name, end)

    def _text(self, label: str, strand: Strand) -> Text:
        """In its place on the line; beside an arc, at the border of its rank."""
        assert strand.label is not None
        x, y = self.at(strand.label)
        if strand.shape != "arc" or self.down:
            return Text(label, (x, y), SMALL)
        return Text(label, (x - self._depth(self.lattice.rank[strand.label]), y), SMALL, "start")

    def _end(self, name: str, end: Dangling) -> Text:
        x, y = self.at(name)
        if self.down:
            return Text(end.label, (x, y), SMALL)
        left = x - self._depth(self.lattice.rank[name])
        return Text(end.label, (left + 3, y), SMALL, "start")

    def lines(self) -> Iterator[Line]:
        edges: list[Edge | Dangling] = [*self.diagram.edges, *self.diagram.dangling]
        for strand, edge in zip(self.lattice.strands, edges, strict=True):
            parts = curves(strand, self._spot, self._nesting(strand))
            for k, points in enumerate(parts):
                head = edge.directed and k == len(parts) - 1
                turned = tuple((y, x) if self.down else (x, y) for x, y in points)
                yield Line(turned, head)

    def _nesting(self, strand: Strand) -> float:
        """Of several arcs beside one rank the widest reaches farthest."""
        rank = self.lattice.rank[strand.path[0]]
        arcs = [
            each
            for each in self.lattice.strands
            if each.shape == "arc" and self.lattice.rank[each.path[0]] == rank
        ]
        wider = sum(self._span(each) > self._span(strand) for each in arcs)
        return 1 - wider / len(arcs) if strand.shape == "arc" else 1.0

    def _span(self, strand: Strand) -> float:
        return abs(self.place[strand.path[0]][1] - self.place[strand.path[-1]][1])

    def _spot(self, item: str) -> Spot:
        rank, box = self.lattice.rank[item], self.lattice.boxes[item]
        glyph = self.glyphs.get(item)
        depth, breadth = box.depth / 2, box.breadth / 2
        if glyph is not None and glyph.mark:
            depth = breadth = glyph.mark
        return Spot(
            *self.place[item],
            depth=self._depth(rank) if item in self.ends and not self.down else depth,
            breadth=breadth,
            free=0.7 * breadth if glyph and not glyph.mark and not box.enter else 0.0,
            rank=self._depth(rank),
            gap=self._gap(rank),
            enter=box.enter,
            out=box.leave,
            round=glyph is not None and glyph.round,
        )

    def _depth(self, rank: int) -> float:
        """Half of that of a rank."""
        return max(self.lattice.boxes[each].depth for each in self.lattice.items(rank)) / 2

    def _gap(self, rank: int) -> float:
        """From a rank to the next."""
        if rank + 1 >= len(self.lattice.blocks):
            return 0.0
        one, other = (self.lattice.items(each)[0] for each in (rank, rank + 1))
        middles = self.place[other][0] - self.place[one][0]
        return middles - self._depth(rank) - self._depth(rank + 1)
