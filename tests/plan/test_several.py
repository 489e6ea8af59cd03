"""Several orders of one network: the cheapest ones, and those that a person would try."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.plan.layers import IMAGE, chain, cp_convolution, separable, tensor_train
from tests.plan.meaning import leaf, legal, mode, some_trees
from tests.plan.networks import tidy
from tests.plan.test_exact import OBJECTIVES, network_of
from tnc.ir.graph import Builder, Value
from tnc.ops import Contract, Pattern
from tnc.plan.cost import Costs, Measure, Objective, costs
from tnc.plan.expand import Product, Site, network
from tnc.plan.lattice import Names
from tnc.plan.network import Tree
from tnc.plan.orders import best, canonical, reconstruct_first, several, taps_merged
from tnc.plan.profile import CPU


def table(value: Value, objective: Objective = "macs", training: bool = False) -> Costs:
    assert isinstance(value.op, Contract)
    site = Site(Builder(), Names(), lambda _: None)
    _, net = network(site, Product(value.operands, value.op, None))
    return costs(net, Measure(IMAGE, objective, CPU, training))


def dot(
    build: Builder, operands: Sequence[Sequence[str]], keep: str, sizes: dict[str, int]
) -> Value:
    """A product of weights without a relation; every mode is one letter."""
    modes = {name: mode(name, size) for name, size in sizes.items()}
    factors = [leaf(build, f"T{k}", [modes[m] for m in own]) for k, own in enumerate(operands)]
    return build.make(Contract(tuple(modes[m] for m in keep)), factors)


def counted(
    operands: Sequence[frozenset[str]], keep: str, sizes: dict[str, int], tree: Tree
) -> int:
    """Loop iterations of an order, from sets of letters alone."""
    macs = 0

    def made(part: Tree) -> frozenset[int]:
        nonlocal macs
        if isinstance(part, int):
            return frozenset({part})
        one, two = map(made, part)
        macs += prod(sizes[m] for m in left(one) | left(two))
        return one | two

    def left(chosen: frozenset[int]) -> frozenset[str]:
        inside = frozenset[str]().union(*(operands[k] for k in chosen))
        outside = frozenset(keep).union(*(own for k, own in enumerate(operands) if k not in chosen))
        return inside & outside

    made(tree)
    return macs


def random_dot(random: Random, count: int) -> tuple[list[frozenset[str]], str, dict[str, int]]:
    """Operands with modes that one to three of them carry, some kept, sizes 1 to 6."""
    letters = "abcdefgh"[: random.randint(3, 8)]
    carried: list[set[str]] = [set() for _ in range(count)]
    keep = ""
    for letter in letters:
        owners = random.sample(carried, random.choice([1, 2, 2, 2, 3]))
        keep += letter if len(owners) == 1 or random.random() < 0.2 else ""
        for owner in owners:
            owner.add(letter)
    sizes = {letter: random.randint(1, 6) for letter in letters}
    return [frozenset(own) for own in carried], keep, sizes


@pytest.mark.parametrize("seed", range(24))
def test_the_cheapest_orders_of_a_contraction(seed: int) -> None:
    """Against all trees, their costs counted from sets of letters."""
    random = Random(seed)
    operands, keep, sizes = random_dot(random, random.randint(3, 6))
    costs_of = table(dot(Builder(), [sorted(own) for own in operands], keep, sizes))
    # Operands are in canonical order: by name, which is the order in which they were made.
    every = [counted(operands, keep, sizes, tree) for tree in legal(costs_of.network)]
    found = several(costs_of, 300)
    assert [counted(operands, keep, sizes, tree) for tree in found] == sorted(every)[:300]
    assert len(set(map(canonical, found))) == len(found) == min(300, len(every))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("objective", OBJECTIVES)
@settings(max_examples=40)
@given(st.randoms(use_true_random=False))
def test_the_cheapest_orders_of_relations(
    objective: Objective, training: bool, random: Random
) -> None:
    """Against all trees, value and bytes; asked for more than there are, it gives each once."""
    net = network_of(tidy(random, largest=5))
    assume(net is not None and len(net.operands) <= 6)
    assert net is not None
    costs_of = costs(net, Measure({}, objective, CPU, training))
    every = sorted(cost for tree in legal(net) if (cost := costs_of.total(tree)) is not None)
    found = several(costs_of, 12)
    assert [costs_of.total(tree) for tree in found] == every[:12]
    assert found == several(costs(net, costs_of.measure), 1000)[:12]
    whole = several(costs_of, 1000)
    assert len(whole) == len(set(whole))
    assert set(whole) == set(legal(net))
    assert found[:1] == tuple(filter(None, [best(costs_of)]))


def test_more_operands_than_all_trees_can_be_listed_of() -> None:
    """No random order of eight operands is cheaper than the last of the ranking and not in it."""
    build, random = Builder(), Random(0)
    costs_of = table(tensor_train(build, random, 5, 8), "time", training=True)
    found = several(costs_of, 12)
    worst = costs_of.total(found[-1])
    assert worst is not None
    totals = [costs_of.total(tree) for tree in found]
    assert totals == sorted(total for total in totals if total is not None)
    for tree in some_trees(costs_of.network, random, 400):
        cost = costs_of.total(tree)
        assert cost is not None
        assert cost >= worst or canonical(tree) in found


def test_many_operands() -> None:
    """The cheapest comes first, the orders differ, and the known ones are among them."""
    build = Builder()
    costs_of = table(tensor_train(build, Random(1), 9, 8), "time", training=True)
    found = several(costs_of, 100)
    totals = [costs_of.total(tree) for tree in found]
    assert totals == sorted(total for total in totals if total is not None)
    assert len(set(map(canonical, found))) == len(found) >= 3
    assert found[0] == best(costs_of)
    kernel = reconstruct_first(costs_of)
    assert kernel is not None
    assert canonical(kernel) in found
    assert several(costs_of, 2) == found[:2]


def names(value: Value, tree: Tree) -> str:
    """An order with the names of its operands, as the canonical order of a network has them."""
    site = Site(Builder(), Names(), lambda _: None)
    assert isinstance(value.op, Contract)
    operands, _ = network(site, Product(value.operands, value.op, None))

    def named(part: Tree) -> str:
        if isinstance(part, int):
            return operands[part].op.name  # type: ignore[attr-defined, no-any-return]
        return f"({named(part[0])} {named(part[1])})"

    return named(canonical(tree))


def test_the_taps_of_a_cp_convolution_are_merged() -> None:
    value = cp_convolution(Builder(), stride=1, sizes=(64, 64, 16, 3, 3))
    found = taps_merged(table(value))
    assert found is not None
    assert names(value, found) == "(((x A) (C D)) B)"


def test_cores_of_taps_are_merged_and_cores_of_channels_are_not() -> None:
    build = Builder()
    n, s, t, h, w, i, j = (
        mode(*pair) for pair in zip("nsthwij", (2, 9, 7, 8, 8, 3, 3), strict=True)
    )
    after, beside = mode("h'", 8), mode("w'", 8)
    a, b, c = (mode(name, 4) for name in "abc")
    patterns = (Pattern(h, after, (i,)), Pattern(w, beside, (j,)))
    factors = [
        leaf(build, "x", (n, s, h, w), "input"),
        leaf(build, "S", (s, a)),
        leaf(build, "I", (a, i, b)),
        leaf(build, "J", (b, j, c)),
        leaf(build, "T", (c, t)),
    ]
    value = build.make(Contract((n, t, after, beside), patterns), factors)
    found = taps_merged(table(value))
    assert found is not None
    assert "(I J)" in names(value, found)
    merged = table(value).total(found)
    with_kernel = [tree for tree in legal(table(value).network) if "(I J)" in names(value, tree)]
    assert merged == min(cost for tree in with_kernel if (cost := table(value).total(tree)))


def test_the_taps_of_one_relation_are_merged() -> None:
    value = separable(Builder(), "h", (3, 2, 3), 2)
    found = taps_merged(table(value))
    assert found is not None
    assert names(value, found) in {"(x ((K0 K1) K2))", "(x ((K0 K2) K1))", "(x (K0 (K1 K2)))"}


def test_nothing_to_merge() -> None:
    """Taps in the factors of the channels, and taps whose factors share nothing."""
    build = Builder()
    assert taps_merged(table(chain(build, [2, 3, 4, 5]))) is None
    assert taps_merged(table(tensor_train(build, Random(0), 3, 8))) is None
    n, s, t, h, w, i, j, r = (
        mode(*pair) for pair in zip("nsthwijr", (2, 9, 7, 8, 8, 3, 3, 4), strict=True)
    )
    patterns = (Pattern(h, mode("h'", 8), (i,)), Pattern(w, mode("w'", 8), (j,)))
    factors = [
        leaf(build, "x", (n, s, h, w), "input"),
        leaf(build, "S", (s, i, r)),
        leaf(build, "T", (r, j, t)),
    ]
    keep = (n, t, mode("h'", 8), mode("w'", 8))
    assert taps_merged(table(build.make(Contract(keep, patterns), factors))) is None


def test_every_pair_of_neighbours_of_a_chain_is_a_first_step() -> None:
    """Of a product of four matrices all five orders without outer products are among the first."""
    costs_of = table(chain(Builder(), [5, 6, 7, 8, 9]))
    found = several(costs_of, 15)
    assert len(found) == 15
    neighbours = [tree for tree in found if _adjacent(tree)]
    assert len(neighbours) == 5


def _adjacent(tree: Tree) -> list[int]:
    """The operands of an order if every product of it is one of neighbours, else none."""
    if isinstance(tree, int):
        return [tree]
    one, two = map(_adjacent, tree)
    both = sorted([*one, *two])
    return both if one and two and all(b - a == 1 for a, b in pairwise(both)) else []
