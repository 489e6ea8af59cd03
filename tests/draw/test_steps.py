"""Plans and gradients: the costs that are drawn are those of the plan, and the arrows those of the
contraction."""

from __future__ import annotations

from typing import Any

import pytest

import tnc
from tests.draw.reading import EXAMPLES, LAYERS
from tests.draw.test_layout import collisions, outside
from tnc.diagnostics import Source
from tnc.draw.choices import Stage
from tnc.draw.diagram import Diagram
from tnc.draw.layout import picture
from tnc.draw.plans import plan_diagram
from tnc.draw.stages import staged
from tnc.draw.steps import LEGEND, NUMBERS
from tnc.driver.front import opened, parsed
from tnc.driver.options import Options, Request
from tnc.ir.plan import Plan

STAGES: list[Stage] = ["planned", "backward"]
PLANNED = [*LAYERS, ("11_attention.tnn", "SelfAttention", {"E": 8, "heads": 2})]


_drawn: dict[str, Diagram] = {}
_plans: dict[str, Plan] = {}


def drawn(file: str, name: str, settings: dict[str, Any], stage: Stage, **how: Any) -> Diagram:
    """The diagram, made once per test process."""
    key = repr((file, name, settings, stage, how))
    if key not in _drawn:
        _drawn[key] = _draw(file, name, settings, stage, **how)
    return _drawn[key]


def _draw(file: str, name: str, settings: dict[str, Any], stage: Stage, **how: Any) -> Diagram:
    path = file if file.startswith("std.") else str(EXAMPLES / file)
    options = Options(cache=False)
    return staged(opened(path), Request(name, settings), options, stage, **how)[0]


def plan_of(file: str, name: str, settings: dict[str, Any]) -> Plan:
    """The plan, made once per test process."""
    key = repr((file, name, settings))
    if key not in _plans:
        path = file if file.startswith("std.") else EXAMPLES / file
        _plans[key] = tnc.compile(path, name, set=settings, cache=False).plan
    return _plans[key]


@pytest.mark.parametrize(("file", "name", "settings"), PLANNED)
def test_the_costs_are_those_of_the_plan(file: str, name: str, settings: dict[str, Any]) -> None:
    plan = plan_of(file, name, settings)
    forward, backward = (drawn(file, name, settings, stage) for stage in STAGES)
    assert sum(node.macs for node in forward.nodes) == plan.macs
    assert sum(node.macs for node in backward.nodes) == plan.macs_backward


@pytest.mark.parametrize(("file", "name", "settings"), PLANNED)
def test_every_step_of_the_plan_is_a_node(file: str, name: str, settings: dict[str, Any]) -> None:
    plan = plan_of(file, name, settings)
    diagram = drawn(file, name, settings, "planned")
    steps = [node for node in diagram.nodes if node.kind == "step"]
    assert [node.label for node in steps] == [
        f"({k}) {step.kind}" for k, step in enumerate(plan.steps, 1)
    ]
    for node, step in zip(steps, plan.steps, strict=True):
        into = [edge for edge in diagram.edges if edge.target == node.name]
        assert len(into) == len(step.operands)
        written = [modes.partition("[")[2].strip("]").split(", ") for modes in step.operands]
        drawn_modes = [edge.label.rpartition(": ")[2].split() for edge in into]
        assert [len(modes) for modes in drawn_modes] == [len(modes) for modes in written]


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(("file", "name", "settings"), PLANNED)
def test_labels_do_not_overlap(
    file: str, name: str, settings: dict[str, Any], stage: Stage
) -> None:
    made = picture(drawn(file, name, settings, stage))
    assert collisions(made) == []
    assert outside(made) == []


def test_every_input_and_weight_has_a_gradient() -> None:
    diagram = drawn("04_tr_conv.tnn", "TRConv", {"S": [2, 3], "T": [4], "R": 2}, "backward")
    assert sorted(each.label for each in diagram.dangling) == ["∂C", "∂U₁", "∂U₂", "∂V₁", "∂x"]
    assert [node.label for node in diagram.nodes if node.label.startswith("∂")] == ["∂y"]


LETS = """tnn 1
layer L(S: int) {
  mode n, s: S, r: 3, t: 5
  input x[n, s]
  weight A[s, r], B[r, t], C[r, t]
  let u[n, r] = x * A
  let v[n, r] = relu(u)
  let a[n, t] = v * B
  let b[n, t] = u * C
  let c[n, r, t] = a * b * v
  output y[n, r, t] = c + tanh(c)
}
"""


