"""Plans without a search: for what runs once."""

from __future__ import annotations

import subprocess
import sys
from random import Random

import pytest

from tests.plan.layers import chain, graph, tensor_train
from tests.plan.test_exact import textbook
from tnc.ir.graph import Builder, Value
from tnc.plan.planner import plan_graph


def macs(build: Builder, value: Value, thorough: bool) -> int:
    planned = plan_graph(
        build,
        graph(value),
        {},
        objective="macs",
        training=False,
        cache=None,
        thorough=thorough,
    )
    return planned.choices[0].cost.value


@pytest.mark.parametrize("seed", range(4))
def test_few_operands_are_planned_as_well(seed: int) -> None:
    sizes = [Random(seed).randint(2, 200) for _ in range(9)]
    build = Builder()
    assert macs(build, chain(build, sizes), thorough=False) == textbook(sizes)


@pytest.mark.parametrize("seed", range(4))
def test_many_operands_are_planned_no_better(seed: int) -> None:
    build = Builder()
    value = tensor_train(build, Random(seed), 9, 4)
    assert macs(build, value, thorough=True) <= macs(build, value, thorough=False)


ALONE = """
import sys
from random import Random
from tests.plan.layers import graph, tensor_train
from tnc.ir.graph import Builder
from tnc.plan.planner import plan_graph
build = Builder()
value = tensor_train(build, Random(0), 12, 4)
plan_graph(build, graph(value), {}, cache=None, thorough=False)
print("cotengra" in sys.modules)
"""


def test_many_operands_take_no_search() -> None:
    command = [sys.executable, "-c", ALONE]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
