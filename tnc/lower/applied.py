"""Layers inside of layers: one call, whose results lie in memory as the layer pleases."""

from __future__ import annotations

from collections.abc import Sequence

from tnc.ir.graph import Value
from tnc.ir.layer import Axes, Foreign
from tnc.lower.forms import Form, Order, flat
from tnc.lower.memory import IMAGES
from tnc.lower.ways import Site, Step, Way
from tnc.ops import Apply


def apply_ways(site: Site) -> list[Way]:
    op = site.value.op
    assert isinstance(op, Apply)
    places = ", ".join(f"{{{k}}}" for k in range(len(op.given)))
    callee = op.instance.callee
    plain = isinstance(callee, Foreign) and callee.arguments is None
    called = callee.target if isinstance(callee, Foreign) and plain else f"self.{op.instance.name}"
    wanted: list[int | None] = [None] * op.results
    gives = []
    for k, value in enumerate(site.step.values):
        assert isinstance(value.op, Apply)
        wanted[value.op.output] = k
        gives.append(Form(value.op.axes, _order(value.op.axes, site.measure.last)))
    unpacked = tuple(wanted) if op.results > 1 else ()
    return [Way(op.given, tuple(gives), f"{called}({places})", unpacked=unpacked)]


def _order(axes: Axes, last: bool) -> Order:
    """Images follow the memory format of the layer; what is expected here only guides."""
    if last and len(axes) in IMAGES:
        batch, channels, *spatial = axes
        return (*batch, *flat(tuple(spatial)), *channels)
    return flat(axes)


def calls_of(values: Sequence[Value]) -> dict[Value, Step]:
    """The results of each call of a layer as one step."""
    calls: dict[int, list[Value]] = {}
    for value in values:
        if isinstance(value.op, Apply):
            calls.setdefault(value.op.call, []).append(value)
    return {
        value: Step(tuple(together), together[0].operands)
        for together in calls.values()
        for value in together
    }
