"""Plan a graph: every n-ary contraction becomes binary steps in the best order."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field
from pathlib import Path
from typing import Literal

from tnc.ir.graph import Builder, Graph, Value
from tnc.ops import Contract
from tnc.plan import cache as stored
from tnc.plan.cost import Cost, Costs, Measure, Objective, costs
from tnc.plan.expand import Product, Site
from tnc.plan.lattice import Names
from tnc.plan.network import Network, Tree
from tnc.plan.orders import Order, best, scored
from tnc.plan.prepare import resolve
from tnc.plan.profile import CPU, Profile
from tnc.record import record

VERSION = 2
"""Part of the cache's key: raise it whenever the same network may get another order."""

WORTH_KEEPING = 8
"""Searches over so many operands and more are kept on disk; the others take a few milliseconds."""


@record
class Choice:
    """The order chosen for one network; `orders` starts with it and goes on with others."""

    network: Network
    tree: Tree
    cost: Cost
    orders: tuple[Order, ...]


@record
class Planned:
    """A graph of steps with at most two operands, and the choices that led to it."""

    graph: Graph
    choices: tuple[Choice, ...]
    measure: Measure


def plan_graph(
    build: Builder,
    graph: Graph,
    binding: Mapping[str, int],
    *,
    objective: Objective = "time",
    profile: Profile = CPU,
    training: bool = True,
    folded: bool = False,
    frozen: Collection[Value] = (),
    cache: Path | Literal["user"] | None = "user",
    thorough: bool = True,
    pinned: Mapping[Network, Tree] | None = None,
) -> Planned:
    """Replace every contraction by steps of at most two operands; rebuild all else as it is.

    `binding` gives the run-time sizes to plan for; the planned graph is right for every size.
    With `training` the gradients count too, except those of the leaves in `frozen` and of
    buffers; with `folded`, what is made of weights alone costs nothing. `cache` is the folder of
    stored searches; None keeps none. What runs once is not worth a search that is `thorough`.
    Networks in `pinned` get the order that is given there.
    """
    measure = Measure(dict(binding), objective, profile, training, folded=folded)
    folder = stored.user_folder() if cache == "user" else cache
    planner = _Planner(measure, folder, thorough, pinned or {})
    names = Names(mode.name for value in graph.values for mode in value.type.modes)
    site = Site(build, names, planner.choose, frozenset(frozen))
    new: dict[Value, Value] = {}
    for value in graph.values:
        operands = tuple(new[operand] for operand in value.operands)
        if isinstance(value.op, Contract):
            new[value] = resolve(site, Product(operands, value.op, value.origin))
        else:
            new[value] = build.make(value.op, operands, value.origin)
    outputs = tuple(new[value] for value in graph.outputs)
    return Planned(Graph(outputs), tuple(planner.choices), measure)


@record
class _Planner:
    measure: Measure
    folder: Path | None
    thorough: bool
    pinned: Mapping[Network, Tree]
    choices: list[Choice] = field(default_factory=list)
    known: dict[tuple[Network, tuple[int, ...]], Choice] = field(default_factory=dict)

    def choose(self, network: Network) -> Tree | None:
        key = network, network.written
        if key not in self.known:
            table = costs(network, self.measure)
            tree = self.pinned.get(network) or self._order(table)
            cost = None if tree is None else table.total(tree)
            if tree is None or cost is None:
                return None
            self.known[key] = Choice(network, tree, cost, scored(table, tree))
        self.choices.append(self.known[key])
        return self.known[key].tree

    def _order(self, table: Costs) -> Tree | None:
        if self.folder is None or len(table.network.operands) < WORTH_KEEPING:
            return best(table, self.thorough)
        name = stored.key(table, VERSION)
        tree = stored.load(self.folder, name, table)
        if tree is None and (tree := best(table)) is not None:
            stored.store(self.folder, name, table, tree)
        return tree
