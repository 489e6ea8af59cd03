"""Layers to draw, and what is drawn, read back from the text of a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tnc.diagnostics import Report, Source
from tnc.driver.front import Unit, opened, parsed
from tnc.driver.requests import distribute, elaborated
from tnc.elaborate import offered
from tnc.ir.layer import Layer

EXAMPLES = Path(__file__).parent.parent.parent / "examples"

LAYERS: list[tuple[str, str, dict[str, Any]]] = [
    ("01_cp_conv.tnn", "CPConv", {"S": 4, "T": 5, "R": 3}),
    ("03_rtt_dense.tnn", "TTDense", {"S": [2, 3, 2], "T": [3, 2, 2], "R": 3}),
    ("04_tr_conv.tnn", "TRConv", {"S": [2, 3, 2], "T": [4, 2, 3], "R": 2}),
    ("05_rtk_conv.tnn", "RTKConv", {"S": [2, 3], "T": [3, 2], "RS": [2, 2], "RT": [2, 2]}),
    ("07_tk_conv.tnn", "TKConv", {"S": 4, "T": 5, "P": 2, "Q": 3, "stride": 2}),
    ("08_rcp_conv.tnn", "RCPConv", {"S": 8, "T": 8, "R": 3, "m": 3}),
    ("std.dense", "rTR", {"S": 8, "T": 8, "R": 3, "d": 3, "bias": False}),
    ("std.convolution", "HT", {"S": 4, "T": 6, "R": 2}),
    ("std.convolution", "CP", {"S": 4, "T": 6, "R": 2, "groups": 2}),
    ("std.convolution", "Conv", {"S": 4, "T": 6}),
    ("09_rtt_conv.tnn", "RTTConv", {"S": 6, "T": 4, "R": 2}),
]
"""Layers that are one product each."""

STANDARD = ("std.convolution", "std.dense", "std.nn", "std.nets")


def offered_in(module: str) -> list[str]:
    """The layers of a module of the standard library."""
    return [each.name for each in offered(opened(module).module)]


def layer_of(file: str, name: str, *, sketch: bool = False, **settings: Any) -> Layer:
    """A layer of an example or of the standard library."""
    path = file if file.startswith("std.") else str(EXAMPLES / file)
    return built(opened(path), name, settings, sketch=sketch)


def layer_in(text: str, name: str = "L", *, sketch: bool = False, **settings: Any) -> Layer:
    """A layer of a text."""
    return built(parsed(Source("text.tnn", f"tnn 1\n{text}")), name, settings, sketch=sketch)


def built(unit: Unit, name: str, settings: dict[str, Any], *, sketch: bool) -> Layer:
    report = Report()
    (layer,) = elaborated(unit, distribute(unit, [name], settings), report, sketch=sketch)
    report.raise_errors()
    return layer
