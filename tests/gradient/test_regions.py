"""Regions: maximal, never across a barrier, never waiting for themselves."""

from __future__ import annotations

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from tnc.gradient.regions import derive, regions
from tnc.ir.graph import Builder, Graph, Value
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.ops import Add, Call, Contract, Leaf

S, T = Mode("s", Size.of(3)), Mode("t", Size.of(4))


def weight(build: Builder, name: str) -> Value:
    return build.make(Leaf("weight", name, ((S,), (T,))))


def test_a_residual_around_a_barrier_is_two_regions() -> None:
    build = Builder()
    x = build.make(Leaf("input", "x", ((S,),)))
    z = build.make(Contract((T,)), (x, weight(build, "a")))
    hidden = build.make(Call("relu", (T,)), (z,))
    y = build.make(Contract((S,)), (hidden, weight(build, "b")))
    back = build.make(Contract((S,)), (z, weight(build, "c")))
    total = build.make(Add((S,)), (y, back))
    first, second = regions(Graph((total,)))
    assert set(first.values) == {z, back}
    assert first.outputs == (z, back)
    assert set(second.values) == {y, total}
    assert second.inputs == (hidden, build.make(Leaf("weight", "b", ((S,), (T,)))), back) or set(
        second.inputs
    ) == {hidden, weight(build, "b"), back}


def test_terms_of_a_sum_are_one_region() -> None:
    build = Builder()
    x = build.make(Leaf("input", "x", ((S,),)))
    terms = [build.make(Contract((T,)), (x, weight(build, name))) for name in "abc"]
    total = build.make(Add((T,)), terms)
    (region,) = regions(Graph((total,)))
    assert set(region.values) == {*terms, total}
    assert region.outputs == (total,)


def test_plain_sums_need_no_region() -> None:
    build = Builder()
    x = build.make(Leaf("input", "x", ((S,),)))
    assert regions(Graph((build.make(Add((S,)), (x, x)),))) == ()


def test_only_what_the_gradient_reads_is_saved() -> None:
    build = Builder()
    x = build.make(Leaf("input", "x", ((S,),)))
    u = build.make(Contract((T,)), (x, weight(build, "a")))
    y = build.make(Contract((S,)), (u, weight(build, "b")))
    (region,) = regions(Graph((y,)))
    assert derive(build, region).saved == (u,)
    lone = build.make(Contract((T,)), (x, weight(build, "a")))
    (region,) = regions(Graph((lone,)))
    assert derive(build, region).saved == ()


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30), st.integers(0, 30)), min_size=1))
def test_random_graphs_partition_without_cycles(steps: list[tuple[int, int, int]]) -> None:
    """Every contraction is in exactly one region, and the regions can be put in an order."""
    build = Builder()
    made = [build.make(Leaf("input", name, ((S,),))) for name in "xy"]
    for kind, a, b in steps:
        left, right = made[a % len(made)], made[b % len(made)]
        made.append(
            build.make(Contract((S,)), (left, right))
            if kind == 0
            else build.make(Add((S,)), (left, right))
            if kind == 1
            else build.make(Call("relu", (S,)), (left,))
        )
    graph = Graph((made[-1], made[-2]))
    found = regions(graph)
    home = {value: k for k, region in enumerate(found) for value in region.values}
    contractions = [value for value in graph.values if isinstance(value.op, Contract)]
    assert all(value in home for value in contractions)
    assert sum(len(region.values) for region in found) == len(home)
    order: nx.DiGraph[object] = nx.DiGraph()
    for value in graph.values:
        for operand in value.operands:
            ends = home.get(operand, operand), home.get(value, value)
            if ends[0] != ends[1]:
                order.add_edge(*ends)
    assert nx.is_directed_acyclic_graph(order)
