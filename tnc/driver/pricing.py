"""What an order costs at any size of the batch: the one place that says how programs are priced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tnc.plan.cost import Costs, Measure, costs
from tnc.plan.network import Network, Tree
from tnc.plan.planner import Planned

NEVER = 10**30
"""The time of an order that cannot be followed."""

Orders = tuple[Tree, ...]
"""How the networks of a layer are contracted, one after the other."""


def orders(planned: Planned) -> Orders:
    return tuple(choice.tree for choice in planned.choices)


@dataclass(frozen=True, slots=True)
class Prices:
    """Picoseconds of the same networks in one use of a layer, by the `measure` of that use. What
    inference keeps of weights alone has no price, but comparing these with what it was made of."""

    networks: tuple[Network, ...]
    measure: Measure
    symbol: str
    _tables: dict[int, tuple[Costs, ...]] = field(default_factory=dict)
    _known: dict[tuple[Orders, int], int] = field(default_factory=dict)

    def of(self, chosen: Orders, size: int) -> int:
        """The time of a layer contracted so at this size of the batch."""
        if (key := (chosen, size)) not in self._known:
            pairs = zip(self._at(size), chosen, strict=True)
            self._known[key] = sum(self._one(table, tree) for table, tree in pairs)
        return self._known[key]

    def _one(self, table: Costs, tree: Tree) -> int:
        total = table.total(tree)
        compared = _compared(table, tree) if self.measure.folded else 0
        return NEVER if total is None else total.value + compared

    def _at(self, size: int) -> tuple[Costs, ...]:
        if size not in self._tables:
            binding: Mapping[str, int] = self.measure.binding
            binding = {**binding, self.symbol: size} if self.symbol else binding
            measure = replace(self.measure, binding=binding, objective="time")
            self._tables[size] = tuple(costs(network, measure) for network in self.networks)
        return self._tables[size]


def folds(networks: tuple[Network, ...], chosen: Orders) -> bool:
    """Whether an order makes something of weights alone."""
    return any(_made(network, tree) for network, tree in zip(networks, chosen, strict=True))


def _made(network: Network, tree: Tree) -> int:
    """The operands of products of weights alone."""
    if isinstance(tree, int):
        return 0
    whole = _subset(tree)
    return sum(_made(network, part) for part in tree) if whole & network.data else whole


def _subset(tree: Tree) -> int:
    return 1 << tree if isinstance(tree, int) else sum(map(_subset, tree))


def _compared(table: Costs, tree: Tree) -> int:
    """The time of comparing weights with copies of them."""
    profile = table.measure.profile
    operands = table.network.bits(_made(table.network, tree))
    elements = [table.elements(table.network.operands[k]) for k in operands]
    moved = [2 * each * table.measure.element for each in elements]
    return sum(profile.picoseconds("copy", 0, each) for each in moved)
