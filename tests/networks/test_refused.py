"""What is refused about networks: code, line, column, and both places."""

from __future__ import annotations

from pathlib import Path

import pytest

import tnc
from tests.networks.reading import LAYERS, places, said

EMPTY = "\n\n\nlayer Empty() { mode n, s: 5\ninput x[n, s] }\n"


def net(body: str) -> str:
    """A network over x[n, s] with s of size 5; `body` is line 3."""
    text = f"layer Net() {{\n  mode n, s: 5\n  input x[n, s]\n{body}\n}}\n"
    return text + EMPTY * ("Empty" in body)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("output y = x |> Dense(5, 7) |> Dense(8, 3)", [("E0309", 4, 32)]),
        ("output y = x |> Conv(5, 7)", [("E0309", 4, 17)]),
        ("output y = x |> Dense(5, 7) |> Dens(7, 3)", [("E0103", 4, 32)]),
        ("output y = x |> Dense(5, 7, k: 3)", [("E0105", 4, 29)]),
        ("output y = x |> Dense(5, 7, true, 1)", [("E0105", 4, 35)]),
        ("output y = x |> Dense(5, S: 5, T: 5)", [("E0104", 4, 26)]),
        ("output y = x |> Dense(5)", [("E0106", 4, 17)]),
        ("output y = x |> Dense(5, 7.5)", [("E0401", 4, 26)]),
        ("output y = x |> Dense(5, 7, S: 6, S: 6)", [("E0104", 4, 29), ("E0104", 4, 35)]),
        ("output y = x |> repeat (1.5) Dense(5, 5)", [("E0401", 4, 25)]),
        ("output y = x |> repeat (-1) Dense(5, 5)", [("E0401", 4, 25)]),
        ("output y = x |> repeat (2) relu", [("E0103", 4, 28)]),
        ("output y = x |> repeat (2) Dense(5, 6)", [("E0309", 4, 28)]),
        ("let f = x |> Dense(5, 4)\noutput y = f + x", [("E0306", 5, 16)]),
        ("let f = x |> Dense(5, 4)\noutput y[n, s] = f", [("E0301", 5, 13)]),
        ("mode t\nlet f = x |> Dense(5, 4)\noutput y[n] = f", [("E0306", 6, 15)]),
        ("mode a: 2, b: 3\noutput y[n, (a, b)] = x |> Dense(5, 5)", [("E0301", 5, 14)]),
        ("output y[n, s] = x |> Empty", [("E0210", 9, 1)]),
        ("let f = x |> Dense(5, 5)\noutput y[n, s] = f * x", [("E0206", 5, 18)]),
        ("let f = Dense(5, 5)\noutput y = f(x, x)", [("E0309", 5, 12)]),
        ("let f = Dense(5, 5)\noutput y = f(T: 3)", [("E0401", 5, 14)]),
        ("let a, b = x |> Dense(5, 5)\noutput y = a", [("E0309", 4, 12)]),
        ("let a, b = x\noutput y = a", [("E0401", 4, 12)]),
        ("output y = Dense(5, 5)", [("E0401", 4, 12)]),
        ("output y = x |> x", [("E0103", 4, 17)]),
        ("output y = x |> Net", [("E0404", 4, 17)]),
    ],
)  # fmt: skip
def test_places(body: str, expected: list[tuple[str, int, int]]) -> None:
    assert places(net(body)) == expected


def test_both_stages_are_named() -> None:
    (error,) = said(net("output y = x |> Dense(5, 7) |> relu |> Dense(8, 3)"))
    assert error.message == ("`Dense(8, 3)` takes size 8 in `s` (axis 1), but `relu` gives 7")
    assert [label.span.text for label in error.labels] == ["Dense(8, 3)", "relu"]
    assert error.labels[1].text == "gives [n, 7]"


