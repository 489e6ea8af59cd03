"""A diagram as text, in each of the formats."""

from __future__ import annotations

from tnc.draw.choices import Format
from tnc.draw.diagram import Diagram
from tnc.draw.dot import dot
from tnc.draw.layout import picture
from tnc.draw.mermaid import mermaid
from tnc.draw.svg import svg
from tnc.draw.txt import txt


def rendered(diagram: Diagram, style: Format) -> str:
    """The whole text."""
    match style:
        case "svg":
            return svg(picture(diagram))
        case "dot":
            return dot(diagram)
        case "mermaid":
            return mermaid(diagram)
        case "txt":
            return txt(diagram)
