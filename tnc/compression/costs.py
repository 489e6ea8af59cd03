"""What layers cost, as predicted: multiply-adds of a call, seconds of a step of training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tnc.compression.example import Use, binding
from tnc.compression.spec import Candidate
from tnc.driver.build import build
from tnc.driver.dense import dense_layer
from tnc.driver.options import Options
from tnc.ir.layer import Layer
from tnc.record import record


@record
class Cost:
    """Multiply-adds of a call, and predicted seconds of a step of training."""

    macs: int
    seconds: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.macs + other.macs, self.seconds + other.seconds)

    def times(self, calls: int) -> Cost:
        return Cost(self.macs * calls, self.seconds * calls)


NOTHING = Cost(0, 0.0)


@dataclass
class Costs:
    """Costs of candidates and of the dense layers in whose place they are; each is planned once."""

    options: Options
    _known: dict[tuple[object, ...], tuple[Cost, Cost]] = field(default_factory=dict)

    def of(self, candidate: Candidate, use: Use | None) -> tuple[Cost, Cost]:
        """Of a candidate and of the dense layer, for all calls of an example; without one, for one
        call at typical sizes."""
        layer = candidate.layer
        sizes = dict(self.options.binding) if use is None else binding(layer, use.shape)
        key = (candidate.call.key, *sorted(sizes.items()))
        if key not in self._known:
            dense = dense_layer(layer)
            own = self._planned(layer, sizes)
            self._known[key] = own, own if dense is None else self._planned(dense, sizes)
        calls = 1 if use is None else use.calls
        own, dense_cost = self._known[key]
        return own.times(calls), dense_cost.times(calls)

    def _planned(self, layer: Layer, sizes: Mapping[str, int]) -> Cost:
        plan = build(layer, Options(sizes, profile=self.options.profile)).plan
        return Cost(plan.macs, plan.seconds)
