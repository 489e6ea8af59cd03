"""What notebooks show of layers and plans."""

from __future__ import annotations

import copy
import pickle
import re
from xml.etree import ElementTree

import pytest

import tnc
from tests.cli.conftest import DENSE

ATTENTION = """tnn 1
from std.nn import relu
layer Net(S: int = 4) {
  mode n, s: S, t: 5, u: 6
  input x[n, s]
  weight A[s, t], B[t, u]
  let a[n, t] = relu(x * A)
  output y[n, u] = a * B
}
"""


def texts(html: str) -> list[str]:
    """The texts of the pictures in a piece of HTML."""
    drawings = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    assert drawings
    return [
        text.text or ""
        for drawing in drawings
        for text in ElementTree.fromstring(drawing).iter("{http://www.w3.org/2000/svg}text")
    ]


def test_a_layer_shows_its_diagram() -> None:
    layer = tnc.load(source=DENSE).Dense(S=3, T=7)
    assert {"x", "A", "s: 3", "t: 7"} <= set(texts(layer._repr_html_()))


def test_a_layer_is_copied_and_pickled_as_ever() -> None:
    layer = tnc.load(source=DENSE).Dense(T=7)
    shown = layer._repr_html_()
    assert copy.deepcopy(layer)._repr_html_() == shown
    assert pickle.loads(pickle.dumps(layer))._repr_html_() == shown


def test_the_generated_text_knows_nothing_of_it() -> None:
    assert "_repr_html_" not in tnc.compile(source=DENSE, set={"T": 7}).source


def test_a_layer_without_parameters_shows_letters() -> None:
    lib = tnc.load(source=DENSE)
    assert "t: T" in texts(lib.Dense._repr_html_())
    assert "t: 9" in texts(lib.Dense.given(T=9)._repr_html_())


@pytest.mark.parametrize("text", [DENSE, ATTENTION])
def test_a_plan_shows_its_steps_and_table(text: str) -> None:
    plan = tnc.compile(source=text, set={"T": 7} if text == DENSE else {}).plan
    html = plan._repr_html_()  # type: ignore[attr-defined]
    assert [each for each in texts(html) if each.startswith("(")] == [
        f"({k}) {step.kind}" for k, step in enumerate(plan.steps, 1)
    ]
    assert "parameters" in html.rpartition("</svg>")[2]


def test_the_plan_of_a_network_shows_its_table() -> None:
    html = tnc.compile("std.nets", "LeNet5").plan._repr_html_()  # type: ignore[attr-defined]
    assert html.startswith("<pre>")
    assert "conv1" in html


def test_what_was_compiled_shows_layers_and_plans() -> None:
    compiled = tnc.compile(source=DENSE, set={"T": 7}, bind={"n": 11})
    shown = texts(compiled._repr_html_())
    assert {"n: 11", "(1) matrix product"} <= set(shown)


def test_pictures_are_of_the_sizes_that_were_bound() -> None:
    compiled = tnc.compile(source=DENSE, set={"T": 7}, bind={"n": 11})
    assert "n: 11" in texts(compiled.module.Dense()._repr_html_())
