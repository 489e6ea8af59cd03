"""The colours of pictures, each for a light and for a dark background."""

from __future__ import annotations

from tnc.draw.diagram import Kind

Colours = tuple[str, str]

FILLS: dict[Kind, Colours] = {
    "input": ("#cfe3f8", "#1d4466"),
    "weight": ("#fbdcb8", "#6b4413"),
    "buffer": ("#e6e6e6", "#444c56"),
    "value": ("#ffffff", "#161b22"),
    "more": ("none", "none"),
    "mode": ("#24292f", "#e6edf3"),
    "relation": ("#d5c7f0", "#4b3a7a"),
    "sum": ("none", "none"),
    "layer": ("#e3f1e0", "#1f3d25"),
    "function": ("#f4f4f4", "#262c36"),
    "step": ("#f4f4f4", "#262c36"),
    "network": ("none", "none"),
}
INK: Colours = ("#24292f", "#e6edf3")
SOFT: Colours = ("#57606a", "#9da7b3")
LINES: Colours = ("#6e7781", "#8b949e")
PAPER: Colours = ("#ffffff", "#0d1117")