def drawn_text(text: str, stage: Stage, **settings: Any) -> Diagram:
    unit = parsed(Source("text.tnn", text))
    return staged(unit, Request("L", settings), Options(cache=False), stage)[0]


def test_what_a_let_names_is_called_so_on_its_arrows() -> None:
    diagram = drawn_text(LETS, "planned", S=4)
    label = {node.name: node.label for node in diagram.nodes}
    flows = [(label[each.source], label[each.target], each.label) for each in diagram.edges]
    assert ("(1) matrix product", "relu", "u: n r") in flows
    assert any(each[0] == "relu" and each[2].startswith("v: n r") for each in flows)
    assert ("x", "(1) matrix product", "n s") in flows
    assert [each[2] for each in flows if each[1] == "+"] == ["c: n r t", "n r t"]
    backward = drawn_text(LETS, "backward", S=4)
    assert {"u", "v", "A", "∂u"} <= {node.label for node in backward.nodes}


def test_arrows_of_a_plan_alone_are_those_of_its_layer() -> None:
    """Functions aside, of which a plan knows nothing: steps lead from one to the next."""
    diagram = drawn_text(LETS, "planned", S=4)
    label = {node.name: node.label for node in diagram.nodes}

    def steps(name: str) -> set[str]:
        """The steps of which a node's result is made."""
        if label[name].startswith("("):
            return {label[name]}
        return set().union(*(steps(e.source) for e in diagram.edges if e.target == name))

    arrows = {
        (source, label[each.target])
        for each in diagram.edges
        if label[each.target].startswith("(")
        for source in steps(each.source)
    }
    alone = plan_diagram(tnc.compile(source=LETS, set={"S": 4}, cache=False).plan)
    label = {node.name: node.label for node in alone.nodes}
    found = {(label[each.source], label[each.target]) for each in alone.edges}
    assert {each for each in found if each[0].startswith("(")} == arrows
    assert len(arrows) == 6
    assert len(alone.dangling) == 1


def test_what_numbers_and_signs_stand_for_is_said() -> None:
    file, name, settings = LAYERS[0]
    diagram = drawn(file, name, settings, "backward")
    assert "(1)" in {node.label for node in diagram.nodes}
    assert diagram.lines[1:] == (f"{NUMBERS}; {LEGEND}",)
    one = (
        "layer L(S: int) { mode n, s: S, t: 2 input x[n, s] weight A[s, t] output y[n, t] = x * A }"
    )
    assert drawn_text(f"tnn 1\n{one}\n", "backward", S=3).lines[1:] == (LEGEND,)


def test_what_the_backward_computes_anew_is_told_and_counted() -> None:
    settings, sizes = {"S": 16, "T": 16, "ratio": 0.2}, {"n": 4, "h_1": 12, "h_2": 12}
    least = tnc.compile(
        "std.convolution", "CP", set=settings, bind=sizes, cache=False, objective="memory"
    ).plan
    limit = least.peak_bytes
    plan = tnc.compile(
        "std.convolution", "CP", set=settings, bind=sizes, cache=False, memory_limit=limit
    ).plan
    options = Options(binding=sizes, cache=False, memory_limit=limit)
    diagram, _, _ = staged(opened("std.convolution"), Request("CP", settings), options, "backward")
    again = [node for node in diagram.nodes if "computed anew" in node.lines]
    assert sum(node.macs for node in again) > 0
    assert sum(node.macs for node in diagram.nodes) == plan.macs_backward


@pytest.mark.parametrize("stage", STAGES)
def test_blocks_of_a_network_cost_what_its_plan_says(stage: Stage) -> None:
    network: tuple[str, str, dict[str, Any]] = ("std.nets", "ResNet20", {})
    plan = plan_of(*network)
    diagram = drawn(*network, stage, depth=9)
    total = plan.macs if stage == "planned" else plan.macs_backward
    assert sum(node.macs for node in diagram.nodes) == total
    for node in diagram.walk():
        if node.inside is not None:
            assert node.macs == node.times * sum(each.macs for each in node.inside.nodes)


def test_gradients_flow_against_the_values() -> None:
    network: tuple[str, str, dict[str, Any]] = ("std.nets", "LeNet5", {})
    forward, backward = (drawn(*network, stage) for stage in STAGES)
    assert {(edge.source, edge.target) for edge in forward.edges} == {
        (edge.target, edge.source) for edge in backward.edges
    }
    assert [each.side for each in forward.dangling] == ["out"]
    assert [each.side for each in backward.dangling] == ["in"]
