"""Plans and gradients: the costs that are drawn are those of the plan, and the arrows those of the
contraction."""

from __future__ import annotations

from typing import Any

import pytest

import tnc
from tests.draw.reading import EXAMPLES, LAYERS
from tests.draw.test_layout import collisions, outside
from tnc.draw.choices import Stage
from tnc.draw.diagram import Diagram
from tnc.draw.layout import picture
from tnc.draw.stages import staged
from tnc.driver.front import opened
from tnc.driver.options import Options, Request
from tnc.ir.plan import Plan

STAGES: list[Stage] = ["planned", "backward"]
PLANNED = [*LAYERS, ("11_attention.tnn", "SelfAttention", {"E": 8, "heads": 2})]


def drawn(file: str, name: str, settings: dict[str, Any], stage: Stage, **how: Any) -> Diagram:
    path = file if file.startswith("std.") else str(EXAMPLES / file)
    options = Options(cache=False)
    return staged(opened(path), Request(name, settings), options, stage, **how)[0]


def plan_of(file: str, name: str, settings: dict[str, Any]) -> Plan:
    path = file if file.startswith("std.") else EXAMPLES / file
    return tnc.compile(path, name, set=settings, cache=False).plan


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
        assert [len(edge.label.split()) for edge in into] == [len(modes) for modes in written]


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
