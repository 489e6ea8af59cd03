"""The best of several plans of a layer: each is lowered, and what it then does is priced.

Steps of a graph do not tell how often tensors are copied between layouts, nor which kernels the
gradients need; the program tells. So the orders whose steps are quickest, and those that a person
would try, are followed down to their programs, one network after the other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tnc.driver.candidates import Pinned, candidates
from tnc.gradient.regions import derive, regions
from tnc.ir.graph import Op, Value
from tnc.ir.layer import Layer
from tnc.ir.program import Program
from tnc.lower import lower
from tnc.ops import Apply
from tnc.plan import cache as store
from tnc.plan.clock import price
from tnc.plan.cost import costs
from tnc.plan.network import Network, Tree
from tnc.plan.planner import VERSION as VERSION_OF_ORDERS
from tnc.plan.planner import Planned

VERSION = 8
"""Part of the cache's key: raise it whenever another plan may be chosen."""

SCHEMA = "tnc.choice/1"

QUICKEST = 4
"""How many of the orders with the quickest steps are looked at."""

Order = Callable[[Layer, Pinned], Planned]
"""Makes a plan of a layer in which some networks have given orders."""


def quickest(layer: Layer, order: Order, folder: Path | None) -> Planned:
    """The plan whose program is quickest, of the usual one and of its candidates. What was chosen
    is kept in `folder`, if there is one."""
    first = order(layer, {})
    pinned = chosen(layer, first, order, folder)
    return order(layer, pinned) if pinned else first


def chosen(layer: Layer, first: Planned, order: Order, folder: Path | None) -> Pinned:
    """The orders of that plan which differ from those of the usual one, `first`."""
    if folder is None:
        return _chosen(layer.rebuilt(), order)
    name = key(first)
    pinned = remembered(folder, name, SCHEMA, first)
    if pinned is None:
        pinned = _chosen(layer.rebuilt(), order)
        store.write(folder, name, {"schema": SCHEMA, "orders": trees(first, pinned)})
    return pinned


def trees(first: Planned, pinned: Pinned) -> list[Tree]:
    """The orders of all networks, as they are stored."""
    return [pinned.get(each.network, each.tree) for each in first.choices]


def _chosen(layer: Layer, order: Order) -> dict[Network, Tree]:
    """The orders that differ from those of the usual plan."""
    first = order(layer, {})
    binding, profile = first.measure.binding, first.measure.profile
    pinned: dict[Network, Tree] = {}
    least = None
    for candidate in candidates(first, QUICKEST):
        least = price(draft(layer, first), binding, profile) if least is None else least
        trial = {**pinned, candidate.network: candidate.tree}
        cost = price(draft(layer, order(layer, trial)), binding, profile)
        if cost < least:
            least, pinned = cost, trial
    return pinned


def key(planned: Planned) -> str:
    """SHA-256 of all that the choice depends on: the planned graph, the sizes, the profile."""
    number: dict[Value, int] = {}
    lines = [f"{VERSION} {VERSION_OF_ORDERS} {planned.measure}"]
    for value in planned.graph.values:
        number[value] = len(number)
        lines.append(f"{_said(value.op)} {[number[operand] for operand in value.operands]}")
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _said(op: Op) -> str:
    """An operation in the key. Of a layer inside its name, settings and shapes are enough: what it
    does has no part in the choice, and it holds sets, which are not written alike everywhere."""
    if isinstance(op, Apply) and isinstance(op.instance.callee, Layer):
        callee = op.instance.callee
        return f"Apply {callee.name} {callee.settings} {op.given} {op.axes} {op.output}"
    return str(op)


def remembered(folder: Path, name: str, schema: str, first: Planned) -> dict[Network, Tree] | None:
    """The stored choice, where it differs from the usual one; None unless it fits."""
    try:
        stored = json.loads((folder / f"{name}.json").read_bytes())
        if stored["schema"] != schema:
            return None
        pairs = list(zip(first.choices, stored["orders"], strict=True))
        found = {}
        for choice, record in pairs:
            tree = store.order(record, costs(choice.network, first.measure))
            if tree is None:
                return None
            if tree != choice.tree:
                found[choice.network] = tree
        return found
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def draft(layer: Layer, planned: Planned) -> Program:
    """The program without tangents: what a step of training runs."""
    derived = [derive(layer.builder, region) for region in regions(planned.graph)]
    still = [replace(each, tangent_outputs=(None,) * len(each.seeds)) for each in derived]
    return lower(layer, planned.graph, still, planned.measure.binding)
