"""What a plan says of a layer, against what can be counted by hand."""

from __future__ import annotations

import tnc
from tnc.ir.plan import Plan
from tnc.plan import report
from tnc.plan.profile import KINDS, Profile, Rate

SOURCE = """
tnn 1
layer CP(S: int, T: int, R: int = 16, k: int = 3) {
  mode n, h, w
  mode s: S, t: T, r: R, i: k, j: k
  conv(pad: same) h' = h * i, w' = w * j
  input x[n, s, h, w]
  weight A[r, s], B[r, t], C[r, i], D[r, j], b[t]
  output y[n, t, h', w'] = x * A * B * C * D + b
}
layer Deep(S: int, R: int, T: int) {
  mode n
  mode s: S, r: R, u: R, t: T
  input x[n, s]
  weight A[s, r], B[r, u], C[u, t]
  let z[n, u] = relu(x * A * B)
  output y[n, t] = z * C
}
layer Terms(S: int, T: int, R: int) {
  mode n
  mode s: S, t: T, r: R
  input x[n, s]
  weight A[s, r], B[r, t], C[s, r], D[r, t]
  output y[n, t] = x * A * B + x * C * D
}
"""


def planned(layer: str, objective: str = "time", **settings: int) -> Plan:
    bind = {"n": 8, "h": 16, "w": 12} if layer == "CP" else {"n": 8}
    return tnc.compile(
        source=SOURCE, layer=layer, set=settings, bind=bind, objective=objective
    ).plan


def test_a_convolution_in_macs() -> None:
    plan = planned("CP", objective="macs", S=8, T=6, R=4)
    pixels = 8 * 16 * 12
    macs = {step.result: step.macs for step in plan.steps}
    assert sum(macs.values()) == plan.macs == pixels * 4 * (8 + 3 + 3 + 6)
    assert plan.macs_backward == 2 * plan.macs
    assert plan.macs_backward == sum(sum(step.macs_gradients) for step in plan.steps)
    assert plan.parameters == 4 * (8 + 6 + 3 + 3) + 6
    assert plan.dense_parameters == 8 * 6 * 9 + 6
    assert [step.saved for step in plan.steps] == [True, True, True, False]
    assert plan.saved_bytes == 4 * 3 * 4 * pixels
    assert plan.binding == (("h", 16), ("n", 8), ("w", 12))
    assert all(step.line == 9 or step.line == 10 for step in plan.steps)


def test_peak_memory_by_hand() -> None:
    """y = relu(x A B) C with n = 8: what is alive at once is written out in the comments."""
    plan = planned("Deep", objective="macs", S=64, R=4, T=32)
    assert [step.result for step in plan.steps] == ["[n, r]", "[n, u]", "[n, t]"]
    small, result, dx = 4 * 8 * 4, 4 * 8 * 32, 4 * 8 * 64
    dA, dB, dC = 4 * 64 * 4, 4 * 4 * 4, 4 * 4 * 32
    # kept: x A, relu(…) (PyTorch's); not x A B
    assert plan.saved_bytes == 2 * small
    # when the last of dx and dA is made: y, dC, dB (first, so that x A is gone), the cotangents of
    # x A B and of x A, and both
    late = result + dC + dB + small + small + dx + dA
    assert plan.peak_bytes == late


def test_no_order_has_fewer_macs_than_a_plan_for_few() -> None:
    plan = planned("CP", objective="macs", S=16, T=16, R=8)
    names = [each.name for each in plan.alternatives]
    assert names == ["left to right", "reconstruct first", "dense"]
    assert all(other.macs >= plan.macs for other in plan.alternatives[:2])
    assert plan.alternatives[2].macs == 16 * 16 * 9 * 8 * 16 * 12


def test_orders_that_were_not_chosen_are_timed_when_they_are_asked_for() -> None:
    out = tnc.compile(source=SOURCE, layer="CP", set={"S": 16, "T": 16}, cache=False)
    assert {each.seconds for each in out.plan.alternatives} == {None}
    plan = out.compared["CP"]
    assert plan.seconds == out.plan.seconds
    assert all((each.seconds or 0) > 0 for each in plan.alternatives)
    assert "dense" in [each.name for each in plan.alternatives]


def test_terms_of_a_sum_represent_one_kernel() -> None:
    plan = planned("Terms", S=5, T=7, R=2)
    assert (plan.parameters, plan.dense_parameters) == (48, 35)
    plan = planned("Deep", S=5, R=2, T=7)
    assert (plan.parameters, plan.dense_parameters) == (10 + 4 + 14, 10 + 14)


def test_equal_networks_count_each_time() -> None:
    """Both terms of the sum have alternatives, though their networks are alike."""
    plan = planned("Terms", objective="macs", S=8, T=8, R=2)
    left = next(each for each in plan.alternatives if each.name == "reconstruct first")
    assert plan.macs == 2 * (8 * 8 * 2 + 8 * 2 * 8)
    assert left.macs == 2 * (8 * 2 * 8 + 8 * 8 * 8)


def test_left_to_right_is_what_the_source_says() -> None:
    plan = planned("CP", objective="macs", S=8, T=6, R=4)
    pixels = 8 * 16 * 12
    first = pixels * 8 * 4
    left = next(each for each in plan.alternatives if each.name == "left to right")
    assert left.macs == first + pixels * 4 * 6 + pixels * 4 * 6 * 3 + pixels * 4 * 6 * 3


def test_texts_say_what_the_plan_holds() -> None:
    plan = planned("CP", objective="macs", S=8, T=6, R=4)
    shown = report.table(plan)
    assert "x[n, s, h, w] * A[r, s] -> [n, h, r, w]" in shown
    assert "h = h' + i - 1 (16 -> 16, pad 1 1)" in shown
    assert "86, dense 438 (19.6 %)" in shown
    assert report.compare(plan).splitlines()[1].startswith("this plan")
    first, second = report.math(plan).splitlines()[:2]
    assert first == "(1)  v[n, h, r, w] = Σ_{s} x[n, s, h, w] · A[r, s]"
    assert "where h = h' + i - 1" in second
    assert max(map(len, shown.splitlines())) <= 110


def test_time_is_a_launch_arithmetic_and_traffic() -> None:
    rates = tuple((kind, Rate(2_000_000_000, 5_000_000_000, 7)) for kind in KINDS)
    profile = Profile("mine", rates, routine=0)
    assert profile.picoseconds("copy", 0, 0) == 7
    assert profile.picoseconds("matrix product", 30_000_000, 0) == 7 + 30_000_000_000
    assert profile.picoseconds("sum", 0, 1_000) == 7 + 200_000
    assert profile.picoseconds("convolution", 30_000_000, 1_000) == 7 + 30_000_200_000
