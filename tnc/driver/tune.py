"""The best of several plans of a layer by the clock of this machine, not by the model's.

The model says which orders deserve it: the best few by its own clock, and those that a person would
try. One network is measured after the other, the others being as they are best so far.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tnc.driver.candidates import Candidate, Pinned, candidates
from tnc.driver.select import Order, chosen, draft, key, remembered, trees
from tnc.driver.trial import shapes, trial
from tnc.driver.tuner import Contest, Tuner, Unmeasurable
from tnc.ir.layer import Layer
from tnc.plan import cache as store
from tnc.plan.clock import price
from tnc.plan.network import Network, Tree
from tnc.plan.planner import Planned
from tnc.record import record

VERSION = 2
"""Part of the cache's key: raise it whenever other orders are measured."""

SCHEMA = "tnc.tuned/1"

QUICKEST, FEWEST_MACS = 4, 3
"""So many orders are looked at, besides those that a person would think of;"""
BEST = 4
"""so many of them are measured, the best by the model,"""
ALWAYS = {"reconstruct first", "taps merged"}
"""and these,"""
HOPELESS = 6
"""but none that is predicted to take so many times the least."""

MODEL = "as predicted"


def tuned(layer: Layer, order: Order, folder: Path | None, tuner: Tuner) -> Planned:
    """The plan that was measured to be quickest. What was measured is kept in `folder`, if there is
    one. Where there is nothing to measure, the model decides: in a layer with others inside, in
    one without products, or which does not take random inputs."""
    first = order(layer, {})
    if layer.instances or not first.choices:
        pinned = chosen(layer, first, order, folder)
        return order(layer, pinned) if pinned else first
    name = _name(first, tuner)
    best = None if folder is None else remembered(folder, name, SCHEMA, first)
    if best is None:
        model = chosen(layer, first, order, folder)
        try:
            best, times = _Trials(layer.rebuilt(), order, tuner).measured(first, model)
        except Unmeasurable:
            return order(layer, model) if model else first
        if folder is not None:
            record = {"machine": tuner.machine, "seconds": times, "orders": trees(first, best)}
            store.write(folder, name, {"schema": SCHEMA, **record})
    return _marked(order(layer, best))


def _name(first: Planned, tuner: Tuner) -> str:
    text = f"{VERSION} {SCHEMA} {key(first)} {tuner.machine}"
    return hashlib.sha256(text.encode()).hexdigest()


def _marked(planned: Planned) -> Planned:
    """The plan, which says that it was tuned."""
    measure = planned.measure
    profile = replace(measure.profile, name=f"{measure.profile.name}, tuned")
    return replace(planned, measure=replace(measure, profile=profile))


Times = list[dict[str, float]]
"""For each network, the seconds that its orders take."""


@record
class _Trials:
    """Of one layer, which leave no trace in it: `layer` is rebuilt."""

    layer: Layer
    order: Order
    tuner: Tuner

    def measured(self, first: Planned, model: Pinned) -> tuple[dict[Network, Tree], Times]:
        """The best orders, and the times of all."""
        best = dict(model)
        found = {
            network: list(self._worth(network, best))
            for network in dict.fromkeys(choice.network for choice in first.choices)
        }
        times: Times = []
        contested = sum(map(bool, found.values()))
        for rivals in found.values():
            if rivals:
                seconds = self.tuner.seconds(self._contest(rivals, best, 1 / contested))
                winner = min(seconds, key=lambda name: seconds[name])
                best |= {each.network: each.tree for each in rivals if each.name == winner}
                times.append(dict(seconds))
        return best, times

    def _worth(self, network: Network, best: Pinned) -> Iterator[Candidate]:
        """Those other orders of a network that are worth measuring, the model's favourite first."""
        planned = self.order(self.layer, best)
        own = self._price(best)
        costs: list[tuple[int, Candidate]] = [
            (self._price({**best, network: each.tree}), each)
            for each in candidates(planned, QUICKEST, FEWEST_MACS)
            if each.network == network
        ]
        costs.sort(key=lambda one: one[0])
        least = min([own, *(cost for cost, _ in costs)])
        for rank, (cost, each) in enumerate(costs):
            if cost < HOPELESS * least and (rank < BEST - 1 or each.name in ALWAYS):
                yield each

    def _price(self, pinned: Pinned) -> int:
        planned = self.order(self.layer, pinned)
        measure = planned.measure
        return price(draft(self.layer, planned), measure.binding, measure.profile)

    def _contest(self, rivals: list[Candidate], best: Pinned, share: float) -> Contest:
        pins = {MODEL: best} | {each.name: {**best, each.network: each.tree} for each in rivals}
        tried = [
            trial(name, self.layer, self.order(self.layer, pinned)) for name, pinned in pins.items()
        ]
        binding = self.order(self.layer, best).measure.binding
        return Contest(
            layer=self.layer.name,
            texts={each.order: each.text for each in tried},
            shapes=shapes(self.layer, binding),
            formats=max(len(each.program.formats) for each in tried),
            share=share,
        )
