"""A diagram as text, in each of the formats."""

from __future__ import annotations

from collections.abc import Callable

from tnc.draw.diagram import Diagram
from tnc.draw.dot import dot
from tnc.draw.layout import picture
from tnc.draw.mermaid import mermaid
from tnc.draw.svg import svg
from tnc.draw.txt import txt

FORMATS: dict[str, Callable[[Diagram], str]] = {
    "svg": lambda diagram: svg(picture(diagram)),
    "dot": dot,
    "mermaid": mermaid,
    "txt": txt,
}

SUFFIXES = {".svg": "svg", ".dot": "dot", ".gv": "dot", ".mmd": "mermaid", ".txt": "txt"}
"""The formats that the ends of names stand for."""