def test_a_mistake_inside_is_told_once_with_the_place_of_the_instance() -> None:
    text = """layer Half(S: int) {
  require S mod 2 == 0, "S must be even"
  mode n, s: S, h: S // 2
  input x[n, (h, t)]
  mode t: 2
  weight A[h]
  output y[n, h, t] = x * A
}
layer Net() {
  mode n, s: 5
  input x[n, s]
  output y = x |> Half(5)
  output z = x |> Half(5)
}
"""
    errors = said(text)
    assert [each.code for each in errors] == ["E0305"]
    assert [label.span.text for label in errors[0].labels] == ["S mod 2 == 0", "Half(5)"]


def test_circles_of_layers() -> None:
    text = """layer A() { mode n\ninput x[n]\noutput y = x |> B }
layer B() { mode n\ninput x[n]\noutput y = x |> A }
"""
    errors = said(text)
    assert {each.code for each in errors} == {"E0404"}
    assert errors[0].notes == ("`B` contains `A` contains `B`",)


def test_layers_given_by_parameters_end_somewhere() -> None:
    text = """layer Around(F: layer) { mode n\ninput x[n]\noutput y = x |> F(F) }
layer Net() { mode n\ninput x[n]\noutput y = x |> Around(Around) }
"""
    assert "E0404" in {each.code for each in said(text)}


def test_externs() -> None:
    text = """extern Bare = torch.nn.Identity()
extern(kind: pointwise) p = torch.relu
extern Wrong(C: int): [n, C] -> [n, m] = torch.nn.Identity()
extern(kind: odd) Odd: [n] -> [n] = torch.nn.Identity()
extern Number: [n] -> [n] = 3
"""
    assert places(text) == [
        ("E0402", 1, 8), ("E0102", 3, 37), ("E0401", 4, 14), ("E0403", 5, 29),
    ]  # fmt: skip


# ---------------------------------------------------------------- imports


