"""A plan made for some run-time sizes is right for all of them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.plan.layers import cp_convolution, graph, separable
from tests.plan.meaning import contracted, mode, trees, values_of
from tnc.ir.graph import Builder, Value
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.ops import Contract, Pattern
from tnc.plan.expand import Product, Site
from tnc.plan.lattice import RESULT, SIGNAL, Names, Relation
from tnc.plan.planner import plan_graph
from tnc.plan.prepare import resolve


def agrees(planned: Value, source: Value, binding: dict[str, int]) -> None:
    normal = np.random.default_rng(0).normal
    arrays = {
        v: normal(size=tuple(m.size.evaluate(binding) for m in v.type.modes))
        for v in source.operands
    }
    assert isinstance(source.op, Contract)
    factors = [(v.type.modes, arrays[v]) for v in source.operands]
    expected = contracted(source.op, factors, binding)
    np.testing.assert_allclose(values_of(planned, arrays, binding), expected, atol=1e-9)


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_run_time_sizes_of_an_image(stride: int) -> None:
    build = Builder()
    value = cp_convolution(build, stride=stride)
    planned = plan_graph(build, graph(value), {"n": 32, "h": 32, "w": 32}, cache=None)
    for h, w in [(1, 1), (2, 5), (7, 9), (8, 4)]:
        agrees(planned.graph.outputs[0], value, {"n": 2, "h": h, "w": w})


@pytest.mark.parametrize("stride", [1, 2, 3, 6])
def test_every_order_of_three_taps_on_a_run_time_signal(stride: int) -> None:
    build = Builder()
    value = separable(build, "h", (3, 2, 3), stride)
    assert isinstance(value.op, Contract)
    for tree in trees(range(4)):
        site = Site(build, Names(), lambda _, tree=tree: tree)
        planned = resolve(site, Product(value.operands, value.op, None))
        for h in (7, 8, 11):
            agrees(planned, value, {"h": h})


def relation(**options: object) -> Relation:
    taps = mode("i", 3), mode("j", 2), mode("k", 1)
    return Relation(
        Pattern(mode("h", 30), mode("h'", 5), taps, 4, (2, 6, 5), **options)  # type: ignore[arg-type]
    )


def test_lattices_are_the_coarsest_that_hold_every_sum() -> None:
    lattice = relation()
    i, j, k = 4, 8, 16
    assert lattice.mode(i | j).size == Size.of(1 + (2 * 2 + 6 * 1) // 2)
    assert lattice.step(i | j) == 2
    assert lattice.step(j | k) == 6, "a tap of size 1 does not count"
    assert lattice.step(RESULT | j) == 2
    assert lattice.mode(RESULT | j).size == Size.of(1 + (4 * 4 + 6 * 1) // 2)
    assert lattice.mode(SIGNAL | i | k) == lattice.mode(RESULT | j)
    assert lattice.mode(SIGNAL | i | j | k).name == "h'"
    assert (lattice.mode(i | j).name, lattice.mode(SIGNAL | i).name) == ("i+j", "h~i")


def test_a_stride_is_taken_as_soon_as_the_taps_to_come_allow() -> None:
    lattice = relation(left=Size.of(3))
    first = lattice.link(SIGNAL, 4)  # the signal with i: 6·j and 4·h' are to come
    assert (first.stride, first.dilations, first.left) == (2, (2,), Size.of(3))
    second = lattice.link(SIGNAL | 4, 8)
    assert (second.stride, second.dilations, second.left) == (2, (3,), Size.of(0))


def test_circular_signals_keep_their_size_until_the_last_tap() -> None:
    lattice = relation(circular=True)
    first, second = lattice.link(SIGNAL, 4), lattice.link(SIGNAL | 4 | 16, 8)
    assert (first.stride, first.result.size, first.circular) == (1, Size.of(30), True)
    assert (second.stride, second.dilations, second.circular) == (4, (6,), True)


def test_flips_stay_with_the_signal() -> None:
    lattice = relation(flip=True)
    assert lattice.link(SIGNAL, 4).flip
    assert not lattice.link(4, 8).flip
    assert lattice.link(RESULT, 4).flip


def test_partial_modes_get_names_of_their_own() -> None:
    names = Names(["h~i"])
    first, second = mode("h", 30), Mode("h'", Size.of(9))
    one = Relation(Pattern(first, second, (mode("i", 2), mode("j", 2)), 1, (1, 1)), names)
    two = Relation(Pattern(first, second, (mode("i", 2), mode("k", 3)), 1, (1, 1)), names)
    assert one.mode(RESULT | 8).name == "h~i.2"
    assert two.mode(RESULT | 8).name == "h~i.3"
    assert one.mode(RESULT | 8).name == "h~i.2"
