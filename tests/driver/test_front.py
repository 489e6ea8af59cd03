"""What is said about a whole text, parser and elaboration together."""

import pytest

from tnc.diagnostics import Diagnostic, Source
from tnc.driver.front import check
from tnc.driver.imports import standard
from tnc.elaborate.standard import LAYERS
from tnc.syntax import tree

TEXT = """tnn 1
layer L() {
  mode n, h, s: 3, t: 4, i: 3
  conv(pad: same) h' = h * i
  input x[n, s, h]
  weight A[s, t, i]
  output y[n, t, h'] = x * A
}
"""
LARGE = "12345678901234567890"


def said(old: str, new: str) -> list[tuple[str, int, int]]:
    assert TEXT.count(old) == 1
    found = check(Source("t.tnn", TEXT.replace(old, new)))
    return [(each.code, each.span.line, each.span.column) for each in found]


def test_nothing_is_said() -> None:
    assert check(Source("t.tnn", TEXT)) == ()


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("tnn 1", f"tnn {LARGE}", ("E0002", 1, 5)),
        ("s: 3", f"s: {LARGE}", ("E0002", 3, 17)),
        ("pad: same", f"pad: same, stride: {LARGE}", ("E0002", 4, 27)),
        ("x * A", f"{LARGE} * x * A", ("E0002", 7, 24)),
        ("conv(pad: same)", "conv()", ("E0002", 4, 8)),
        ("weight A", "weight() A", ("E0002", 6, 10)),
        ("x[n, s, h]", "x[n, (s h)]", ("E0004", 5, 16)),
    ],
)
def test_one_mistake_is_said_once(old: str, new: str, place: tuple[str, int, int]) -> None:
    assert said(old, new) == [place]


def test_edits_mend_the_text() -> None:
    for old, new, mended in [
        ("conv(pad: same)", "conv()", "conv"),
        ("weight A", "weight() A", "weight A"),
        ("x[n, s, h]", "x[n, (s h)]", "x[n, (s, h)]"),
    ]:
        text = TEXT.replace(old, new)
        (found,) = check(Source("t.tnn", text))
        ((edit,),) = [help.edits for help in found.help]
        text = text[: edit.span.start] + edit.replacement + text[edit.span.end :]
        assert "".join(text.split()) == "".join(TEXT.replace(old, mended).split())


def test_what_is_lost_in_a_layer_excuses_nothing_in_another() -> None:
    lost = "let B = * ) Other(q"
    layer = f"layer L {{\n  mode n, s: 3\n  input x[n, s]\n  {lost}\n"
    layer += "  let z[n, q] = x\n  output y[n, s] = x * B\n  output u = x |> Other(3)\n}\n"
    whole = layer.replace(lost, "").replace("layer L", "layer M")
    codes = [each.code for each in check(Source("a.tnn", f"tnn 1\n{layer}"))]
    assert codes == ["E0002"]
    codes = [each.code for each in check(Source("a.tnn", f"tnn 1\n{layer}{whole}"))]
    assert codes == ["E0002", "E0101", "E0102", "E0103"]


def of_layer(body: str, params: str = "") -> tuple[Diagnostic, ...]:
    return check(Source("a.tnn", f"tnn 1\nlayer L{params} {{\n{body}\n}}\n"))


@pytest.mark.parametrize(
    ("body", "params"),
    [
        ("mode n, s: 3\ninput x[n, s]\noutput y = relu(x)", "(in: int)"),
        ("mode n, s: 3\ninput x[n, s]\nweight K[s]\noutput y[n, s] = conv(x, K)", ""),
    ],
)
def test_a_keyword_as_a_name_is_one_mistake(body: str, params: str) -> None:
    assert [each.code for each in of_layer(body, params)] == ["E0005"]


@pytest.mark.parametrize("params", ["(S: int)", "(S: int = 3)"])
def test_a_parameter_as_a_mode_is_a_size(params: str) -> None:
    (error,) = of_layer("mode n\nmode s = S\ninput x[n, s]\noutput y[n, s] = tanh(x)", params)
    (help,) = error.help
    assert (error.code, help.message) == ("E0101", "write `s: S`")
    assert [(each.span.text, each.replacement) for each in help.edits] == [(" = ", ": ")]


def test_what_dangles_is_summed_at_once() -> None:
    (error,) = of_layer("mode n, h, w, c: 4\ninput x[n, h, w, c]\noutput y[n, c] = x")
    assert error.message == "`h` and `w` dangle: one factor has them, the result does not"
    assert error.help[0].message == "to sum over them, write `sum(x, over: [h, w])`"
    assert not of_layer(
        "mode n, h, w, c: 4\ninput x[n, h, w, c]\noutput y[n, c] = sum(x, over: [h, w])"
    )


def test_what_is_lost_between_layers_excuses_all() -> None:
    layer = "layer L {\n  mode n, s: 3\n  input x[n, s]\n  output y[n, s] = x * B\n}\n"
    codes = [each.code for each in check(Source("a.tnn", f"tnn 1\nlet B = * )\n{layer}"))]
    assert codes == ["E0002"]


@pytest.mark.parametrize(
    ("value", "help"),
    [
        ("x |> Linear(3, 3)", ["write `from std.nn import Linear` above"]),
        ("x |> dropout", ["write `from std.nn import dropout` above"]),
        ("x |> BatchNorm2d(3)", ["`std.nn` has `BatchNorm`: `from std.nn import BatchNorm`"]),
        ("tanhh(x)", ["did you mean `tanh`?"]),
        ("x |> Nothing(3)", []),
    ],
)
def test_what_the_library_has_is_to_be_imported(value: str, help: list[str]) -> None:
    (error,) = of_layer(f"mode n, s: 3\ninput x[n, s]\noutput y = {value}")
    assert (error.code, [each.message for each in error.help]) == ("E0103", help)


def test_what_is_known_of_the_library_is_what_it_has() -> None:
    module = standard("std.nn")
    assert module is not None
    items = module.file.items
    assert {e.name.text for e in items if isinstance(e, tree.Layer | tree.Extern)} == LAYERS
