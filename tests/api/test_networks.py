"""Networks in Python: layers as values, parameters of layers inside, `std`, `import`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import tnc
import tnc.importer

NET = """tnn 1
layer Low(S: int, T: int, R: int = 2) {
  mode n, s: S, t: T, r: R
  input x[n, s]
  weight A[s, r], B[r, t]
  output y[n, t] = x * A * B
}
layer Wrapped(S: int, T: int, Inner: layer = Low) {
  mode n, s: S
  input x[n, s]
  output y = x |> Inner(S, T)
}
layer Net(
  Dense: layer = Low(R: 3), more: [layer] = [Low(8, 5)], scale: int = 2 * len([1]), act = "relu",
) {
  let last = more[1]
  mode n, s: 8
  input x[n, s]
  output y = x |> Dense(8, 8) |> last
}
"""
OTHER = NET.replace("weight A[s, r], B[r, t]", "weight A[s, r], B[r, t], c[t]").replace(
    "x * A * B", "x * A * B + c"
)
EACH = """tnn 1
layer Low(S: int, T: int, R: int = 2) {
  mode n, s: S, t: T, r: R
  input x[n, s]
  weight A[s, r], B[r, t]
  output y[n, t] = x * A * B
}
layer Each(
  D: int = 2, pad = "same", pads = [pad for a in 1..D], border = pad, act: str = border,
  Dense = Low(2, 3),
) {
  mode n, s: 2
  input x[n, s]
  output y = x |> Dense
}
let Given = Each(pads: [1, "valid"], border: "zeros", Dense: Low(R: 5))
"""


@pytest.fixture
def net() -> tnc.Library:
    return tnc.load(source=NET)


def count(module: torch.nn.Module) -> int:
    return sum(each.numel() for each in module.parameters())


def test_a_layer_is_a_value(net: tnc.Library) -> None:
    assert count(net.Net()) == 16 * 3 + 13 * 2
    for value in (net.Low.given(R=4), "Low(R: 4)", net.Low.given(R=9).given(R=4)):
        assert count(net.Net(Dense=value)) == 16 * 4 + 13 * 2
    assert count(net.Net(Dense=net.Low)) == 16 * 2 + 13 * 2
    wrapped = net.Wrapped.given(Inner=net.Low.given(R=4))
    assert count(net.Net(Dense=wrapped)) == 16 * 4 + 13 * 2
    assert count(net.Net(more=[net.Low.given(S=8, T=3)])) == 16 * 3 + 11 * 2
    assert count(net.Net(more=["Low(8, 3)"])) == 16 * 3 + 11 * 2


def test_a_layer_of_another_library_is_a_value(net: tnc.Library) -> None:
    other = tnc.load(source=OTHER)
    assert count(net.Net(Dense=net.Low.given(R=4))) == 16 * 4 + 13 * 2
    assert count(net.Net(Dense=other.Low.given(R=4))) == 16 * 4 + 8 + 13 * 2
    assert count(net.Net(Dense=other.Wrapped)) == 16 * 2 + 8 + 13 * 2
    compiled = tnc.compile(source=NET, layer="Net", set={"Dense": other.Low.given(R=4)})
    assert compiled.plan.parameters == 16 * 4 + 8 + 13 * 2
    linear = tnc.load("std.nn").Linear
    assert count(net.Net(Dense=linear.given(bias=True))) == 64 + 8 + 13 * 2


def test_what_is_given_can_be_replaced_and_shows(net: tnc.Library) -> None:
    low = net.Low.given(S=3, R=5)
    assert str(low.__signature__) == "(*, S=3, T, R=5)"
    assert count(low(T=4)) == 5 * 7
    assert count(low(T=4, R=1)) == 7
    assert str(net.Low.__signature__) == "(*, S, T, R=2)"


def test_signatures_show_defaults_as_they_are_written(net: tnc.Library) -> None:
    expected = "(*, Dense=Low(R: 3), more=[Low(8, 5)], scale=2 * len([1]), act='relu')"
    assert str(net.Net.__signature__) == expected
    each = tnc.load(source=EACH)
    assert str(each.Each.__signature__) == (
        "(*, D=2, pad='same', pads=[pad for a in 1..D], border=pad, act=border, Dense=Low(2, 3))"
    )
    assert str(each.Given.__signature__) == (
        "(*, D=2, pad='same', pads=[1, 'valid'], border='zeros', act=border, Dense=Low(R: 5))"
    )


def test_equal_layers_are_compiled_once(net: tnc.Library) -> None:
    one, other = (net.Net(Dense=net.Low.given(R=4)) for _ in range(2))
    assert type(one) is type(other)
    assert net.Net.compile(Dense=net.Low.given(R=4)) is net.Net.compile(Dense=net.Low.given(R=4))
    assert net.Net.compile(Dense=net.Low.given(R=4)) is not net.Net.compile(Dense=net.Low)
    assert net.Low.compile(S=1, T=1) is net.Low.given(T=1).compile(S=1)


def test_parameters_of_layers_inside(net: tnc.Library) -> None:
    assert count(net.Net(**{"Low.R": 4})) == 16 * 4 + 13 * 4
    settings = {"Dense_1.Low.R": 1, "Dense": "Wrapped"}
    compiled = tnc.compile(source=NET, layer="Net", set=settings)
    assert compiled.plan.parameters == 16 * 1 + 13 * 2


@pytest.mark.parametrize(
    ("settings", "code", "told"),
    [
        ({"Dense": "Lwo(R: 4)"}, "E0103", "did you mean `Low`?"),
        ({"Dense": "Low(R: 4"}, "E0002", "<Dense>:1:9"),
        ({"Dense": 3}, "E0401", "expected `layer`, found `int`"),
        ({"Dense": torch.nn.Linear}, "E0401", "takes numbers, strings and lists"),
        ({"scale": tnc.load(source=NET).Low}, "E0401", "expected `int`, found `layer`"),
        ({"Dense": tnc.load(source=NET).Low.given(Q=4)}, "E0105", "`Low` has no parameter `Q`"),
        ({"Dense": tnc.load(source=NET).Low.given(R={})}, "E0401", "takes numbers, strings"),
        ({"Dense": tnc.load(source=NET).Low.given(R="x")}, "E0401", "expected `int`, found `str`"),
        ({"Dense.Q": 4}, "E0105", "no layer inside of `Net` has a parameter `Dense.Q`"),
    ],
)
def test_refused(settings: dict[str, object], code: str, told: str) -> None:
    for build in (
        tnc.load(source=NET).Net,
        lambda **s: tnc.compile(source=NET, layer="Net", set=s),
    ):
        with pytest.raises(tnc.CompileError) as caught:
            build(**settings)
        errors = [each for each in caught.value.diagnostics if each.severity == "error"]
        assert [each.code for each in errors] == [code]
        assert told in str(caught.value)


# ---------------------------------------------------------------- the standard library


def test_the_standard_library_by_name() -> None:
    nets, conv = tnc.load("std.nets"), tnc.load("std.convolution")
    assert {"LeNet5", "ResNet20"} <= set(nets)
    text = nets.LeNet5.compile(Conv=conv.CP.given(R=4)).source
    assert tnc.compile("std.nets", "LeNet5", set={"Conv": "CP(R: 4)"}).source == text
    assert tnc.check("std.nets") == []
    with pytest.raises(FileNotFoundError):
        tnc.load("std.ntes")


# ---------------------------------------------------------------- import


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    before = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in set(sys.modules) - before:
        if not name.startswith("tnc."):
            del sys.modules[name]


def test_a_file_is_imported(folder: Path) -> None:
    (folder / "tnn_layers.tnn").write_text(NET)
    import tnn_layers
    from tnn_layers import Low

    assert count(Low(S=3, T=4)) == 14
    assert count(tnn_layers.Net(Dense=Low)) == 16 * 2 + 13 * 2
    assert tnn_layers.__all__ == ["Low", "Wrapped", "Net"]
    assert tnn_layers.__file__ == str(folder / "tnn_layers.tnn")
    (folder / "tnn_folder").mkdir()
    (folder / "tnn_folder" / "inner.tnn").write_text(NET)
    from tnn_folder.inner import Wrapped

    assert count(Wrapped(S=3, T=4)) == 14


def test_python_comes_first_and_errors_are_told(folder: Path) -> None:
    (folder / "tnn_both.tnn").write_text(NET)
    (folder / "tnn_both.py").write_text("Low = 3\n")
    import tnn_both

    assert tnn_both.Low == 3
    (folder / "tnn_wrong.tnn").write_text("tnn 1\nlayer (\n")
    with pytest.raises(tnc.CompileError):
        import tnn_wrong  # noqa: F401
    with pytest.raises(ModuleNotFoundError):
        import tnn_nowhere  # noqa: F401
