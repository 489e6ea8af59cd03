"""Equations of `tnc.einsum` as layers."""

import pytest

from tests.elaborate.reading import contraction, places
from tnc.diagnostics import Diagnostic, Report, Source
from tnc.elaborate import elaborate_einsum
from tnc.ir.layer import Layer
from tnc.syntax.parse import parse_einsum

Shape = tuple[int | str, ...]


def einsum(text: str, *shapes: Shape) -> tuple[Layer | None, tuple[Diagnostic, ...]]:
    source, report = Source("<einsum>", text), Report()
    equation = parse_einsum(source, report)
    assert not report.failed
    return elaborate_einsum(equation, source, shapes, report), report.diagnostics


def made(text: str, *shapes: Shape) -> Layer:
    layer, said = einsum(text, *shapes)
    assert layer is not None, said
    return layer


def test_convolution() -> None:
    layer = made(
        "n s h w, r s, r i, r j, r t -> n t h' w' | h' = h*i, w' = w*j; pad=same",
        (2, 3, 9, 8), (5, 3), (5, 3), (5, 3), (5, 7),
    )  # fmt: skip
    factors, patterns, keep, _ = contraction(layer.outputs[0].value)
    assert factors == {"x0", "x1", "x2", "x3", "x4"}
    assert patterns == ["h = h' + i - 1", "w = w' + j - 1"]
    assert keep == ("n", "t", "h'", "w'")
    assert [port.name for port in layer.inputs] == ["x0", "x1", "x2", "x3", "x4"]


def test_a_mode_of_one_operand_is_summed() -> None:
    layer = made("a b, c -> a", (2, 3), (4,))
    assert contraction(layer.outputs[0].value)[2] == ("a",)


def test_diagonal() -> None:
    layer = made("i i j -> j i", (3, 3, 2))
    (port,) = layer.inputs
    assert [str(mode) for axis in port.axes for mode in axis] == ["i", "i", "j"]
    assert str(port.value.type) == "[i, j]"
    assert [str(mode) for axis in layer.outputs[0].axes for mode in axis] == ["j", "i"]


@pytest.mark.parametrize(
    ("text", "shapes", "result"),
    [
        ("... i, i j -> ... j", [(5, 2, 3), (3, 4)], [5, 2, 4]),
        ("... i, i j -> ... j", [(3,), (3, 4)], [4]),
        ("i ... j, ... j -> ... i", [(5, 2, 7, 3), (7, 3)], [2, 7, 5]),
    ],
)
def test_an_ellipsis_is_as_many_modes_as_are_left(
    text: str, shapes: list[Shape], result: list[int]
) -> None:
    (output,) = made(text, *shapes).outputs
    assert [mode.size.value for axis in output.axes for mode in axis] == result


def test_sizes_that_are_known_at_run_time() -> None:
    layer = made("i j, j -> i", ("n", 3), (3,))
    assert [entry.symbol for entry in layer.run_time] == ["i"]


def test_transposed() -> None:
    layer = made("n t u, s t i -> n s h | u = h * i", (2, 3, 4), (5, 3, 3))
    assert [str(mode.size) for mode in layer.outputs[0].value.type.modes] == ["2", "5", "6"]


@pytest.mark.parametrize(
    ("text", "shapes", "expected"),
    [
        ("i j, j k -> i k", [(3, 4), (5, 6)], [("E0301", 1, 6)]),
        ("i j, j k -> i k", [(3, 4)], [("E0201", 1, 1)]),
        ("i j, j k -> i k", [(3, 4), (4,)], [("E0201", 1, 6)]),
        ("i i -> i", [(3, 4)], [("E0301", 1, 3)]),
        ("i j -> i k", [(3, 4)], [("E0101", 1, 10)]),
        ("... i j -> i", [(3,)], [("E0201", 1, 1)]),
        ("h, i -> | u = h * i", [(9,), (3,)], [("E0203", 1, 4)]),
        ("n t u, t i -> n h | u = h*i; stride=2", [(2, 3, 4), (3, 3)], [("E0304", 1, 25)]),
    ],
)
def test_refused(text: str, shapes: list[Shape], expected: list[tuple[str, int, int]]) -> None:
    layer, said = einsum(text, *shapes)
    assert layer is None
    assert places(said) == expected
