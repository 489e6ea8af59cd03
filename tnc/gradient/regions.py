"""Maximal multilinear regions between barriers, and their derivatives."""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx

from tnc.gradient.derive import pull_back, push_forward
from tnc.ir.graph import Builder, Graph, Value, reachable
from tnc.ir.region import Derived, Region
from tnc.ops import Contract, Leaf


def regions(graph: Graph) -> tuple[Region, ...]:
    """Partition the multilinear values; regions without a product are left out (they are plain
    sums and scalings, which PyTorch differentiates as they stand).

    Values join when one is an operand of the other and equally many barriers lie before both:
    so no region can wait for a barrier that waits for the region.
    """
    depth: dict[Value, int] = {}
    joined: nx.Graph[Value] = nx.Graph()
    for value in graph.values:
        depth[value] = max(
            (depth[operand] + (not _inside(operand)) for operand in value.operands), default=0
        )
        if _inside(value):
            joined.add_node(value)
            for operand in value.operands:
                if _inside(operand) and depth[operand] == depth[value]:
                    joined.add_edge(operand, value)
    groups = [
        tuple(sorted(group, key=lambda value: value.serial))
        for group in nx.connected_components(joined)
    ]
    groups.sort(key=lambda group: group[-1].serial)
    return tuple(
        _region(graph, group) for group in groups if any(_multiplies(value) for value in group)
    )


def _multiplies(value: Value) -> bool:
    op = value.op
    return isinstance(op, Contract) and (len(value.operands) > 1 or bool(op.patterns))


def _inside(value: Value) -> bool:
    return value.op.multilinear and not isinstance(value.op, Leaf)


def _region(graph: Graph, group: Sequence[Value]) -> Region:
    members = set(group)
    inputs = dict.fromkeys(
        operand for value in group for operand in value.operands if operand not in members
    )
    needed = {
        operand for value in graph.values if value not in members for operand in value.operands
    }
    needed.update(graph.outputs)
    outputs = tuple(value for value in group if value in needed)
    return Region(tuple(sorted(inputs, key=lambda value: value.serial)), tuple(group), outputs)


def derive(build: Builder, region: Region) -> Derived:
    """Gradients and tangents of a region whose contractions have been planned. Everything that
    the gradients read is saved."""
    seeds = tuple(
        build.make(Leaf("seed", f"{k}", tuple((mode,) for mode in output.type.modes)))
        for k, output in enumerate(region.outputs)
    )
    tangents = tuple(
        build.make(Leaf("tangent", f"{k}", tuple((mode,) for mode in value.type.modes)))
        for k, value in enumerate(region.inputs)
    )
    gradients = pull_back(build, region.outputs, seeds, region.inputs)
    pushed = push_forward(build, region.outputs, dict(zip(region.inputs, tangents, strict=True)))
    known = frozenset((*region.inputs, *region.values))
    wanted = [gradient for gradient in gradients if gradient is not None]
    operands = {
        operand
        for value in reachable(wanted, stop=known)
        if value not in known
        for operand in value.operands
    }
    inner = set(region.values) - set(region.outputs)
    read = tuple(value for value in region.values if value in inner and value in operands)
    return Derived(region, seeds, gradients, tangents, pushed, read, saved=read)
