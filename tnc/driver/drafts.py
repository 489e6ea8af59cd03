"""Drafts of one layer: orders of contraction, each with several choices of what to save."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from tnc.gradient.regions import derive, regions
from tnc.ir.layer import Layer
from tnc.ir.region import Derived
from tnc.plan.keeping import hull, keepings, pareto
from tnc.plan.planner import Planned
from tnc.plan.price import Prices
from tnc.record import record

MOST = 64
"""Of a layer with many regions so many choices of what to save are kept."""


@record(eq=False)
class Draft:
    """A planned layer with derivatives that know what is saved. `cost` of a training step, in
    picoseconds or multiply-adds; `saved` bytes of intermediates. Both as predicted, before
    lowering."""

    planned: Planned
    derived: tuple[Derived, ...]
    cost: int
    saved: int


class Drafts:
    """What can be made of one plan. `counted`: costs are multiply-adds."""

    def __init__(self, layer: Layer, planned: Planned, counted: bool = False) -> None:
        measure = planned.measure
        self._planned = planned
        self._prices = Prices(measure.profile, measure.binding, measure.element, counted)
        self._derived = tuple(derive(layer.builder, each) for each in regions(planned.graph))

    @cached_property
    def usual(self) -> Draft:
        """Everything is saved that the backward reads, so that nothing is computed twice."""
        saved = sum(self._prices.bytes(value) for each in self._derived for value in each.saved)
        return Draft(self._planned, self._derived, self._cost, saved)

    @cached_property
    def front(self) -> tuple[Draft, ...]:
        """All choices of what to save that none beats in cost and memory, the cheapest first."""
        choices: list[tuple[int, int, tuple[Derived, ...]]] = [(self._cost, 0, ())]
        for each in self._derived:
            found = [
                (keeping.cost, keeping.bytes, each.saving(keeping.saved))
                for keeping in keepings(each, self._prices)
            ]
            choices = pareto(
                (cost + more, size + bigger, (*before, one))
                for cost, size, before in choices
                for more, bigger, one in found
            )
            if len(choices) > MOST:
                choices = hull(choices)
        return tuple(Draft(self._planned, some, cost, size) for cost, size, some in choices)

    @property
    def _cost(self) -> int:
        pulled = [value for each in self._derived for value in each.pulled]
        return sum(map(self._prices.cost, (*self._planned.graph.values, *pulled)))


def unbeaten(found: Iterable[Draft]) -> tuple[Draft, ...]:
    """Of the drafts of several plans those that none beats in cost and memory."""
    points = pareto((draft.cost, draft.saved, draft) for draft in found)
    return tuple(draft for _, _, draft in points)
