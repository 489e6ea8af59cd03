"""Ways to write how a weight starts."""

import pytest

import tnc

TEXT = """tnn 1
layer L {{
  mode n, s: 3
  input x[n, s]
  weight(init: {how}) A[s]
  output y[n] = x * A
}}
"""


def test_numbers_of_a_uniform_start() -> None:
    for how, low, high in (("uniform(0.5)", -0.5, 0.5), ("uniform(-0.25, 0.5)", -0.25, 0.5)):
        source = tnc.compile(source=TEXT.format(how=how)).source
        assert f"nn.init.uniform_(self.A, {low}, {high})" in source.replace("a=", "").replace(
            "b=", ""
        )


@pytest.mark.parametrize("how", ["kaiming", "kaiming()"])
def test_kaiming_asks_for_its_fan(how: str) -> None:
    (found,) = tnc.check(source=TEXT.format(how=how))
    assert (found.code, found.labels[0].span.text) == ("E0106", how)
    assert "kaiming(fan: [s, i])" in found.message
