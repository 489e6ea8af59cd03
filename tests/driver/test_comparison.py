"""Plans beside what was not chosen: every figure follows from programs that are compiled alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.driver.test_dense import elaborated
from tnc.driver.build import build, build_all
from tnc.driver.comparison import ORDERS, compared
from tnc.driver.dense import dense_layer
from tnc.driver.options import Options
from tnc.ir.layer import Layer
from tnc.ir.plan import Alternative, Plan

OPTIONS = Options(binding={"n": 32, "h_1": 16, "h_2": 16}, cache=False)

NET = """tnn 1
from std.dense import SVD
layer Net {
  mode n, s: 600
  input x[n, s]
  let low = SVD(600, 600, bias: false, R: 8)
  let other = SVD(600, 600, bias: false, R: 20)
  output y = x |> low |> relu |> low |> other
}
"""


def beside(layer: Layer, options: Options = OPTIONS) -> tuple[Plan, dict[str, Alternative]]:
    built = build_all([layer], options)[-1]
    plan = compared(built.layer, built.plan, options)
    return plan, {each.name: each for each in plan.alternatives}


@pytest.mark.parametrize("family", ["CP", "TK", "rTT"])
def test_no_order_is_quicker_than_the_plan(family: str) -> None:
    plan, others = beside(elaborated("std.convolution", family, S=64, T=64, R=8))
    assert {"left to right", "reconstruct first", "quickest steps", "dense"} <= others.keys()
    assert others["reconstruct first"].macs > others.pop("dense").macs
    assert all((each.seconds or 0) >= plan.seconds for each in others.values())
    assert others["fewest macs"].macs == min(plan.macs, *(each.macs for each in others.values()))


def test_an_order_that_is_the_plan_has_its_figures() -> None:
    layer = elaborated("std.convolution", "CP", S=64, T=64, R=8)
    few = replace(OPTIONS, objective="macs")
    plan, others = beside(layer, few)
    same = others["fewest macs"]
    assert (same.macs, same.bytes, same.seconds) == (plan.macs, plan.bytes, plan.seconds)


def test_dense_is_what_the_plan_of_the_dense_layer_says() -> None:
    layer = elaborated("std.convolution", "TK", S=32, T=48, R=8)
    dense = dense_layer(layer)
    assert dense is not None
    plan = build(dense, OPTIONS).plan
    found = beside(layer)[1]["dense"]
    assert (found.macs, found.bytes, found.seconds) == (plan.macs, plan.bytes, plan.seconds)


def test_layers_inside_count_as_often_as_they_run() -> None:
    layer = elaborated(None, "Net", NET)
    plan, others = beside(layer)
    low, other = (
        beside(elaborated("std.dense", "SVD", S=600, T=600, bias=False, R=rank)) for rank in (8, 20)
    )
    alone = plan.seconds - 2 * low[0].seconds - other[0].seconds
    assert 0 < alone < low[0].seconds  # relu
    for name in ("reconstruct first", "left to right", "dense"):
        parts = 2 * (low[1][name].seconds or 0) + (other[1][name].seconds or 0)
        assert others[name].seconds == pytest.approx(alone + parts)
        assert others[name].macs == 2 * low[1][name].macs + other[1][name].macs


def test_a_layer_without_a_choice_has_nothing_beside_it() -> None:
    text = "tnn 1\nlayer L {\n mode n, s: 3, r: 2\n input x[n, s]\n weight A[s, r]\n"
    plan, others = beside(elaborated(None, "L", text + " output y[n, r] = x * A\n}\n"))
    assert "dense" not in others
    assert others.keys() <= set(ORDERS.values())
    assert {each.seconds for each in plan.alternatives} <= {plan.seconds}
