"""Networks as blocks, against what they are written as."""

from __future__ import annotations

import pytest

from tests.draw.reading import layer_in, layer_of
from tnc.draw.diagram import Diagram, Node
from tnc.draw.source import source


def arrows(diagram: Diagram) -> set[tuple[str, str]]:
    """Who gives to whom, by labels."""
    return {(diagram[e.source].label, diagram[e.target].label) for e in diagram.edges}


def deepest(diagram: Diagram) -> int:
    """How many levels are opened."""
    return max((1 + deepest(n.inside) for n in diagram.nodes if n.inside), default=0)


def block(diagram: Diagram, label: str) -> Node:
    return next(node for node in diagram.walk() if node.label == label)


NETWORK = """from std.nn import relu, softmax
layer Block(C: int, D: int) {
  mode n, c: C, d: D
  input x[n, c]
  weight W[c, d]
  output y[n, d] = x * W
}
layer Two(C: int) {
  mode n, c: C
  input x[n, c]
  let f = x |> Block(C, C) |> relu
  output y = x + f
}
layer Net() {
  mode n, c: 8
  input x[n, c]
  output y = x |> Block(8, 4) |> repeat (3) Two(4) |> repeat (2) Block(4, 4) |> Block(4, 2)
}
"""


def test_blocks_in_their_order() -> None:
    net = source(layer_in(NETWORK, "Net"), depth=0)
    assert [(node.label, node.times) for node in net.nodes] == [
        *(("x", 1), ("Block", 1), ("Two", 3), ("Block", 2), ("Block", 1))
    ]
    assert [edge.label for edge in net.edges] == ["n × 8", "n × 4", "n × 4", "n × 4"]
    assert [each.label for each in net.dangling] == ["y: n × 2"]


def test_what_is_inside() -> None:
    net = source(layer_in(NETWORK, "Net"))
    inside = block(net, "Two").inside
    assert inside is not None
    assert arrows(inside) == {("", "Block"), ("Block", "relu"), ("relu", "+"), ("", "+")}
    assert {edge.label for edge in inside.edges} == {"", "n × 4", "f: n × 4"}
    assert [each.side for each in inside.dangling] == ["in", "out"]
    assert block(net, "Block").inside is None


def test_different_layers_are_not_counted_together() -> None:
    text = NETWORK.replace("repeat (2) Block(4, 4)", "Block(4, 4) |> relu |> Block(4, 4)")
    net = source(layer_in(text, "Net"), depth=0)
    assert [node.times for node in net.nodes] == [1, 1, 3, 1, 1, 1, 1]


def test_a_layer_whose_result_is_used_twice_stands_alone() -> None:
    text = NETWORK.replace(
        "output y = x |> Block(8, 4) |> repeat (3) Two(4) |> repeat (2) Block(4, 4) |> Block(4, 2)",
        "let a = x |> Block(8, 8) let b = a |> Block(8, 8) output y = a + b",
    )
    net = source(layer_in(text, "Net"), depth=0)
    assert [(node.label, node.times) for node in net.nodes] == [
        *(("x", 1), ("Block", 1), ("Block", 1), ("+", 1))
    ]


def test_a_shared_layer_is_drawn_for_every_call() -> None:
    text = NETWORK.replace("x |> Block(8, 4)", "x |> Block(8, 4) |> f |> relu |> f").replace(
        "  output y = x |>", "  let f = Block(4, 4)\n  output y = x |>"
    )
    net = source(layer_in(text, "Net"), depth=0)
    assert [node.label for node in net.nodes].count("f: Block") == 2


