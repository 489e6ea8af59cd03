"""`load`, `compile`, `check`: what Python users hold in their hands."""

from pathlib import Path

import pytest
import torch

import tnc
from tests.programs import CP_CONV

STD = Path(tnc.__file__).parent / "std"
NET = """tnn 1
from std.convolution import Conv2d, CP
layer Net(C: int, Conv: layer = Conv2d) {
  mode n, c: C, h, w
  input x[n, c, h, w]
  output y = x |> Conv(C, C)
}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "cp_conv.tnn"
    file.write_text(CP_CONV)
    return file


def test_load_gives_layers_as_attributes_and_items(path: Path) -> None:
    library = tnc.load(path)
    assert list(library) == ["CPConv"]
    assert "CPConv" in dir(library)
    assert library["CPConv"] is library.CPConv
    assert "one factor per mode" in library.CPConv.__doc__
    assert str(library.CPConv.__signature__) == "(*, S, T, R=16, k=3, stride=1)"
    with pytest.raises(AttributeError, match=r"no layer 'Conv': it has CPConv"):
        _ = library.Conv


def test_device_and_dtype_go_to_the_module(path: Path) -> None:
    layer = tnc.load(path).CPConv(S=3, T=4, R=2, dtype=torch.float64)
    assert {weight.dtype for weight in layer.parameters()} == {torch.float64}
    assert layer(torch.randn(1, 3, 5, 5, dtype=torch.float64)).shape == (1, 4, 5, 5)
    assert tnc.load(path).CPConv(S=3, T=4, device="meta").A.is_meta


def test_equal_settings_share_one_class(path: Path) -> None:
    library = tnc.load(path)
    one, other = library.CPConv(S=3, T=4), library.CPConv(T=4, S=3)
    assert type(one) is type(other)
    assert type(one) is not type(library.CPConv(S=3, T=5))


def test_missing_and_unknown_parameters(path: Path) -> None:
    with pytest.raises(tnc.CompileError) as caught:
        tnc.load(path).CPConv(S=3)
    assert [each.code for each in caught.value.diagnostics] == ["E0106"]
    with pytest.raises(tnc.CompileError) as caught:
        tnc.load(path).CPConv(S=3, T=3, rank=2)
    assert [each.code for each in caught.value.diagnostics] == ["E0105"]
    with pytest.raises(tnc.CompileError) as caught:
        tnc.load(path).CPConv(S=[3], T=3)
    assert [each.code for each in caught.value.diagnostics] == ["E0401"]


def test_compile_gives_source_module_and_plan(path: Path, tmp_path: Path) -> None:
    compiled = tnc.compile(path, "CPConv", set={"S": 4, "T": 5, "R": 2}, bind={"n": 2, "h": 8})
    assert compiled.source.startswith('"""')
    assert compiled.plan.macs == sum(step.macs for step in compiled.plan.steps) > 0
    assert compiled.plan.to_json()["schema"] == "tnc.plan/1"
    assert compiled.plan.parameters == 2 * (4 + 5 + 3 + 3)
    module = compiled.module.CPConv()
    assert module(torch.randn(3, 4, 9, 7)).shape == (3, 5, 9, 7)
    written = compiled.write(tmp_path / "out.py")
    assert written.read_text() == compiled.source


def test_writing_fails_whole(path: Path, tmp_path: Path) -> None:
    compiled = tnc.compile(path, "CPConv", set={"S": 4, "T": 5, "R": 2})
    target = tmp_path / "folder"
    target.mkdir()
    with pytest.raises(OSError):
        compiled.write(target)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["cp_conv.tnn", "folder"]


def test_compile_without_a_layer_takes_those_that_are_set() -> None:
    source = (
        CP_CONV
        + "\nlayer Double(S: int = 3) {\n  mode n, s: S\n  input x[n, s]\n"
        + ("  output y[n, s] = 2 * x\n}\n")
    )
    compiled = tnc.compile(source=source)
    assert list(compiled.plans) == ["Double"]
    both = tnc.compile(source=source, set={"S": 3, "T": 4})
    assert list(both.plans) == ["CPConv", "Double"]
    with pytest.raises(AttributeError, match="2 layers"):
        _ = both.plan
    with pytest.raises(tnc.CompileError) as caught:
        tnc.compile(source=CP_CONV)
    assert [each.code for each in caught.value.diagnostics] == ["E0106"]


def test_check_lists_diagnostics(path: Path) -> None:
    assert tnc.check(path) == []
    wrong = CP_CONV.replace("output y[n, t, h', w']", "output y[n, t, h', w]")
    (found,) = tnc.check(source=wrong)
    assert (found.code, found.severity) == ("E0203", "error")
    assert found.labels[0].primary
    assert found.labels[0].span.line == 9


def test_shape_errors_name_tensor_mode_sizes_and_line(path: Path) -> None:
    layer = tnc.load(path).CPConv(S=3, T=4)
    with pytest.raises(tnc.ShapeError) as caught:
        layer(torch.randn(2, 5, 7, 7))
    message = str(caught.value)
    assert all(word in message for word in ("x", "s", "5", "3", "cp_conv.tnn:7"))
    with pytest.raises(tnc.ShapeError):
        layer(torch.randn(3, 7, 7))


def test_either_a_path_or_a_source(path: Path) -> None:
    with pytest.raises(TypeError, match="either the path"):
        tnc.load()
    with pytest.raises(TypeError, match="either the path"):
        tnc.load(path, source=CP_CONV)
    with pytest.raises(FileNotFoundError):
        tnc.load(path.parent / "nowhere.tnn")


def test_a_mode_that_is_not_there_cannot_be_bound() -> None:
    text = "tnn 1\nlayer L {\n  mode batch\n  input x[batch]\n  output y[batch] = x * x\n}\n"
    assert tnc.compile(source=text, bind={"batch": 3}).plan.macs == 3
    with pytest.raises(ValueError, match=r"cannot bind `bach`.*did you mean `batch`"):
        tnc.compile(source=text, bind={"bach": 3})


def test_a_repr_shows_what_differs_from_the_defaults(tmp_path: Path) -> None:
    """Defaults that follow from other parameters too; a list that is given but no other is none."""
    rcp = tnc.load(STD / "convolution.tnn").rCP
    assert repr(rcp(S=16, T=16, stride=2, R=3)) == "rCP(S=16, T=16, stride=2, R=3)"
    assert repr(rcp(S=4, T=4, D=1, k=3, R=2, ks=[3], strides=[1])) == "rCP(S=4, T=4, R=2, D=1)"
    odd = rcp(S=4, T=4, R=2, k=5, ks=[3, 5], pads=[1, "same"])
    assert repr(odd) == 'rCP(S=4, T=4, k=5, R=2, ks=[3, 5], pads=[1, "same"])'
    file = tmp_path / "net.tnn"
    file.write_text(NET)
    net = tnc.load(file).Net(C=8)
    assert net.extra_repr() == "C=8"
    assert tnc.load(file).Net(C=8, Conv="CP(R: 4, k: 3)").extra_repr() == "C=8, Conv=CP(R: 4)"
    assert tnc.load(file).Net(C=8, Conv="CP(R: 16, k: 3)").extra_repr() == "C=8, Conv=CP"