def folder(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        place = tmp_path / f"{name.replace('__', '/')}.tnn"
        place.parent.mkdir(exist_ok=True, parents=True)
        place.write_text(f"tnn 1\n{text}")
    return tmp_path


LAYER = "layer L() { mode n\ninput x[n]\noutput y[n] = 2 * x }\n"


def codes(path: Path) -> list[tuple[str, int]]:
    return [(each.code, each.span.line) for each in tnc.check(path)]


def test_files_import_files(tmp_path: Path) -> None:
    main = (
        "import .zoo.tt as tt\nfrom .zoo.tt import L as Renamed\nimport other\n"
        "layer Net() { mode n\ninput x[n]\n"
        "output y = x |> tt.L |> Renamed |> other.Twice |> tt.L() }\n"
    )
    other = "from .zoo.tt import L\nlayer Twice() { mode n\ninput x[n]\noutput y = x |> L |> L }\n"
    where = folder(tmp_path, main=main, zoo__tt=LAYER, other=other)
    assert codes(where / "main.tnn") == []
    made = tnc.load(where / "main.tnn").Net()
    assert [name for name, _ in made.named_modules()] == [
        "", "L_1", "Renamed_1", "Twice_1", "Twice_1.L_1", "Twice_1.L_2", "L_2",
    ]  # fmt: skip
    import torch

    assert made(torch.ones(2)).tolist() == [32.0, 32.0]


def test_from_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    main = "from shared.base import L\nlayer Net() { mode n\ninput x[n]\noutput y = x |> L }\n"
    where = folder(tmp_path, work__main=main, lib__shared__base=LAYER)
    (error,) = tnc.check(where / "work" / "main.tnn")
    assert (error.code, error.span.text) == ("E0107", "shared.base")
    assert any(str(where / "work" / "shared" / "base.tnn") in note for note in error.notes)
    monkeypatch.setenv("TNC_PATH", str(where / "lib"))
    assert codes(where / "work" / "main.tnn") == []


def test_missing_modules_and_names(tmp_path: Path) -> None:
    main = (
        "import .to\nfrom std.nm import relu\nfrom std.nn import rely\nfrom .tt import M\n"
        "layer Net() { mode n\ninput x[n]\noutput y = x |> to.L |> rely |> M }\n"
    )
    where = folder(tmp_path, main=main, tt=LAYER)
    errors = [each for each in tnc.check(where / "main.tnn") if each.severity == "error"]
    assert [(each.code, each.span.line) for each in errors] == [
        ("E0107", 2), ("E0107", 3), ("E0103", 4), ("E0103", 5),
    ]  # fmt: skip
    assert [each.help[0].message for each in errors[:3]] == [
        "did you mean `tt`?", "did you mean `std.nn`?", "did you mean `relu`?",
    ]  # fmt: skip


def test_of_several_modules_none_is_chosen(tmp_path: Path) -> None:
    where = folder(tmp_path, main="from .tc import L\n", ta=LAYER, tb=LAYER)
    (error,) = [each for each in tnc.check(where / "main.tnn") if each.severity == "error"]
    (help,) = error.help
    assert (help.message, help.edits) == ("did you mean `ta` or `tb`?", ())


def test_files_in_a_circle(tmp_path: Path) -> None:
    where = folder(tmp_path, a="import .b\n" + LAYER, b="import .a\n" + LAYER)
    (error,) = [each for each in tnc.check(where / "a.tnn") if each.severity == "error"]
    assert error.code == "E0108"
    assert error.span.file == str(where / "b.tnn")


def test_mistakes_in_imported_files(tmp_path: Path) -> None:
    where = folder(tmp_path, a="import .b\n" + LAYER, b="layer M() { output y = }\n")
    said = [each for each in tnc.check(where / "a.tnn") if each.severity == "error"]
    assert said
    assert {each.span.file for each in said} == {str(where / "b.tnn")}


def test_what_is_not_known_before_the_build_is_quiet() -> None:
    text = """layer Net(F: layer, S: int, widths: [int]) {
  mode n, s: S
  input x[n, s]
  let g = F(S, S)
  let f = x |> F(S, 8) |> relu |> F(8, S) |> g
  output y = f + x |> repeat (2) F(S, S)
}
"""
    assert said(text) == []
    assert LAYERS


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("torch.nn.Idenity()", "there is no `torch.nn.Idenity`"),
        ("no_such_package.Layer()", "importing `no_such_package` fails"),
        ("torch.nn.modules.__doc__", "cannot be called"),
    ],
)
def test_externs_that_python_does_not_find(target: str, reason: str) -> None:
    text = f"extern Odd: [n, s] -> [n, s] = {target}\n" + net("output y = x |> Odd")
    assert said(text) == []
    with pytest.raises(tnc.CompileError) as refused:
        tnc.compile(source=LAYERS + text, layer="Net")
    (error,) = (each for each in refused.value.diagnostics if each.severity == "error")
    assert (error.code, error.span.text) == ("E0403", target.removesuffix("()"))
    assert reason in error.labels[0].text


def test_externs_of_other_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine_for_tnc.py").write_text(
        "import torch\n\n\nclass Twice(torch.nn.Module):\n"
        "    def forward(self, x):\n        return 2 * x\n\n\ndef thrice(x):\n    return 3 * x\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    text = (
        "extern T: [n, s] -> [n, s] = mine_for_tnc.Twice()\n"
        "extern(kind: pointwise) thrice = mine_for_tnc.thrice\n"
    ) + net("output y = x |> T |> thrice")
    import torch

    made = tnc.compile(source=LAYERS + text, layer="Net")
    assert "\nimport mine_for_tnc\n" in made.source
    assert made.module.Net()(torch.ones(1, 5)).tolist() == [[6.0] * 5]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("let Dense_1 = Dense(5, 5)\noutput y = x |> Dense_1 |> Dense(5, 5)", [("E0104", 5, 28)]),
        ("weight Dense_1[s]\nlet z[n, s] = x |> Dense(5, 5)\noutput y[n, s] = z * Dense_1",
         [("E0104", 5, 20)]),
        ("let forward = Dense(5, 5)\noutput y = x |> forward", [("E0104", 4, 5)]),
        ("let training = Dense(5, 5)\noutput y = x |> training", [("E0104", 4, 5)]),
    ],
)  # fmt: skip
def test_names_that_the_module_needs(body: str, expected: list[tuple[str, int, int]]) -> None:
    assert places(net(body)) == expected