def test_resnet_32() -> None:
    net = source(layer_of("std.nets", "ResNet32"))
    assert [node.label for node in net.nodes] == [
        *("x", "conv1: Conv", "bn1: BatchNorm2d", "relu"),
        *("layer1: Stage", "layer2: Stage", "layer3: Stage", "mean over h, w", "fc: Linear"),
    ]
    first, second, third = (block(net, f"layer{k}: Stage") for k in (1, 2, 3))
    assert first.inside is not None
    assert second.inside is not None
    assert [(node.label, node.times) for node in first.inside.nodes] == [("BasicBlock", 5)]
    assert [(n.label, n.times, n.lines) for n in second.inside.nodes] == [
        ("BasicBlock", 1, ()),
        ("BasicBlock", 4, ("as above",)),
    ]
    assert third.lines == ("as above",)
    shapes = [edge.label for edge in net.edges]
    last = "features: n × 64 × ⌈h/4⌉ × ⌈w/4⌉"
    assert shapes[-3:] == ["n × 32 × ⌈h/2⌉ × ⌈w/2⌉", last, "n × 64"]


def test_sizes_inside_are_those_of_the_call() -> None:
    net = source(layer_of("std.nets", "ResNet32"), {"n": 8, "h": 32, "w": 33}, depth=9)
    inside = block(net, "layer3: Stage").inside
    assert inside is not None
    assert {edge.label for edge in inside.edges} == {"8 × 64 × 8 × 9"}


@pytest.mark.parametrize("depth", range(4))
def test_depth(depth: int) -> None:
    assert deepest(source(layer_of("std.nets", "ResNet32"), depth=depth)) == min(depth, 2)


@pytest.mark.parametrize(("most", "depth"), [(64, 2), (20, 1), (10, 0), (1, 0)])
def test_networks_are_opened_as_far_as_is_readable(
    most: int, depth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tnc.draw.source.MOST", most)
    assert deepest(source(layer_of("std.nets", "ResNet32"))) == depth


def test_names_are_unique() -> None:
    for file, name, settings in [
        ("11_attention.tnn", "SelfAttention", {"E": 64}),
        ("std.nets", "TransformerBlock", {"E": 16}),
    ]:
        net = source(layer_of(file, name, **settings))
        for diagram in (net, *(node.inside for node in net.walk() if node.inside)):
            names = [node.name for node in diagram.nodes]
            assert len(set(names)) == len(names)


def test_several_products_are_frames() -> None:
    net = source(layer_of("11_attention.tnn", "SelfAttention", E=64))
    frames = [node for node in net.nodes if node.kind == "network"]
    assert [
        [n.label for n in each.inside.nodes if n.kind != "mode"] for each in frames if each.inside
    ] == [
        ["x", "Q", "x", "K"],
        ["a", "x", "V", "O"],
    ]
    assert arrows(net) == {("", "softmax over u"), ("softmax over u", "")}
    assert frames[0].lines == ("× 0.25",)


def test_what_a_let_names_is_called_so() -> None:
    """What has no name is called by what makes it."""
    text = """layer L {
      mode n, c: 8
      input x[n, c]
      weight A[c]
      let z[n, c] = x * A + x
      let v[n, c] = exp(x)
      output y[n, c] = z * sigmoid(z) * v
    }"""
    net = source(layer_in(text))
    inside = [node for frame in net.nodes if frame.inside for node in frame.inside.nodes]
    labels = [node.label for node in inside if node.kind == "value"]
    assert labels == ["z", "sigmoid", "v"]
    assert {"z: n × 8", "v: n × 8"} <= {edge.label for edge in net.edges}


def test_a_layer_that_is_a_parameter_without_a_value() -> None:
    text = """layer Net(F: layer) {
      mode n, c: 8
      input x[n, c]
      output y[n, c] = x |> F
    }"""
    net = source(layer_in(text, "Net", sketch=True))
    assert arrows(net) == {("x", "F")}
    assert [each.label for each in net.dangling] == ["y: n × 8"]


def test_several_results_are_told_apart() -> None:
    text = """layer Split() {
      mode n, c: 4
      input x[n, c]
      weight A[c], B[c]
      output a[n, c] = x * A
      output b[n, c] = x * B
    }
    layer L() {
      mode n, c: 4
      input x[n, c]
      let a, b = Split(x)
      output y = a + b
    }"""
    net = source(layer_in(text), depth=0)
    assert [(node.label, node.kind) for node in net.nodes] == [
        *(("x", "input"), ("Split", "layer"), ("+", "function"))
    ]
