"""The exact search finds the least cost, by the one cost rule."""

from __future__ import annotations

import itertools
import time
from functools import cache
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.plan.layers import IMAGE, chain, cp_convolution, graph
from tests.plan.meaning import legal
from tests.plan.networks import Example, tidy
from tnc.ir.graph import Builder, Value, reachable
from tnc.ops import Contract
from tnc.ops.contract import counted
from tnc.plan.cost import Measure, Objective, costs
from tnc.plan.network import Network, Tree
from tnc.plan.orders import best
from tnc.plan.planner import plan_graph
from tnc.plan.prepare import resolve
from tnc.plan.profile import CPU, CUDA

OBJECTIVES: tuple[Objective, ...] = ("time", "macs", "memory")


def counted_macs(value: Value, binding: dict[str, int]) -> int:
    """Multiply-adds of the binary steps below a value, by the rule of the operation."""
    total = 0
    for step in reachable([value]):
        if isinstance(step.op, Contract) and len(step.operands) == 2:
            product = 1
            types = [operand.type for operand in step.operands]
            for mode in counted(types, step.op.keep, step.op.patterns):
                product *= mode.size.evaluate(binding)
            total += product
    return total


def textbook(sizes: list[int]) -> int:
    """Least multiply-adds of a matrix chain (Cormen et al., 15.2)."""

    @cache
    def least(i: int, j: int) -> int:
        return min(
            (
                least(i, k) + least(k + 1, j) + sizes[i] * sizes[k + 1] * sizes[j + 1]
                for k in range(i, j)
            ),
            default=0,
        )

    return least(0, len(sizes) - 2)


@pytest.mark.parametrize("seed", range(6))
def test_a_matrix_chain_costs_what_the_textbook_says(seed: int) -> None:
    random = Random(seed)
    sizes = [random.randint(1, 60) for _ in range(random.randint(3, 10))]
    build = Builder()
    planned = plan_graph(
        build, graph(chain(build, sizes)), {}, objective="macs", training=False, cache=None
    )
    (choice,) = planned.choices
    assert choice.cost.value == textbook(sizes) == counted_macs(planned.graph.outputs[0], {})


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_order_of_the_source_changes_nothing(objective: Objective) -> None:
    """All 120 orders of the five factors give one planned value, at one cost."""
    build = Builder()
    found = set()
    for order in itertools.permutations(range(5)):
        value = cp_convolution(build, order)
        planned = plan_graph(build, graph(value), IMAGE, objective=objective, cache=None)
        found.add((planned.graph.outputs[0], planned.choices[0].cost))
    assert len(found) == 1


def network_of(example: Example) -> Network | None:
    """The clean network that an example leads to, if it is the only one."""
    seen: list[Network] = []

    def choose(network: Network) -> Tree | None:
        seen.append(network)
        orders = legal(network)
        return orders[0] if orders else None

    resolve(example.site(choose), example.product)
    return seen[0] if len(set(seen)) == 1 else None


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("objective", OBJECTIVES)
@settings(max_examples=40)
@given(st.randoms(use_true_random=False))
def test_no_order_is_cheaper(objective: Objective, training: bool, random: Random) -> None:
    network = network_of(tidy(random, largest=5))
    assume(network is not None and len(network.operands) <= 6)
    assert network is not None
    table = costs(network, Measure({}, objective, CPU, training))
    every = [table.total(tree) for tree in legal(network)]
    found = best(table)
    if not every:
        assert found is None
    else:
        assert found is not None
        assert table.total(found) == min(cost for cost in every if cost is not None)


@settings(max_examples=60)
@given(st.randoms(use_true_random=False))
def test_the_searched_cost_is_that_of_the_steps(random: Random) -> None:
    example = tidy(random)
    planned = plan_graph(
        example.build, graph(example.value), {}, objective="macs", training=False, cache=None
    )
    searched = sum(choice.cost.value for choice in planned.choices)
    assert searched == counted_macs(planned.graph.outputs[0], {})
    assert searched == sum(choice.orders[0].macs for choice in planned.choices)


def test_training_counts_the_gradients_that_are_wanted() -> None:
    build = Builder()
    value = cp_convolution(build)
    x = value.operands[0]

    def macs(**options: object) -> int:
        planned = plan_graph(
            build,
            graph(value),
            IMAGE,
            objective="macs",
            cache=None,
            **options,  # type: ignore[arg-type]
        )
        return planned.choices[0].cost.value

    assert macs(training=True) == 3 * macs(training=False)
    assert macs(training=False) < macs(frozen=[x]) < macs(training=True)
    assert macs(frozen=value.operands) == macs(training=False)


def test_taps_are_merged_where_a_pass_costs_more_than_its_arithmetic() -> None:
    """Two depthwise passes over the signal take longer than one with all taps."""
    build = Builder()
    value = cp_convolution(build, stride=1, sizes=(64, 64, 64, 3, 3))
    large = {"n": 8, "h": 32, "w": 32}
    taps = {frozenset({"r", "i", "j"})}
    for profile, objective, merged in ((CPU, "time", True), (CUDA, "macs", False)):
        planned = plan_graph(
            build, graph(value), large, objective=objective, profile=profile, cache=None
        )
        made = {frozenset(step.type.names) for step in planned.graph}
        assert (taps <= made) == merged


def test_few_operands_are_planned_at_once() -> None:
    build = Builder()
    value = cp_convolution(build)
    start = time.perf_counter()
    plan_graph(build, graph(value), IMAGE, cache=None)
    assert time.perf_counter() - start < 0.3
