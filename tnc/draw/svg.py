"""A picture as SVG, which needs no other program and follows light and dark schemes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from tnc.draw.palette import FILLS, INK, LINES, PAPER, SOFT
from tnc.draw.picture import Line, Picture, Point, Shape, Text

FONT = "Helvetica, Arial, 'DejaVu Sans', sans-serif"
HEAD = 6.0
"""Length of the head of an arrow."""


def svg(picture: Picture) -> str:
    """The whole file."""
    size = f"{_number(picture.width)} {_number(picture.height)}"
    wide, high = size.split()
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" '
        f'viewBox="0 0 {size}" font-family="{FONT}" role="img" class="tnc">'
    )
    paper = f'<rect class="paper" width="{wide}" height="{high}" rx="6"/>'
    title = f"<title>{escape(picture.title)}</title>"
    lines = [head, title, _style(), paper, *_elements(picture), "</svg>", ""]
    return "\n".join(lines)


def _style() -> str:
    return (
        f"<style>{_scheme(0)} @media (prefers-color-scheme: dark) {{ {_scheme(1)} }}"
        " .tnc path { fill: none; } .tnc .name { font-weight: 600; }"
        " .tnc .title { font-weight: 700; }</style>"
    )


def _scheme(k: int) -> str:
    rules = [
        (".paper", f"fill: {PAPER[k]}"),
        ("text", f"fill: {INK[k]}"),
        (".detail", f"fill: {SOFT[k]}"),
        ("path", f"stroke: {LINES[k]}"),
        (".head", f"fill: {LINES[k]}; stroke: none"),
        *((f".{kind}", f"fill: {fill[k]}; stroke: {LINES[k]}") for kind, fill in FILLS.items()),
    ]
    return " ".join(f".tnc {name} {{ {rule}; }}" for name, rule in rules)


def _elements(picture: Picture) -> Iterator[str]:
    for each in picture.elements:
        match each:
            case Line():
                yield from _line(each)
            case Shape():
                yield _shape(each)
            case Text():
                yield _text(each)


def _line(line: Line) -> Iterator[str]:
    start, *rest = line.points
    path = f"M{_point(start)}"
    before = start
    for k in range(0, len(rest), 3):
        a, b, end = rest[k : k + 3]
        straight = (
            a == before
            or (before[1] == a[1] == b[1] == end[1])
            or (before[0] == a[0] == b[0] == end[0])
        )
        path += f"L{_point(end)}" if straight else f"C{_point(a)} {_point(b)} {_point(end)}"
        before = end
    yield f'<path d="{path}"/>'
    if line.arrow:
        yield f'<polygon class="head" points="{" ".join(map(_point, _head(line)))}"/>'


def _head(line: Line) -> Iterable[Point]:
    """A triangle at the end, along the flow."""
    (x, y) = line.points[-1]
    back = next(point for point in reversed(line.points) if point != (x, y))
    if abs(x - back[0]) > abs(y - back[1]):
        side = HEAD if x > back[0] else -HEAD
        return (x, y), (x - side, y - HEAD / 2), (x - side, y + HEAD / 2)
    side = HEAD if y > back[1] else -HEAD
    return (x, y), (x - HEAD / 2, y - side), (x + HEAD / 2, y - side)


def _shape(shape: Shape) -> str:
    (x, y), (w, h) = shape.centre, shape.size
    kind = f'class="{shape.style}"'
    if shape.form == "circle":
        return f'<circle {kind} cx="{_number(x)}" cy="{_number(y)}" r="{_number(w / 2)}"/>'
    if shape.form == "diamond":
        corners = (x - w / 2, y), (x, y - h / 2), (x + w / 2, y), (x, y + h / 2)
        return f'<polygon {kind} points="{" ".join(map(_point, corners))}"/>'
    place = f'x="{_number(x - w / 2)}" y="{_number(y - h / 2)}"'
    return f'<rect {kind} {place} width="{_number(w)}" height="{_number(h)}" rx="5"/>'


def _text(text: Text) -> str:
    (x, y) = text.at
    place = f'x="{_number(x)}" y="{_number(y + 0.35 * text.size)}"'
    anchor = "" if text.anchor == "start" else f' text-anchor="{text.anchor}"'
    font = f'font-size="{_number(text.size)}" class="{text.style}"'
    return f"<text {place}{anchor} {font}>{escape(text.text)}</text>"


def _point(point: Point) -> str:
    return f"{_number(point[0])},{_number(point[1])}"


def _number(value: float) -> str:
    """To a tenth: differences in the last bits do not show."""
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")
