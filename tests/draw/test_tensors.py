"""Tensor diagrams against what a layer declares, counted on the graph with another rule: every mode
of every tensor is an end of an edge, and nothing else is."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from tests.draw.reading import LAYERS, layer_in, layer_of
from tnc.draw.diagram import Diagram
from tnc.draw.source import source
from tnc.ir.layer import Layer

DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


def plain(label: str) -> str:
    """The name of a mode in a label: `r_1` for `r₁: 8`."""
    name = label.partition(":")[0]
    digits = re.search(r"[₀-₉]+$", name)
    return name if digits is None else f"{name[: digits.start()]}_{digits[0].translate(DIGITS)}"


def drawn_ends(diagram: Diagram) -> Counter[tuple[str, str]]:
    """How often each node has each mode."""
    found: Counter[tuple[str, str]] = Counter()
    dots = {node.name: plain(node.label) for node in diagram.nodes if node.kind == "mode"}
    for edge in diagram.edges:
        mode = dots.get(edge.target) or plain(edge.label)
        found[edge.source, mode] += 1
        if diagram[edge.target].kind not in {"mode", "sum"}:
            found[edge.target, mode] += 1
    for each in diagram.dangling:
        found["result", plain(each.label)] += 1
        if each.node not in dots:
            found[each.node, plain(each.label)] += 1
    return found


def declared_ends(layer: Layer) -> Counter[tuple[str, str]]:
    """The same, from ports and weights as they are declared, and from the relations."""
    found: Counter[tuple[str, str]] = Counter()
    for each in (*layer.inputs, *layer.weights):
        found.update((each.name, mode.name) for axis in each.axes for mode in axis)
    for port in layer.outputs:
        found.update(("result", mode.name) for axis in port.axes for mode in axis)
        for pattern in getattr(port.value.op, "patterns"):  # noqa: B009
            names = [pattern.signal.name, pattern.result.name, *(t.name for t in pattern.taps)]
            found.update((f"conv {pattern.result.name}", name) for name in names)
    return found


@pytest.mark.parametrize(("file", "name", "settings"), LAYERS)
def test_every_mode_of_every_tensor_is_an_end(
    file: str, name: str, settings: dict[str, Any]
) -> None:
    layer = layer_of(file, name, **settings)
    assert drawn_ends(source(layer, units=True)) == declared_ends(layer)


@pytest.mark.parametrize(("file", "name", "settings"), LAYERS)
def test_every_tensor_is_a_node_of_its_kind(file: str, name: str, settings: dict[str, Any]) -> None:
    layer = layer_of(file, name, **settings)
    kinds = {node.name: node.kind for node in source(layer).nodes}
    assert {name for name, kind in kinds.items() if kind == "weight"} == {
        each.name for each in layer.weights
    }
    assert {name for name, kind in kinds.items() if kind == "input"} == {
        each.name for each in layer.inputs
    }


def test_a_mode_of_three_tensors_is_a_dot() -> None:
    diagram = source(layer_of("01_cp_conv.tnn", "CPConv", S=4, T=5, R=3))
    (dot,) = [node for node in diagram.nodes if node.kind == "mode"]
    assert dot.label == "r: 3"
    assert [e.source for e in diagram.edges if e.target == dot.name] == ["A", "B", "C", "D"]


def test_sizes_that_are_bound_are_numbers() -> None:
    layer = layer_of("01_cp_conv.tnn", "CPConv", S=4, T=5, stride=2)
    labels = {each.label for each in source(layer, {"h": 9}).dangling}
    assert labels == {"n", "t: 5", "h': 5", "w': ⌈w/2⌉"}


def test_parameters_that_are_not_set_are_letters() -> None:
    diagram = source(layer_of("01_cp_conv.tnn", "CPConv", sketch=True))
    assert "s: S" in {edge.label for edge in diagram.edges}


def test_a_list_that_is_not_set_is_three_long() -> None:
    diagram = source(layer_of("04_tr_conv.tnn", "TRConv", sketch=True))
    assert [node.label for node in diagram.nodes if node.kind == "weight"] == [
        *("U₁", "U₂", "U₃", "V₁", "V₂", "V₃", "C")
    ]


def test_options_of_a_convolution_stand_at_its_diamond() -> None:
    text = """layer L() {
      mode n, h, i: 3
      conv(stride: 2, dilation: 3, flip: true) p = h * i
      input x[n, h]
      weight A[i]
      output y[n, p] = x * A
    }"""
    (diamond,) = [n for n in source(layer_in(text)).nodes if n.kind == "relation"]
    assert diamond.label == "stride 2, dilation 3, flipped"


def test_what_one_tensor_alone_has_is_summed() -> None:
    text = """layer L() {
      mode n, s: 4, u: 3
      input x[n, s, u]
      weight A[s]
      output y[n] = sum(x, over: u) * A
    }"""
    diagram = source(layer_in(text))
    (end,) = [node for node in diagram.nodes if node.kind == "sum"]
    assert [(e.source, e.label) for e in diagram.edges if e.target == end.name] == [("x", "u: 3")]


def test_long_families_are_shortened() -> None:
    layer = layer_of("03_rtt_dense.tnn", "TTDense", S=[2] * 20, T=[3] * 20, R=2)
    diagram = source(layer)
    assert [node.label for node in diagram.nodes] == ["x", "G₁", "G₂", "G₃", "…", "G₁₉", "G₂₀"]
    middle = next(node for node in diagram.nodes if node.kind == "more")
    edges = {
        (e.source, e.target): e.label for e in diagram.edges if middle.name in {e.source, e.target}
    }
    assert edges == {
        ("x", middle.name): "s₄ … s₁₈",
        ("G_3", middle.name): "r₃: 2",
        (middle.name, "G_19"): "r₁₈: 2",
    }
    assert "t₄ … t₁₈" in {each.label for each in diagram.dangling if each.node == middle.name}
