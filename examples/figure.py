"""Two small figures as SVG, for the examples: bars in panels, and points on logarithmic axes."""

import math
from html import escape

FONT = 'font-family="sans-serif" font-size="12"'
UNITS = (("G", 1e9), ("M", 1e6), ("k", 1e3))
COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb")


def _text(x: float, y: float, words: str, anchor: str = "start", fill: str = "#222222") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}"'
    return f"<text {place}>{escape(words)}</text>"


def _figure(width: int, height: int, parts: list[str]) -> str:
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {FONT}>'
    return "\n".join(
        [head, '<rect width="100%" height="100%" fill="#ffffff"/>', *parts, "</svg>\n"]
    )


def _ticks(low: float, high: float) -> list[float]:
    """1, 2, 5, 10, … between two powers of ten."""
    numbers = [step * 10.0**k for k in range(int(low), int(high) + 1) for step in (1, 2, 5)]
    return [each for each in numbers if 10**low <= each <= 10**high]


def _read(number: float) -> str:
    letter, unit = next((each for each in UNITS if number >= each[1]), ("", 1.0))
    return f"{number / unit:g} {letter}".strip()


def bars(names: list[str], panels: dict[str, list[tuple[float, str]]]) -> str:
    """A row of bars for each name, and a panel for each quantity with its values as they read."""
    left, wide, row = 150, 190, 22
    parts = [_text(left - 10, 45 + row * k, name, "end") for k, name in enumerate(names)]
    for number, (title, values) in enumerate(panels.items()):
        x, most = left + number * wide, max(value for value, _ in values)
        parts.append(_text(x, 20, title))
        for k, (value, words) in enumerate(values):
            length, y = value / most * (wide - 85), 33 + row * k
            size = f'width="{length:.1f}" height="{row - 6}"'
            parts.append(f'<rect x="{x}" y="{y}" {size} fill="{COLOURS[number]}"/>')
            parts.append(_text(x + length + 5, y + 12, words))
    return _figure(left + wide * len(panels), 45 + row * len(names), parts)


def scatter(points: dict[str, list[tuple[float, float]]], x: str, y: str, front: set) -> str:
    """A series of points for each name, on logarithmic axes; those of the front are filled."""
    width, height, edge = 640, 420, 60
    every = [point for series in points.values() for point in series]
    low = [math.log10(min(column)) - 0.05 for column in zip(*every, strict=True)]
    high = [math.log10(max(column)) + 0.05 for column in zip(*every, strict=True)]

    def place(point: tuple[float, float]) -> tuple[float, float]:
        u, v = ((math.log10(c) - a) / (b - a) for c, a, b in zip(point, low, high, strict=True))
        return edge + u * (width - edge - 110), height - edge - v * (height - edge - 20)

    parts = [
        f'<path d="M{edge} 20V{height - edge}H{width - 110}" fill="none" stroke="#888888"/>',
        _text((width - 50) / 2, height - 15, x, "middle"),
        _text(edge, 14, y, "middle"),
    ]
    for tick in _ticks(low[0], high[0]):
        at_x, _ = place((tick, every[0][1]))
        parts.append(_text(at_x, height - edge + 18, _read(tick), "middle"))
    for tick in _ticks(low[1], high[1]):
        _, at_y = place((every[0][0], tick))
        parts.append(_text(edge - 8, at_y + 4, _read(tick), "end"))
    for number, (name, series) in enumerate(points.items()):
        colour = COLOURS[number % len(COLOURS)]
        parts.append(_text(width - 100, 40 + 18 * number, name, fill=colour))
        for point in series:
            at_x, at_y = place(point)
            fill = colour if point in front else "none"
            centre = f'cx="{at_x:.1f}" cy="{at_y:.1f}" r="4"'
            parts.append(f'<circle {centre} fill="{fill}" stroke="{colour}"/>')
    return _figure(width, height, parts)
