"""Where other programs of a layer are wanted: the planned layer, and the sizes that it may have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from tnc.driver.options import Options
from tnc.driver.pricing import Clock, Prices, orders
from tnc.ir.layer import Layer
from tnc.ir.program import Program
from tnc.ir.size import Size
from tnc.lower.names import safe
from tnc.plan.network import Network
from tnc.plan.planner import Planned, plan_graph
from tnc.record import record

SIZES = tuple(1 << k for k in range(14))
"""The sizes of the batch at which orders are compared."""

SEARCHED = (1, 4096)
"""Besides the size that is planned for, the sizes for which orders are searched for."""


@record
class Batch:
    """The run-time size that is the batch: its symbol, and the input that has it as first axis."""

    symbol: str
    input: str


def batch_of(layer: Layer) -> Batch | None:
    """The first axis of the first input, if its size is known at run time only."""
    axes = layer.inputs[0].axes if layer.inputs else ()
    for entry in layer.run_time:
        if axes and len(axes[0]) == 1 and axes[0][0].size == Size.symbol(entry.symbol):
            return Batch(entry.symbol, safe(layer.inputs[0].name))
    return None


@record
class Site:
    """A layer that was planned, where other programs of it are wanted."""

    layer: Layer
    planned: Planned
    program: Program
    binding: Mapping[str, int]
    options: Options
    inside: bool = False

    @property
    def batch(self) -> Batch | None:
        return batch_of(self.layer)

    @property
    def size(self) -> int:
        """The size of the batch that is planned for."""
        return self.binding[self.batch.symbol] if self.batch else 1

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(sorted({*SIZES, self.size})) if self.batch else (1,)

    @property
    def networks(self) -> tuple[Network, ...]:
        return tuple(choice.network for choice in self.planned.choices)

    def search(self, **purpose: Any) -> list[Planned]:
        """The best orders for a purpose, at few sizes of the batch."""
        sizes = dict.fromkeys((self.size, *SEARCHED) if self.batch else (1,))
        found = [self._plan(size, purpose) for size in sizes]
        return list({orders(each): each for each in found if self._fits(each)}.values())

    def _plan(self, size: int, purpose: Mapping[str, Any]) -> Planned:
        batch = {self.batch.symbol: size} if self.batch else {}
        return plan_graph(
            self.layer.builder,
            self.layer.graph,
            {**self.binding, **batch},
            objective=self.options.objective,
            profile=self.options.profile,
            cache="user" if self.options.cache else None,
            **purpose,
        )

    def _fits(self, planned: Planned) -> bool:
        """Whether it is about the same networks, so that orders can be compared."""
        pairs = zip_longest(self.planned.choices, planned.choices)
        return all(
            one and other and _shape(one.network) == _shape(other.network) for one, other in pairs
        )

    def clock(self, **use: Any) -> Clock:
        symbol = self.batch.symbol if self.batch else ""
        return Clock(self.binding, self.options.profile, symbol, **use)

    def prices(self, networks: tuple[Network, ...], **purpose: Any) -> Prices:
        measure = replace(self.planned.measure, binding=self.binding, **purpose)
        return Prices(networks, measure, self.batch.symbol if self.batch else "")


def _shape(network: Network) -> Network:
    return replace(network, wanted=0)
