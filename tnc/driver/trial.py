"""A layer in one order of its contractions, as something that can be run and measured."""

from __future__ import annotations

from collections.abc import Mapping

from tnc.emit import emit
from tnc.gradient.regions import derive, regions
from tnc.ir.layer import Layer
from tnc.ir.program import Program
from tnc.ir.size import Size
from tnc.lower import lower
from tnc.plan.planner import Planned
from tnc.plan.report import report as report_plan
from tnc.record import record
from tnc.version import VERSION

SOURCE = ("trial.tnn", "")
"""Trials are not kept, so that where they come from does not matter."""


@record
class Trial:
    """`text` is a module with the class `layer.name`. `order` names what is tried."""

    order: str
    layer: Layer
    program: Program
    text: str


def trial(order: str, layer: Layer, planned: Planned) -> Trial:
    """The layer as it is planned; it begins with other weights than the compiled one."""
    binding = planned.measure.binding
    derived = [derive(layer.builder, region) for region in regions(planned.graph)]
    program = lower(layer, planned.graph, derived, binding)
    plan = report_plan(layer, planned, derived, binding, program, {})
    text = emit([(program, plan)], sources=[SOURCE], version=VERSION, backward="derived")
    return Trial(order, layer, program, text)


def shapes(layer: Layer, binding: Mapping[str, int]) -> tuple[tuple[int, ...], ...]:
    """The shapes of a layer's inputs."""
    return tuple(
        tuple(Size.product(mode.size for mode in axis).evaluate(binding) for axis in port.axes)
        for port in layer.inputs
    )
