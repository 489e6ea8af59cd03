"""From the rescalings of a layer to their lines: plan, lower."""

from __future__ import annotations

from collections.abc import Iterator

from tnc.ir.layer import Layer
from tnc.ir.program import Rescaled
from tnc.lower.start import lower_start
from tnc.ops.verify import verify_graph, verify_planned
from tnc.plan.planner import plan_graph


def rescaled(layer: Layer, verify: bool) -> Iterator[Rescaled]:
    """What ends the start of the weights. It runs once, and on any device: planned for few
    multiply-adds, without a long search."""
    for rescaling in layer.rescalings:
        square = rescaling.square
        if verify:
            verify_graph(square)
        planned = plan_graph(
            layer.builder,
            square,
            {},
            objective="macs",
            training=False,
            cache=None,
            thorough=False,
        )
        if verify:
            verify_planned(planned.graph)
        yield lower_start(rescaling, planned.graph)
