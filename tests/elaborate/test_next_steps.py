"""Mistakes that people make have a next step; where that is an edit, it mends the mistake."""

from __future__ import annotations

import pytest

import tnc
from tnc.diagnostics import Diagnostic
from tnc.driver.fix import applied

HEAD = """tnn 1
layer L(S: int, k: int = 3) {
  mode n, h, w, s: S, i: k
  input x[n, h, w, s]
"""
POWER = "a power is written `pow(x, 2)`, a square `square(x)`"
OUTPUT = "what a layer gives is an equation: `output y[…] = …`"
LIST = "several modes are a list: `over: [h, w]`"
COMMENT = "a comment begins with `#`"


def errors(body: str) -> list[Diagnostic]:
    return [each for each in tnc.check(source=f"{HEAD}{body}\n}}\n") if each.severity == "error"]


@pytest.mark.parametrize(
    ("body", "code", "help"),
    [
        ("output y[n, h, w, s] = x ** 2", "E0002", POWER),
        ("output y[n, h, w, s] = x ^ 2", "E0001", POWER),
        ("output y[n, h, w, s] = x\nreturn y", "E0002", OUTPUT),
        ("return x", "E0002", OUTPUT),
        ("// a comment's (text\noutput y[n, h, w, s] = x", "E0002", COMMENT),
        ("output y[n, h, w, s] = x // k", "E0401", f"tensors are divided by `/`; {COMMENT}"),
        ("input z[n, c] output y[n, h, w, s] = x + z", "E0101", "declare it: `mode c`"),
        ("output y[n, s] = mean(x, over: h, w)", "E0401", LIST),
        ("output y[n, s] = x |> mean(over: h, w)", "E0401", LIST),
        ("output y[n, h, w, s] = softmax(x, over: h, w)", "E0401", LIST),
        ("conv(padding: same) h' = h * i\noutput y[n, h, w, s] = x", "E0105",
         "did you mean `pad`?"),
        ("output y = x |> conv(S, 4)", "E0005",
         "a layer that convolves is `Conv`: `from std.convolution import Conv`"),
        ("output y = x |> Linear(S, 4)", "E0103", "write `from std.nn import Linear` above"),
    ],
)  # fmt: skip
def test_the_next_step_is_said(body: str, code: str, help: str) -> None:
    (error,) = errors(body)
    assert error.code == code
    assert [each.message for each in error.help] == [help]
    assert all(label.text for label in error.labels)


@pytest.mark.parametrize(
    ("body", "mended"),
    [
        ("output y[n, s] = mean(x, over: h, w)", "output y[n, s] = mean(x, over: [h, w])"),
        ("// one\noutput y[n, h, w, s] = x", "# one\noutput y[n, h, w, s] = x"),
        ("conv(padding: same) h' = h * i\noutput y[n, h', w, s] = x[n, h, w, s]", ""),
    ],
)
def test_the_next_step_mends(body: str, mended: str) -> None:
    error = errors(body)[0]
    (help,) = error.help
    found = applied(error.labels[0].span.source, help.edits)
    assert mended in found
    assert error.code not in {each.code for each in tnc.check(source=found)}


@pytest.mark.parametrize(
    "imports", ["", "\nimport std.dense as d", "\nfrom std.nn import GroupNorm"]
)
def test_imports_are_written_where_imports_are(imports: str) -> None:
    text = HEAD.replace("tnn 1", f"tnn 1{imports}") + "output y = x |> Linear(S, 4) }\n"
    (error,) = [each for each in tnc.check(source=text) if each.severity == "error"]
    ((edit,),) = [help.edits for help in error.help]
    found = applied(edit.span.source, [edit])
    assert found.startswith(f"tnn 1{imports}\nfrom std.nn import Linear\nlayer L")
    assert [each for each in tnc.check(source=found) if each.severity == "error"] == []


def test_without_a_head_nothing_is_written() -> None:
    text = HEAD.removeprefix("tnn 1\n") + "output y = x |> Linear(S, 4) }\n"
    (error,) = [each for each in tnc.check(source=text) if each.severity == "error"]
    ((edits,),) = [[help.edits for help in error.help]]
    assert edits == ()


def test_nesting_says_what_is_nested() -> None:
    (brackets,) = errors(f"output y[n, h, w, s] = {'(' * 300}x{')' * 300}")
    (pipes,) = errors(f"output y[n, h, w, s] = x{' |> relu' * 300}")
    assert "pair of brackets" in brackets.notes[0]
    assert "stage of a pipe" in pipes.notes[0]


@pytest.mark.parametrize(
    "body",
    ["weight A[s, s]", "conv() h' = h * i * i", "let a[n, h, w, s] = x[n, h, s, s]"],
)
def test_what_stands_twice_is_shown_twice(body: str) -> None:
    error = next(
        each for each in errors(f"{body}\noutput y[n, h, w, s] = x") if each.code == "E0207"
    )
    again, first = error.labels
    assert (again.text, first.text) == ("again here", "first here")
    assert again.span.text == first.span.text
    assert again.span.start > first.span.start


@pytest.mark.parametrize(
    "equation",
    [
        "let f = x * A[z]",
        "let f[n, h, w, s] = softmax(x * (A[z] + A), over: h)",
        "let f[n, h, w, s] = x * (A + (A[z] - A))",
        "let f[n, h, w, s] = exp(softmax(x * A, over: z))",
        "let f = sum(x * A[z] for j in 1..2)",
    ],
)
def test_unclear_modes_hide_no_undefined_one(equation: str) -> None:
    codes = [each.code for each in errors(f"weight A[s]\n{equation}\noutput y[n, h, w, s] = x")]
    assert sorted(codes) == ["E0101", "E0206"]


@pytest.mark.parametrize("equation", ["let f = relu2(x)", "let f = x * relu2(x)"])
def test_unclear_modes_hide_no_undefined_function(equation: str) -> None:
    codes = [each.code for each in errors(f"{equation}\noutput y[n, h, w, s] = x")]
    assert codes == ["E0206", "E0103"]


def test_what_is_undefined_itself_is_no_suggestion() -> None:
    found = errors("weight Shape[s]\noutput y[n, h, w, s] = x * Missing * Missing2 * Shape2")
    helps = [[each.message for each in error.help] for error in found]
    assert [error.code for error in found] == ["E0102"] * 3
    assert helps == [[], [], ["did you mean `Shape`?"]]


def test_a_tensor_with_a_mistake_is_a_suggestion() -> None:
    found = errors("weight Shape[s, zz]\noutput y[n, h, w, s] = x * Shapes")
    assert [each.message for each in found[-1].help] == ["did you mean `Shape`?"]


def test_a_keyword_as_a_name_is_one_wherever_it_is_used() -> None:
    found = errors("weight conv[s]\noutput y[n, h, w, s] = x * conv")
    assert [each.code for each in found] == ["E0005", "E0005"]