def test_nothing_is_left_of_an_axis() -> None:
    text = """layer Wide(S: int, k: int) {
  mode n, h, s: S, i: k
  conv h' = h * i
  input x[n, s, h]
  weight W[s, i]
  output y[n, s, h'] = x * W
}
layer Net() {
  mode n, c: 2, h: 4
  input x[n, c, h]
  output y = x |> Wide(2, 3) |> Wide(2, 3)
}
"""
    assert places(text) == [("E0303", 11, 33)]


def test_layers_nest_only_so_deep() -> None:
    layers = [
        f"layer L{k}() {{ mode n\ninput x[n]\noutput y = x |> L{k + 1} }}\n" for k in range(150)
    ]
    text = "".join(layers) + "layer L150() { mode n\ninput x[n]\noutput y[n] = 2 * x }\n"
    assert {each.code for each in said(text)} == {"E0404"}


def test_a_circle_through_folders(tmp_path: Path) -> None:
    where = folder(tmp_path, a="import .sub.b\n" + LAYER, sub__b="import ..a\n" + LAYER)
    (error,) = [each for each in tnc.check(where / "a.tnn") if each.severity == "error"]
    assert error.code == "E0108"


def test_one_file_by_two_ways(tmp_path: Path) -> None:
    main = (
        "import .b\nimport .sub.c\nlayer Net() { mode n\ninput x[n]\noutput y = x |> b.L |> c.M }\n"
    )
    inner = "import ..b\nlayer M() { mode n\ninput x[n]\noutput y = x |> b.L }\n"
    where = folder(tmp_path, main=main, b=LAYER, sub__c=inner)
    made = tnc.compile(where / "main.tnn", "Net")
    assert made.source.count("class L") == 1
    assert made.source.count("b.tnn: ") == 1


def test_a_misspelt_name_of_another_package_has_a_suggestion() -> None:
    text = "extern(kind: pointwise) g = torch.nn.functional.gelo\n" + net("output y = x |> g")
    with pytest.raises(tnc.CompileError) as refused:
        tnc.compile(source=LAYERS + text, layer="Net")
    (error,) = (each for each in refused.value.diagnostics if each.severity == "error")
    assert error.span.text == "torch.nn.functional.gelo"
    assert error.labels[0].text == "there is no `torch.nn.functional.gelo`"
    (edit,) = error.help[0].edits
    assert (edit.span.text, edit.replacement) == ("gelo", "gelu")
    with pytest.raises(tnc.CompileError) as refused:
        tnc.compile(source=LAYERS + text.replace("gelo", "xelu"), layer="Net")
    (error,) = (each for each in refused.value.diagnostics if each.severity == "error")
    (help,) = error.help
    assert "`relu`" in help.message
    assert not help.edits  # `celu` is as near


def test_an_instance_is_not_given_parameters() -> None:
    found = said(net("let d = Dense(5, 5)\noutput y = x |> d(5, 4)"))
    assert [(each.code, each.span.text) for each in found] == [("E0401", "5, 4")]
    assert "is an instance" in found[0].message


def test_a_function_in_the_place_of_a_layer() -> None:
    layers = (
        "layer In(C: layer) {\n mode n, s: 3\n input x[n, s]\n let f = C(3)\n output y = f(x)\n}\n"
    )
    found = said(layers + net("output y = x |> In(relu)"))
    assert [(each.code, each.span.text) for each in found] == [("E0401", "C(3)")]
    assert found[0].message == "expected a layer, but `C` is `relu`, a function of tensors"
