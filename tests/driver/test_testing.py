"""Running tests: what cannot be decided does not pass, and counts are those of the plan."""

from __future__ import annotations

import pytest

from tnc.diagnostics import Source
from tnc.driver.build import compile_unit
from tnc.driver.front import opened, parsed
from tnc.driver.options import Options
from tnc.driver.requests import distribute
from tnc.driver.testing import Measured, run_test, selected
from tnc.elaborate.definitions import UNKNOWN
from tnc.elaborate.questions import Questions

TEXT = """tnn 1
layer One {
  mode n, s: 3
  input x[n, s]
  output y[n, s] = 2 * x
}
test "first" {
  assert shape(One, [2, 3]) == [2, 3]
  assert true
}
"""


def never(*_: object) -> str:
    raise AssertionError("no gradient is asked for")


def test_what_is_not_known_does_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    unit = parsed(Source("one.tnn", TEXT))
    (test,) = selected(unit, "")
    assert run_test(unit, test, never).passed
    monkeypatch.setattr(Questions, "shape", lambda *_: UNKNOWN)
    (error,) = run_test(unit, test, never).errors
    assert (error.code, error.message) == ("E0310", "it cannot be said whether this test passes")


@pytest.mark.parametrize("name", ["LeNet5", "ResNet20"])
def test_parameters_are_those_of_the_plan(name: str) -> None:
    unit = opened("std.nets")
    (built,) = compile_unit(unit, distribute(unit, [name], {}), Options()).built[-1:]
    assert Measured(never).params(built.layer) == built.plan.parameters > 60_000
