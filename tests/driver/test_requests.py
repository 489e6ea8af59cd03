"""Parameters go to the layers that have them."""

from tnc.diagnostics import Source
from tnc.driver.front import parsed
from tnc.driver.requests import distribute, ready
from tnc.elaborate import offered

TEXT = """tnn 1
layer One(S: int, R: int = 2) {
  mode n, s: S
  input x[n, s]
  output y[n, s] = R * x
}
layer Two(S: int, T: int) {
  mode n, s: S, t: T
  input x[n, s]
  weight A[s, t]
  output y[n, t] = x * A
}
"""


def test_ready_layers_have_every_parameter() -> None:
    unit = parsed(Source("two.tnn", TEXT))
    assert [each.name for each in ready(unit, {})] == []
    assert [each.name for each in ready(unit, {"S": 1})] == ["One"]
    assert [each.name for each in ready(unit, {"S": 1, "T": 2})] == ["One", "Two"]


def test_each_layer_gets_its_own_and_the_first_what_nobody_has() -> None:
    unit = parsed(Source("two.tnn", TEXT))
    one, two = distribute(unit, ["One", "Two"], {"S": 1, "T": 2, "R": 3, "Q": 4})
    assert (one.layer, one.settings) == ("One", {"S": 1, "R": 3, "Q": 4})
    assert (two.layer, two.settings) == ("Two", {"S": 1, "T": 2})
    one, two = distribute(unit, ["One", "Two"], {"S": 1, "Inner.S": 5})
    assert (one.settings, two.settings) == ({"S": 1, "Inner.S": 5}, {"S": 1, "Inner.S": 5})
    (lone,) = distribute(unit, ["Nowhere"], {"S": 1})
    assert lone.settings == {"S": 1}


def test_a_let_offers_a_layer_with_parameters_given() -> None:
    text = TEXT + "let Three = Two(S: 3)\nlet Five = 5\nlet Six = Three(6)\n"
    unit = parsed(Source("lets.tnn", text))
    assert [each.name for each in ready(unit, {"T": 2})] == ["Three", "Six"]
    three, six = offered(unit.module)[2:]
    assert [(each.name, each.required, each.default) for each in three.parameters] == [
        ("S", False, 3),
        ("T", True, None),
    ]
    assert [each.default for each in six.parameters] == [3, 6]
