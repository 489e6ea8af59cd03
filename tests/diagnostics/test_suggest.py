"""The name that was probably meant."""

import pytest

from tnc.diagnostics import Source, did_you_mean, nearest
from tnc.diagnostics.suggest import distance


@pytest.mark.parametrize(
    ("one", "other", "steps"),
    [
        ("", "", 0),
        ("abc", "abc", 0),
        ("", "abc", 3),
        ("stride", "strides", 1),
        ("stride", "stirde", 1),  # neighbours swapped
        ("kitten", "sitting", 3),
        ("w", "w'", 1),
    ],
)
def test_distance(one: str, other: str, steps: int) -> None:
    assert distance(one, other) == distance(other, one) == steps


@pytest.mark.parametrize(
    ("name", "candidates", "found"),
    [
        ("strides", ["stride", "pad"], "stride"),
        ("w", ["w'", "h"], "w'"),
        ("x", ["y"], None),  # one edit away, but nothing in common
        ("x", [], None),
        ("x", ["x"], None),
        ("kernel", ["karnal"], "karnal"),  # 2 of 6
        ("kerne", ["karna"], None),  # 2 of 5
        ("ab", ["ac", "aa", "abc"], "aa"),
        ("Relu", ["elu", "relu", "gelu"], "relu"),
        ("x", ["X", "x'"], "X"),
        ("ReLU", ["relu", "ReLU6"], "relu"),
        ("padding", ["stride", "pad"], "pad"),
        ("dil", ["stride", "dilation"], "dilation"),
        ("dilations", ["dil", "dilation"], "dilation"),
        ("st", ["stride"], None),
    ],
)
def test_nearest(name: str, candidates: list[str], found: str | None) -> None:
    assert nearest(name, candidates) == nearest(name, reversed(candidates)) == found


def test_the_suggestion_can_be_applied() -> None:
    span = Source("f.tnn", "conv(strides: 2)").span(5, 12)
    (help,) = did_you_mean(span, ["stride", "pad"])
    assert help.message == "did you mean `stride`?"
    assert [(edit.span, edit.replacement) for edit in help.edits] == [(span, "stride")]
    assert did_you_mean(span, ["pad"]) == ()


def test_of_several_names_none_is_chosen() -> None:
    span = Source("f.tnn", "W3").span(0, 2)
    (help,) = did_you_mean(span, ["W2", "W1", "b"])
    assert (help.message, help.edits) == ("did you mean `W1` or `W2`?", ())
    (help,) = did_you_mean(span, [f"W{n}" for n in range(10)])
    assert help.message == "did you mean `W0`, `W1`, `W2`, `W4` or `W5`?"
