"""From the rescalings of a layer to their lines: plan, lower."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from tnc.ir.layer import Layer
from tnc.ir.program import Rescaled
from tnc.lower.start import lower_start
from tnc.ops.verify import verify_graph, verify_planned
from tnc.plan.planner import plan_graph


def rescaled(
    layer: Layer, *, cache: Path | Literal["user"] | None, verify: bool
) -> tuple[Rescaled, ...]:
    """What ends the start of the weights. Planned for few multiply-adds: it runs once, on any
    device."""
    found = []
    for rescaling in layer.rescalings:
        if verify:
            verify_graph(rescaling.square)
        planned = plan_graph(
            layer.builder, rescaling.square, {}, objective="macs", training=False, cache=cache
        )
        if verify:
            verify_planned(planned.graph)
        found.append(lower_start(rescaling, planned.graph))
    return tuple(found)
