"""Every code at its line and column, beside a program of almost the same text that is accepted."""

import pytest

from tests.elaborate.reading import checked, elaborated, places, program
from tests.elaborate.refusals import CONV, START
from tests.elaborate.refused_roles import NAMES_AND_ROLES
from tests.elaborate.refused_sizes import SIZES_AND_TYPES
from tnc.diagnostics.render import human

CASES = NAMES_AND_ROLES + SIZES_AND_TYPES


@pytest.mark.parametrize(
    ("body", "expected", "mended"),
    [case[1:] for case in CASES],
    ids=[case[0].replace(" ", "-") for case in CASES],
)
def test_places(body: str, expected: list[tuple[str, int, int]], mended: str) -> None:
    made, said = elaborated(program(body))
    assert sorted(places(said)) == sorted(expected)
    assert (made is None) == any(code.startswith("E") for code, _, _ in expected)
    made, said = elaborated(program(mended))
    assert made is not None
    assert places(said) == []


@pytest.mark.parametrize(
    "body", [case[1] for case in CASES], ids=[case[0].replace(" ", "-") for case in CASES]
)
def test_check_says_what_the_build_says(body: str) -> None:
    built = places(elaborated(program(body))[1])
    assert places(checked(program(body))) == built


def test_the_picture_of_a_convolution_that_is_not_kept() -> None:
    text = """tnn 1

layer CPConv(S: int, T: int, R: int = 16, k: int = 3) {
  mode n, h, w
  mode s: S, t: T, r: R, i: k, j: k
  conv(pad: same) h' = h * i, w' = w * j

  input x[n, s, h, w]
  weight A[r, s], B[r, t], C[r, i], D[r, j]

  output y[n, t, h', w] = x * A * B * C * D
}
"""
    (found,) = checked(text)
    assert (
        human([found]).replace("t.tnn", "conv.tnn")
        == """\
error[E0203]: `j` takes part in a convolution whose result `w'` is not kept
  --> conv.tnn:11:43
   |
 6 |   conv(pad: same) h' = h * i, w' = w * j
   |                               -- convolution declared here
...
11 |   output y[n, t, h', w] = x * A * B * C * D
   |           -------------                   ^ only this factor carries `j`
   |           |
   |           and the result does not keep it
   |
   = help: did you mean `w'`: `y[n, t, h', w']`"""
    )
    (edit,) = found.help[0].edits
    assert (edit.span.line, edit.span.column, edit.replacement) == (11, 22, "w'")


@pytest.mark.parametrize(
    ("body", "replacement"),
    [
        ("mode batch, s: 3\ninput x[bath, s]\noutput y[batch, s] = x", "batch"),
        (START + "weight bias[t]\noutput y[n, t] = x * A + bais", "bias"),
        (START + "output y[n, t] = rleu(x * A)", "relu"),
        (CONV.replace("pad:", "padd:") + "output y[n, t, h', w'] = x * A * B", "pad"),
        (START.replace("weight", "weight(init: zeross)") + "output y[n, t] = x * A", "zeros"),
        ("mode n, s[i in 1..2]: 3\ninput x[n, s]\noutput y[n, s...] = x", "s..."),
        (
            (
                "mode n, h, i: 4\nconv(stride: 2) u = h * i\ninput x[n, u]\nweight A[i]\n"
                "output y[n, h] = x * A"
            ),
            "h: 2 * size(u) + 2",
        ),
    ],
)
def test_suggestions_can_be_applied(body: str, replacement: str) -> None:
    said = checked(program(body))
    errors = [each for each in said if each.severity == "error"]
    edits = [edit for each in errors for help in each.help for edit in help.edits]
    assert [edit.replacement for edit in edits] == [replacement]
    text, span = program(body), edits[0].span
    mended = text[: span.start] + replacement + text[span.end :]
    assert [each for each in checked(mended) if each.severity == "error"] == []


def test_an_undefined_name_is_reported_once_and_poisons() -> None:
    body = START + "let z[n, t] = x * B\nlet v[n, t] = B * z * x\noutput y[n, t] = relu(v) * B"
    assert [each for each in places(checked(program(body))) if each[0] != "W0101"] == [
        ("E0102", 6, 19)
    ]


def test_what_follows_from_a_refused_equation_is_still_checked() -> None:
    body = START + "let z[n, t] = x * B\noutput y[n, s] = z"
    errors = [each for each in places(checked(program(body))) if each[0] != "W0101"]
    assert errors == [("E0102", 6, 19), ("E0205", 7, 13), ("E0202", 7, 18)]


def test_independent_errors_are_found_in_one_run() -> None:
    body = (
        "require 1 == 2\nmode n, s: 3\ninput x[n, s, q]\nweight A[s, r]\n"
        "let z[n] = A\noutput y[m] = x * z"
    )
    _, said = elaborated(program(body))
    assert places(said) == [
        ("E0305", 3, 9), ("E0101", 5, 15), ("E0101", 6, 13), ("E0101", 8, 10),
    ]  # fmt: skip


def test_sizes_in_messages_are_evaluated() -> None:
    _, said = elaborated(
        program(
            "mode n, h: 2 * k + 1, i: k, u: 9\nconv(pad: same) u = h * i\ninput x[n, h]\n"
            "weight A[i]\noutput y[n, u] = x * A",
            "k: int = 3",
        )
    )
    assert [each.message for each in said] == [
        "`u` has size 9, but its convolution from `h` of size 7 gives 7"
    ]


def test_a_requirement_shows_both_sides() -> None:
    _, said = elaborated(
        program(
            'require len(S) == 2, "two factors"\nmode n\ninput x[n]\noutput y[n] = x', "S: [int]"
        ),
        settings={"S": [1, 2, 3]},
    )
    assert said[0].message == "`require` failed: two factors"
    assert said[0].labels[0].text == "3 == 2 does not hold"


def test_a_factorisation_is_proposed() -> None:
    _, said = elaborated(
        program("mode n, c: 96, s[i in 1..3]: 4\ninput x[n, c]\noutput y[n, (s...)] = x[n, (s...)]")
    )
    assert [help.message for help in said[0].help] == ["`factor(96, 3) = [4, 4, 6]`"]
