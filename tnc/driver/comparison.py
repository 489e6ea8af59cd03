"""A plan beside those that were not chosen, and beside the dense layer: each is followed down to
its programs, and what these do is priced, layers inside as often as they are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from tnc.driver.candidates import Pinned, named
from tnc.driver.dense import dense_layer
from tnc.driver.network import Binding, every_use
from tnc.driver.options import Options
from tnc.driver.project import Project, ordered, planned
from tnc.driver.select import draft
from tnc.ir.layer import Layer
from tnc.ir.plan import Alternative, Plan
from tnc.ir.program import Program
from tnc.ops import Contract
from tnc.plan.clock import price
from tnc.plan.cost import costs
from tnc.plan.planner import Planned
from tnc.plan.price import Prices
from tnc.plan.profile import PICOSECONDS

ORDERS = {
    "left to right": "left to right",
    "reconstruct first": "reconstruct first",
    "taps merged": "taps merged",
    "time 1": "quickest steps",
    "macs 1": "fewest macs",
}
"""The orders that are shown, by their names as candidates."""

CHOSEN = ""

Sizes = tuple[tuple[str, int], ...]


class Figures(NamedTuple):
    """Multiply-adds and bytes of a forward, picoseconds of a step of training."""

    macs: int
    bytes: int
    picoseconds: int


def compared(layer: Layer, plan: Plan, options: Options) -> Plan:
    """The plan of a layer, whose alternatives are timed: other orders of its networks, where there
    are such, and the dense layer."""
    found = _alternatives(layer, dict(plan.binding), options)
    return replace(plan, alternatives=tuple(found))


def _alternatives(layer: Layer, binding: Binding, options: Options) -> Iterator[Alternative]:
    whole = _Whole(layer, binding, options)
    for name, shown in ORDERS.items():
        if whole.knows(name):
            yield _shown(shown, whole.figures(name))
    if (dense := dense_layer(layer)) is not None:
        yield _shown("dense", _Whole(dense, binding, options).figures(CHOSEN))


def _shown(name: str, figures: Figures) -> Alternative:
    return Alternative(name, figures.macs, figures.bytes, figures.picoseconds / PICOSECONDS)


class _Whole:
    """A layer with all that it contains."""

    def __init__(self, layer: Layer, binding: Binding, options: Options) -> None:
        project = Project([layer], replace(options, binding=binding))
        sizes = project.sizes
        self._parts = {each: _Part(each, sizes[each], options) for each in project.layers}
        self._calls = _calls(layer, binding)

    def knows(self, name: str) -> bool:
        """Whether a network has the named order."""
        return any(name in part.orders for part in self._parts.values())

    def figures(self, name: str) -> Figures:
        """Every network in the named order, or as chosen where it has no such order."""
        rows = [
            [count * figure for figure in self._parts[layer].figures(name, sizes)]
            for (layer, sizes), count in self._calls.items()
        ]
        return Figures(*map(sum, zip(*rows, strict=True)))


def _calls(layer: Layer, binding: Binding) -> Counter[tuple[Layer, Sizes]]:
    """How often each layer runs at which sizes, where one layer runs once."""
    found = Counter({(layer, tuple(sorted(binding.items()))): 1})
    found.update(
        (use.layer, tuple(sorted(use.binding.items()))) for use in every_use(layer, binding)
    )
    return found


class _Part:
    """One layer by itself, planned for the sizes in `binding`. `orders` are those of its networks,
    by name."""

    def __init__(self, layer: Layer, binding: Binding, options: Options) -> None:
        self._layer, self._binding, self._options = layer.rebuilt(), binding, options
        self._planned = planned(self._layer, binding, options)
        self._made: dict[frozenset[object], tuple[Planned, Program]] = {}
        self.orders: dict[str, Pinned] = {CHOSEN: _pinned(self._planned, CHOSEN)}
        for name in ORDERS:
            if pinned := _pinned(self._planned, name):
                self.orders[name] = {**self.orders[CHOSEN], **pinned}

    def figures(self, name: str, sizes: Sizes) -> Figures:
        """What the layer costs at some sizes, in the named order or else as chosen."""
        binding, profile = dict(sizes), self._options.profile
        way, program = self._program(self.orders.get(name, self.orders[CHOSEN]))
        prices = Prices(profile, binding)
        steps = [value for value in way.graph.values if isinstance(value.op, Contract)]
        macs, moved = sum(map(prices.macs, steps)), sum(map(prices.moved, steps))
        return Figures(macs, moved, price(program, binding, profile))

    def _program(self, pinned: Pinned) -> tuple[Planned, Program]:
        key = frozenset(pinned.items())
        if key not in self._made:
            way = ordered(self._binding, self._options, self._layer, pinned)
            self._made[key] = way, draft(self._layer, way)
        return self._made[key]


def _pinned(found: Planned, name: str) -> Pinned:
    """The networks that have an order of this name."""
    orders = {}
    for choice in found.choices:
        table = costs(choice.network, found.measure)
        trees = dict(named(table, 1, 1)) if name else {CHOSEN: choice.tree}
        tree = trees.get(name)
        if tree is not None and table.total(tree) is not None:
            orders[choice.network] = tree
    return orders
