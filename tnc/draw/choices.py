"""What can be chosen of a picture: what is drawn, and as which kind of text. Stands alone, so that
options are known before anything that draws is imported."""

from __future__ import annotations

from typing import Literal, get_args

Stage = Literal["planned", "backward"]
STAGES: tuple[str, ...] = ("source", *get_args(Stage))

Format = Literal["svg", "dot", "mermaid", "txt"]
FORMATS: tuple[Format, ...] = get_args(Format)

SUFFIXES: dict[str, Format] = {
    ".svg": "svg",
    ".dot": "dot",
    ".gv": "dot",
    ".mmd": "mermaid",
    ".txt": "txt",
}
"""The formats that the ends of names stand for."""
