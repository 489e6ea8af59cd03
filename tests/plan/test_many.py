"""Many operands: cotengra with this cost, held to the exact search; and the same every time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from random import Random

import numpy as np
import pytest

from tests.plan.layers import chain, graph, tensor_train
from tests.plan.meaning import contracted, leaf, mode, values_of
from tests.plan.test_exact import textbook
from tnc.ir.graph import Builder, Value
from tnc.ir.tensor import Mode
from tnc.ops import Contract
from tnc.plan import exact
from tnc.plan.cost import Costs, Measure, Objective, costs
from tnc.plan.expand import Product, Site, network
from tnc.plan.lattice import Names
from tnc.plan.network import Tree
from tnc.plan.orders import SUBTREE
from tnc.plan.planner import plan_graph
from tnc.plan.profile import CPU
from tnc.plan.search import search


def table(build: Builder, value: Value, objective: Objective) -> Costs:
    assert isinstance(value.op, Contract)
    site = Site(build, Names(), lambda _: None)
    _, net = network(site, Product(value.operands, value.op, None))
    return costs(net, Measure({}, objective, CPU))


@pytest.mark.parametrize("objective", ["time", "macs"])
@pytest.mark.parametrize(("length", "seed"), [(5, 0), (6, 1), (7, 2), (8, 3)])
def test_cotengra_is_within_two_percent_of_the_exact_search(
    length: int, seed: int, objective: Objective
) -> None:
    build = Builder()
    held_to_the_exact_search(table(build, tensor_train(build, Random(seed), length, 8), objective))


def held_to_the_exact_search(costs_of: Costs) -> None:
    tree, *_ = search(costs_of, SUBTREE)
    cost = costs_of.total(tree)
    assert cost is not None
    parts: dict[int, Tree] = {1 << k: k for k in range(len(costs_of.network.operands))}
    found = exact.search(costs_of, list(parts), cost)
    least = costs_of.total(exact.tree(found, costs_of.network.everything, parts))
    assert least is not None
    assert least.value <= cost.value <= 1.02 * least.value


RING = [(k, (k + 1) % 12) for k in range(12)]
TREE = [((k - 1) // 2, k) for k in range(1, 12)]
GRID = [(k, k + 1) for k in range(12) if k % 4 < 3] + [(k, k + 4) for k in range(8)]


@pytest.mark.parametrize("edges", [RING, TREE, GRID], ids=["ring", "tree", "grid"])
@pytest.mark.parametrize("objective", ["time", "macs"])
def test_networks_of_other_shapes(objective: Objective, edges: list[tuple[int, int]]) -> None:
    random, build = Random(len(edges)), Builder()
    carried: list[list[Mode]] = [[] for _ in range(12)]
    for k, edge in enumerate(edges):
        for end in edge:
            carried[end].append(mode(f"e{k:02}", 2 + k * k % 7))
    kept = [mode(f"o{k}", random.randint(2, 6)) for k in range(3)]
    for k, free in enumerate(kept):
        carried[4 * k].append(free)
    operands = [leaf(build, f"T{k:02}", modes) for k, modes in enumerate(carried)]
    held_to_the_exact_search(table(build, build.make(Contract(tuple(kept)), operands), objective))


@pytest.mark.slow
@pytest.mark.parametrize(("length", "seed"), [(9, 4), (10, 5), (11, 6)])
def test_and_so_it_is_up_to_fourteen_operands(length: int, seed: int) -> None:
    test_cotengra_is_within_two_percent_of_the_exact_search(length, seed, "time")


@pytest.mark.parametrize("count", [12, 24, 40])
def test_long_matrix_chains(count: int) -> None:
    random, build = Random(count), Builder()
    sizes = [random.randint(2, 200) for _ in range(count + 1)]
    value = chain(build, sizes)
    planned = plan_graph(build, graph(value), {}, objective="macs", training=False, cache=None)
    assert planned.choices[0].cost.value <= 1.02 * textbook(sizes)


def test_the_value_of_a_plan_by_cotengra() -> None:
    build = Builder()
    value = tensor_train(build, Random(9), 8, 3, largest=3)
    assert len(value.operands) == 11
    planned = plan_graph(build, graph(value), {}, cache=None)
    normal = np.random.default_rng(0).normal
    arrays = {
        v: normal(size=tuple(m.size.evaluate({}) for m in v.type.modes)) for v in value.operands
    }
    assert isinstance(value.op, Contract)
    expected = contracted(value.op, [(v.type.modes, arrays[v]) for v in value.operands], {})
    found = values_of(planned.graph.outputs[0], arrays, {})
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * abs(expected).max())


ROOT = Path(__file__).parents[2]

PROGRAM = """
from random import Random
from tests.plan.layers import chain, cp_convolution, graph, separable, tensor_train
from tests.plan.test_many import table
from tnc.ir.graph import Builder
from tnc.plan.planner import plan_graph
from tnc.plan.search import search
for make in (
    lambda build: cp_convolution(build),
    lambda build: separable(build, "h", (3, 2, 3), 2),
    lambda build: tensor_train(build, Random(3), 9, 8),
):
    build = Builder()
    planned = plan_graph(build, graph(make(build)), {"n": 4, "h": 12, "w": 9}, cache=None)
    for value in planned.graph:
        print(value, value.op, [operand.serial for operand in value.operands])
    print([(choice.tree, choice.cost, choice.orders) for choice in planned.choices])
build = Builder()
value = tensor_train(build, Random(40), 15, 8)
print(search(table(build, value, "macs"), 2))  # every trial: luck shows
"""


def test_every_process_plans_alike() -> None:
    outputs = set()
    for seed in ("0", "1", "7"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        answer = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            check=True,
            capture_output=True,
            text=True,
            env=environment,
        )
        outputs.add(answer.stdout)
    assert len(outputs) == 1
    assert outputs.pop().count("Contract") > 10
