"""A picture: shapes with coordinates in pixels, the origin at the top left."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from tnc.draw.metrics import height, width
from tnc.record import record

Point = tuple[float, float]


@record
class Area:
    """From the left and top to the right and bottom."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Area, by: float = 0.0) -> bool:
        """Whether both have more in common than a border of width `by`."""
        return (
            min(self.right, other.right) - max(self.left, other.left) > by
            and min(self.bottom, other.bottom) - max(self.top, other.top) > by
        )


@record
class Shape:
    """Something closed, around `centre`; `style` is the kind of what it stands for."""

    form: Literal["circle", "diamond", "box"]
    centre: Point
    size: Point
    style: str

    @property
    def area(self) -> Area:
        (x, y), (w, h) = self.centre, self.size
        return Area(x - w / 2, y - h / 2, x + w / 2, y + h / 2)

    def moved(self, by: Point) -> Shape:
        return replace(self, centre=_sum(self.centre, by))


@record
class Line:
    """Cubic curves, one after the other: a point, then three for each. `arrow`: it has a head."""

    points: tuple[Point, ...]
    arrow: bool = False

    def moved(self, by: Point) -> Line:
        return replace(self, points=tuple(_sum(point, by) for point in self.points))


BOLD = frozenset({"name", "title"})
"""Styles of bold texts."""


@record
class Text:
    """One line; `at` is the middle of its left end, of itself, or of its right end."""

    text: str
    at: Point
    size: float
    anchor: Literal["start", "middle", "end"] = "middle"
    style: str = "label"

    @property
    def area(self) -> Area:
        (x, y), h = self.at, height(self.size)
        w = width(self.text, self.size, bold=self.style in BOLD)
        left = {"start": x, "middle": x - w / 2, "end": x - w}[self.anchor]
        return Area(left, y - h / 2, left + w, y + h / 2)

    def moved(self, by: Point) -> Text:
        return replace(self, at=_sum(self.at, by))


Element = Shape | Line | Text


@record
class Picture:
    """What is drawn, the lowest first. `doors`: how far from the left those lines come in and go
    out that lead to the border, if there is one of either."""

    title: str
    width: float
    height: float
    elements: tuple[Element, ...]
    doors: tuple[float | None, float | None] = (None, None)

    @property
    def texts(self) -> tuple[Text, ...]:
        return tuple(each for each in self.elements if isinstance(each, Text))

    @property
    def shapes(self) -> tuple[Shape, ...]:
        return tuple(each for each in self.elements if isinstance(each, Shape))

    def moved(self, by: Point) -> tuple[Element, ...]:
        """Its elements elsewhere."""
        return tuple(each.moved(by) for each in self.elements)


def _sum(one: Point, other: Point) -> Point:
    return one[0] + other[0], one[1] + other[1]
