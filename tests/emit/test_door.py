"""What is said when a shape does not fit."""

from __future__ import annotations

import pytest
import torch

from tests.emit.handmade import CASES, Written, instance, line, mode
from tnc.emit.door import Door
from tnc.emit.errors import ShapeError
from tnc.ir.size import Size
from tnc.ir.tensor import Mode

REFUSED = [
    ("matmul", [(2, 7)], "x has size 7 in mode s (axis 1), but s is 5 (hand.tnn:3)"),
    ("matmul", [(2, 3, 5)], "x has 3 axes, but x[n, s] has 2 (hand.tnn:3)"),
    ("matmul", [()], "x has 0 axes, but x[n, s] has 2 (hand.tnn:3)"),
    ("leading", [(2, 3, 4)], "x has size 4 in mode s (axis -1), but s is 5 (hand.tnn:3)"),
    ("leading", [()], "x has 0 axes, but x[..., s] has at least 1 (hand.tnn:3)"),
    (
        "depthwise",
        [(2, 3, 5, 4), (1, 3, 5, 4)],
        "z has size 1 in mode n (axis 0), but n is 2 in x (hand.tnn:3)",
    ),
    (
        "depthwise",
        [(2, 3, 5, 4), (2, 3, 5, 6)],
        "z has size 6 in mode w' (axis 3), but w' is 4 in x (hand.tnn:3)",
    ),
    (
        "merged",
        [(13, 2), (4, 6)],
        "z has size 13 in modes (n q) (axis 0), but 3 does not divide it (hand.tnn:4)",
    ),
    (
        "merged",
        [(12, 2), (5, 6)],
        "x has size 5 in mode n (axis 0), but n is 4 in z (hand.tnn:3)",
    ),
    (
        "merged",
        [(12, 2), (4, 5)],
        "x has size 5 in modes (s q) (axis 1), but their product is 6 (hand.tnn:3)",
    ),
]


@pytest.mark.parametrize(("name", "shapes", "message"), REFUSED)
def test_the_message_names_tensor_mode_sizes_and_line(
    name: str, shapes: list[tuple[int, ...]], message: str
) -> None:
    layer = instance(CASES[name]())
    with pytest.raises(ShapeError) as caught:
        layer(*(torch.ones(shape) for shape in shapes))
    assert str(caught.value) == message
    assert isinstance(caught.value, ValueError)


def check(door: Door) -> object:
    scope: dict[str, object] = {"ShapeError": ShapeError}
    exec("\n".join(door.check()), scope)
    return scope[door.name]


def opened() -> Door:
    """x[n, ..., s] and z[..., n]: leading axes in the middle, and in two inputs."""
    n, rest, s = mode("n"), mode("..."), mode("s", 4)
    made = Written("Two", ["layer Two {", "  input x[n, ..., s], z[..., n]", "}"])
    inputs = [made.port("x", 2, n, rest, s), made.port("z", 2, rest, n)]
    run_time = [("n", [Size.symbol("x.0"), Size.symbol("z.1")])]
    layer = made.layer([n, rest, s], inputs, [], [], run_time)
    return Door(layer, "check", {"n": "n"}, ("n",))


def test_leading_axes_must_agree() -> None:
    accept = check(opened())
    assert accept(torch.ones(3, 5, 6, 4), torch.ones(5, 6, 3)) == 3
    assert accept(torch.ones(3, 4), torch.ones(3)) == 3
    with pytest.raises(ShapeError, match=r"z has leading axes \(6, 5\), but x has \(5, 6\)"):
        accept(torch.ones(3, 5, 6, 4), torch.ones(6, 5, 3))
    with pytest.raises(ShapeError, match=r"z has size 2 in mode n \(axis -1\), but n is 3 in x"):
        accept(torch.ones(3, 5, 4), torch.ones(5, 2))
    with pytest.raises(ShapeError, match=r"x has 1 axes, but .* has at least 2"):
        accept(torch.ones(3), torch.ones(3))


def test_a_mode_on_two_axes() -> None:
    n = mode("n")
    made = Written("Square", ["layer Square {", "  input x[n, n]", "}"])
    layer = made.layer(
        [n], [made.port("x", 2, n, n)], [], [], [("n", [Size.symbol("x.0"), Size.symbol("x.1")])]
    )
    accept = check(Door(layer, "check", {"n": "n"}, ()))
    assert accept(torch.ones(3, 3)) is None
    with pytest.raises(ShapeError, match=r"x has size 4 in mode n \(axis 1\), but n is 3 in x"):
        accept(torch.ones(3, 4))


def test_an_image_smaller_than_the_filter() -> None:
    h = mode("h")
    less = Mode("h'", (h.size - 3) // 2 + 1)
    made = Written("Conv", ["layer Conv {", "  input x[h]", "  output y[h']", "}"])
    layer = made.layer(
        [h], [made.port("x", 2, h)], [], [made.port("y", 3, less)], [("h", [Size.symbol("x.0")])]
    )
    accept = check(Door(layer, "check", {"h": "h"}, ()))
    assert accept(torch.ones(3)) is None
    with pytest.raises(ShapeError, match=r"x has size 2 in mode h, which leaves 0 for h' \(hand"):
        accept(torch.ones(2))


def test_what_is_right_by_definition_is_not_checked() -> None:
    text = "\n".join(opened().check())
    assert "x.shape[0] !=" not in text
    assert text.count("raise") == 5
    assert line("a", "b").targets == ("a",)


def test_long_messages_are_broken_outside_of_formulas() -> None:
    h, w = mode("h"), mode("w")
    quarters = [((side.size + 1) // 2) // 2 for side in (h, w)]
    left = Mode("left", Size.of(7) * quarters[0] * quarters[1])
    made = Written("Pool", ["layer Pool {", "  input x[h, w]", "  output y[left]", "}"])
    sizes = [("h", [Size.symbol("x.0")]), ("w", [Size.symbol("x.1")])]
    layer = made.layer([h, w], [made.port("x", 2, h, w)], [], [made.port("y", 3, left)], sizes)
    door = Door(layer, "check", {"h": "h", "w": "w"}, ())
    assert max(map(len, door.check())) <= 100
    said = r"x has size 1 in mode h, size 9 in mode w, which leaves 0 for left \(hand.tnn:2\)"
    with pytest.raises(ShapeError, match=said):
        check(door)(torch.ones(1, 9))
