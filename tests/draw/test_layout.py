"""Pictures: nothing lies on anything else."""

from __future__ import annotations

from itertools import combinations
from xml.etree import ElementTree

import pytest

from tests.draw.reading import LAYERS, STANDARD, layer_of, offered_in
from tnc.draw.diagram import Diagram, Edge, Node
from tnc.draw.layout import picture
from tnc.draw.picture import Picture
from tnc.draw.source import source
from tnc.draw.svg import svg

EVERY = [(module, name) for module in STANDARD for name in offered_in(module)]
SVG = "{http://www.w3.org/2000/svg}"


def collisions(drawn: Picture) -> list[str]:
    """Texts that lie on texts, on marks, or on tensors that they do not name."""
    found = [
        f"{one.text!r} on {other.text!r}"
        for one, other in combinations(drawn.texts, 2)
        if one.area.overlaps(other.area, 0.5)
    ]
    for text in drawn.texts:
        for shape in drawn.shapes:
            named = text.style == "name" and text.at == shape.centre
            if shape.form != "box" and not named and text.area.overlaps(shape.area, 1.5):
                found.append(f"{text.text!r} on a {shape.style}")
    tensors = [shape for shape in drawn.shapes if shape.form != "box"]
    found += [
        f"a {one.style} on a {other.style}"
        for one, other in combinations(tensors, 2)
        if one.area.overlaps(other.area, 1)
    ]
    return found


def outside(drawn: Picture) -> list[str]:
    """Texts that are not in the picture."""
    areas = [(text.text, text.area) for text in drawn.texts]
    return [
        name
        for name, area in areas
        if area.left < 0 or area.top < 0 or area.right > drawn.width or area.bottom > drawn.height
    ]


@pytest.mark.parametrize(("module", "name"), EVERY)
def test_labels_of_the_standard_library_do_not_overlap(module: str, name: str) -> None:
    drawn = picture(source(layer_of(module, name, sketch=True)))
    assert collisions(drawn) == []
    assert outside(drawn) == []


@pytest.mark.parametrize(("file", "name", "settings"), LAYERS)
def test_labels_do_not_overlap(file: str, name: str, settings: dict[str, object]) -> None:
    for units in (False, True):
        drawn = picture(source(layer_of(file, name, **settings), units=units))
        assert collisions(drawn) == []
        assert outside(drawn) == []


@pytest.mark.parametrize("name", ["rTT", "rTR", "rCP"])
@pytest.mark.parametrize("d", [1, 2, 5, 10])
def test_labels_of_up_to_twelve_operands_do_not_overlap(name: str, d: int) -> None:
    drawn = picture(source(layer_of("std.convolution", name, S=2**d, T=2**d, d=d, R=3)))
    assert (
        sum(shape.form == "circle" and shape.style == "weight" for shape in drawn.shapes) == d + 1
    )
    assert collisions(drawn) == []


def test_overlaps_are_seen() -> None:
    """What the tests above would find."""
    nodes = Node("a", "weight", "a"), Node("b", "weight", "b")
    drawn = picture(Diagram("d", nodes, (Edge("a", "b", "m: 4"),), ()))
    assert collisions(drawn) == []
    label = next(text for text in drawn.texts if text.text == "m: 4")
    circle = drawn.shapes[0]
    moved = label.moved((circle.centre[0] - label.at[0], circle.centre[1] - label.at[1]))
    spoilt = Picture("d", drawn.width, drawn.height, (*drawn.elements, moved))
    assert collisions(spoilt) == ["'a' on 'm: 4'", "'m: 4' on a weight"]


def test_a_circle_per_tensor() -> None:
    layer = layer_of("04_tr_conv.tnn", "TRConv", S=[2, 3], T=[4, 2], R=2)
    root = ElementTree.fromstring(svg(picture(source(layer))))
    circles = [each.get("class") for each in root.iter(f"{SVG}circle")]
    assert sorted(filter(None, circles)) == ["input"] + ["weight"] * 5


def test_a_chain_is_straight() -> None:
    layer = layer_of("03_rtt_dense.tnn", "TTDense", S=[2] * 5, T=[2] * 5, R=2)
    drawn = picture(source(layer))
    cores = [shape.centre for shape in drawn.shapes if shape.style == "weight"]
    assert len({x for x, _ in cores}) == 1
    assert [y for _, y in cores] == sorted(y for _, y in cores)


def test_text_is_escaped() -> None:
    diagram = Diagram('<a> & "b"', (Node("<", "weight", "<&>"),), (), ())
    root = ElementTree.fromstring(svg(picture(diagram)))
    assert root.findtext(f"{SVG}title") == '<a> & "b"'
    assert "<&>" in [text.text for text in root.iter(f"{SVG}text")]


def test_the_same_bytes_every_time() -> None:
    made = {
        svg(picture(source(layer_of("std.convolution", "rTR", S=8, T=8, d=3)))) for _ in range(3)
    }
    assert len(made) == 1


@pytest.mark.parametrize("name", ["WeightWithAVeryLongName", "embedding", "W", "illicit"])
def test_bold_names_fit_into_their_circles(name: str) -> None:
    """As DejaVu Sans Bold draws them, the widest of the fonts, in hundredths of its size."""
    widths = {"WeightWithAVeryLongName": 1578, "embedding": 619, "W": 104, "illicit": 268}
    drawn = picture(Diagram("", (Node("a", "weight", name),), (), ()))
    (circle,) = drawn.shapes
    (text,) = drawn.texts
    assert widths[name] * text.size / 100 < circle.size[0] - 6
