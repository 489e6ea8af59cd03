"""Plan a graph: every n-ary contraction becomes binary steps in the best order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tnc.ir.graph import Builder, Graph, Value
from tnc.ops import Contract
from tnc.plan import exact
from tnc.plan.cost import Cost, Costs, Measure, Objective, costs
from tnc.plan.expand import Product, Site
from tnc.plan.lattice import Names
from tnc.plan.network import Network, Tree
from tnc.plan.orders import greedy, left_to_right
from tnc.plan.prepare import resolve
from tnc.plan.profile import CPU, Profile

EXACT = 10
"""Up to so many operands the search is exhaustive."""

VERSION = 1
"""Part of the cache's key: raise it whenever the same network may get another plan."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The order chosen for one network, and what others cost; `order` is the source's."""

    network: Network
    tree: Tree
    cost: Cost
    others: tuple[tuple[str, Tree, Cost], ...]


@dataclass(frozen=True, slots=True)
class Planned:
    """A graph of binary steps, and the choices that led to it."""

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
) -> Planned:
    """Replace every contraction by steps of at most two operands; rebuild all else as it is.

    `binding` gives the run-time sizes to plan for; the planned graph is right for every size.
    """
    measure = Measure(dict(binding), objective, profile, training)
    planner = _Planner(measure)
    names = Names(mode.name for value in graph.values for mode in value.type.modes)
    site = Site(build, names, planner.choose)
    new: dict[Value, Value] = {}
    for value in graph.values:
        operands = tuple(new[operand] for operand in value.operands)
        if isinstance(value.op, Contract):
            new[value] = resolve(site, Product(operands, value.op, value.origin))
        else:
            new[value] = build.make(value.op, operands, value.origin)
    outputs = tuple(new[value] for value in graph.outputs)
    return Planned(Graph(outputs), tuple(planner.choices), measure)


@dataclass(frozen=True, slots=True)
class _Planner:
    measure: Measure
    choices: list[Choice] = field(default_factory=list)

    def choose(self, network: Network) -> Tree | None:
        table = costs(network, self.measure)
        found = best_order(table)
        if found is not None:
            cost = table.total(found)
            assert cost is not None
            self.choices.append(Choice(network, found, cost, ()))
        return found


def best_order(table: Costs) -> Tree | None:
    """The cheapest order; None where no order has primitive steps only."""
    network = table.network
    count = len(network.operands)
    parts = [1 << k for k in range(count)]
    known = [
        (cost, tree)
        for tree in (left_to_right(range(count)), greedy(table, parts))
        if tree is not None and (cost := table.total(tree)) is not None
    ]
    bound = min(cost for cost, _ in known) if known else None
    best = exact.search(table, parts, bound)
    if network.everything not in best:
        return None
    return exact.tree(best, network.everything)
