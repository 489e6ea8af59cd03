"""The value never depends on the order: every order of every network equals the dense oracle."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.plan.meaning import leaf, legal, mode, some_trees, values_of
from tests.plan.networks import Example, tidy, wild
from tnc.ir.graph import Builder, IllTyped, Value, reachable
from tnc.ir.size import Size
from tnc.ops import Contract, Pattern
from tnc.plan.lattice import Names
from tnc.plan.network import Network, Tree
from tnc.plan.prepare import resolve

RANDOM = st.randoms(use_true_random=False)


class Orders:
    """Chooses every order of every network in turn (25 of them where there are more)."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.known: dict[Network, list[Tree]] = {}
        self.turn = 0

    def __call__(self, network: Network) -> Tree | None:
        if network not in self.known:
            few = len(network.operands) < 6
            self.known[network] = legal(network) if few else some_trees(network, self.random, 25)
        orders = self.known[network]
        return orders[self.turn % len(orders)] if orders else None

    def __iter__(self) -> Iterable[int]:
        while self.turn == 0 or self.turn < max(map(len, self.known.values()), default=0):
            yield self.turn
            self.turn += 1


def all_orders(example: Example, random: Random) -> None:
    expected, known = example.expected(), dict(example.arrays)
    orders = Orders(random)
    for _ in orders:
        value = resolve(example.site(orders), example.product)
        assert value.type.modes == example.op.keep
        np.testing.assert_allclose(values_of(value, known, {}), expected, atol=1e-9)
        for step in reachable([value]):
            assert is_planned(step), step


def is_planned(value: Value) -> bool:
    """At most two operands; per relation one tap, and each of its legs in one place only."""
    if not isinstance(value.op, Contract):
        return True
    for pattern in value.op.patterns:
        if len(pattern.taps) != 1:
            return False
        places = [set(pattern.legs) & set(v.type.modes) for v in value.operands]
        places.append(set(pattern.legs) & set(value.op.keep))
        one_each = [len(place) for place in places] == [1, 1, 1]
        if len(places) == 2:
            one_each = {frozenset(place) for place in places} == {
                frozenset([pattern.signal]),
                frozenset([pattern.result, *pattern.taps]),
            }
        if not one_each or len(set().union(*places)) != 3:
            return False
    return len(value.operands) <= 2


@settings(max_examples=120)
@given(RANDOM)
def test_every_order_of_an_equation_has_the_same_value(random: Random) -> None:
    all_orders(tidy(random), random)


@settings(max_examples=120)
@given(RANDOM)
def test_every_well_formed_product_has_a_plan(random: Random) -> None:
    example = wild(random)
    try:
        all_orders(example, random)
    except IllTyped:
        assume(not well_posed(example))


def well_posed(example: Example) -> bool:
    """Every relation has a participant of its own that is carried and summed."""
    carried = {mode for value in example.operands for mode in value.type.modes}
    patterns = list(dict.fromkeys(example.op.patterns))
    for pattern in patterns:
        others = {leg for other in patterns if other != pattern for leg in other.legs}
        if not set(pattern.legs) & carried - set(example.op.keep) - others:
            return False
    return True


def test_a_circular_tap_is_no_function_of_the_other_participants() -> None:
    """p = 2·a modulo 2: two taps reach one place, so their carriers are multiplied first."""
    p, i, a = mode("p", 2), mode("i", 3), mode("a", 2)
    relation = Pattern(p, i, (a,), 2, (2,), Size.of(0), circular=True)
    build = Builder()
    operands = tuple(leaf(build, name, (leg,)) for name, leg in zip("STX", (a, a, p), strict=True))
    op = Contract((p, i), (relation,))
    arrays = {value: np.array([1.0, 2.0]) + k for k, value in enumerate(operands)}
    all_orders(Example(build, operands, op, arrays, Names("pia")), Random(0))
