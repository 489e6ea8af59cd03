"""How much room texts and nodes take, in pixels. Fonts differ, so texts get rather too much."""

from __future__ import annotations

from tnc.draw.diagram import Node

SMALL, NORMAL, LARGE = 12, 13, 16
"""Sizes of the font: labels of edges, of nodes, and titles."""

LINE = 1.3
"""Height of a line, in sizes of the font."""

NARROW = frozenset("ijltfrI.,:;|!'()[]{}·₁₂₃₄₅₆₇₈₉₀ -/…")
WIDE = frozenset("mwMWÆ@%—→×")

BOLD = 1.1
"""How much wider bold texts are."""

RADIUS = 19
DOT = 4
DIAMOND = 8


def width(text: str, size: float = SMALL, *, bold: bool = False) -> float:
    """Of one line of a proportional font."""
    units = sum(42 if c in NARROW else 92 if c in WIDE else 72 if c.isupper() else 62 for c in text)
    return units * size / 100 * (BOLD if bold else 1)


def height(size: float = SMALL) -> float:
    """Of one line."""
    return size * LINE


def radius(node: Node) -> float:
    """Of the circle of a tensor: its label fits in."""
    return max(RADIUS, width(node.label, NORMAL, bold=True) / 2 + 6)
