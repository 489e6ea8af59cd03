"""Setting parameters, and checking without them."""

from pathlib import Path

import numpy as np
import pytest

from tests.elaborate.reading import checked, elaborated, places, program
from tests.programs import CP_CONV
from tnc.diagnostics import Report, Source
from tnc.elaborate import settable
from tnc.syntax.parse import parse

HERE = Path(__file__).parent
FILES = [
    *sorted((HERE.parent / "programs" / "families").glob("*.tnn")),
    *sorted((HERE.parent.parent / "examples").glob("*.tnn")),
]
LISTED = 'S: [int], T: [int], a: float = 0.5, b: bool = true, c: str = "x", R: int = 2 * 3'
BODY = """mode n, s[i in 1..len(S)]: S[i], t: T[1] * R
input x[n, (s...)]
weight A[s..., t]
output y[n, t] = if b and c == "x" then x * A * a else x * A"""


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_files_without_errors_are_checked_without_errors(path: Path) -> None:
    assert places(checked(path.read_text(encoding="utf-8"))) == []


def test_python_values_become_parameters() -> None:
    made, said = elaborated(program(BODY, LISTED), settings={"S": [2, 3], "T": (4,), "a": 1})
    assert made is not None, said
    assert dict(made.settings) == {
        "S": "[2, 3]", "T": "[4]", "a": "1", "b": "true", "c": '"x"', "R": "6",
    }  # fmt: skip
    assert str(made.outputs[0].value.type.modes[1].size) == "24"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"S": [2], "T": [4], "rank": 3}, [("E0105", 2, 1)]),
        ({"S": [2]}, [("E0106", 2, 19)]),
        ({}, [("E0106", 2, 9), ("E0106", 2, 19)]),
        ({"S": 2, "T": [4]}, [("E0401", 2, 9)]),
        ({"S": [2.5], "T": [4]}, [("E0401", 2, 9)]),
        ({"S": [True], "T": [4]}, [("E0401", 2, 9)]),
        ({"S": [2], "T": [4], "R": True}, [("E0401", 2, 75)]),
        ({"S": [2], "T": [4], "a": "x"}, [("E0401", 2, 29)]),
        ({"S": [2], "T": [4], "b": 1}, [("E0401", 2, 45)]),
        ({"S": [2], "T": [4], "c": 1}, [("E0401", 2, 61)]),
        ({"S": [2], "T": [4], "R": None}, [("E0401", 2, 75)]),
    ],
)
def test_refused_settings(
    settings: dict[str, object], expected: list[tuple[str, int, int]]
) -> None:
    made, said = elaborated(program(BODY, LISTED), settings=settings)
    assert made is None
    assert places(said) == expected


@pytest.mark.parametrize("setting", [None, [None], {"a": 1}, object()])
def test_settings_of_no_type_are_refused_for_parameters_without_one(setting: object) -> None:
    body = "mode n, h, i: 3\nconv(pad: pad) u = h * i\ninput x[n, h]\nweight A[i]\n"
    text = program(body + "output y[n, u] = x * A", 'pad = "same"')
    assert places(elaborated(text, settings={"pad": setting})[1]) == [("E0401", 2, 9)]


def test_integers_of_other_libraries() -> None:
    text = program("mode n, s: S\ninput x[n, s]\noutput y[n, s] = x", "S: int")
    made, said = elaborated(text, settings={"S": np.int64(4)})
    assert made is not None, said
    assert made.settings == (("S", "4"),)


def test_a_let_of_the_file_that_is_refused() -> None:
    text = "tnn 1\nlet a = 1 / true\nlet b = a + 1\nlet c = a\n" + program(
        "mode n, s: b\ninput x[n, s]\noutput y[n, s] = x"
    ).removeprefix("tnn 1\n")
    text += "layer Other() {\nmode n\ninput x[n]\noutput y[n] = x\n}\n"
    assert places(elaborated(text)[1]) == [("E0401", 2, 9)]
    assert elaborated(text, "Other")[0] is not None


def test_a_misspelt_setting_gets_a_suggestion() -> None:
    _, said = elaborated(CP_CONV, "CPConv", {"S": 3, "T": 4, "strid": 2})
    assert [help.message for help in said[0].help] == ["did you mean `stride`?"]


def test_a_layer_that_does_not_exist() -> None:
    """The likeliest is shown first, then the others."""
    text = "tnn 1\nlayer Abc() {}\nlayer Xyz() {}\n"
    _, (said,) = elaborated(text, "Xys", {})
    assert places([said]) == [("E0103", 3, 7)]
    assert [label.span.text for label in said.labels] == ["Xyz", "Abc"]
    assert [help.message for help in said.help] == ["did you mean `Xyz`?"]
    assert said.notes == ("layers here: `Abc`, `Xyz`",)


def test_no_layer_where_there_is_none() -> None:
    _, said = elaborated("tnn 1\nlet a = 3\n", "L", {})
    assert places(said) == [("E0103", 1, 1)]
    assert said[0].labels[0].text == "there is no layer"


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ("S: integer", [("E0401", 2, 12)]),
        ("S: [[number]]", [("E0401", 2, 14)]),
        ("S: int = [1]", [("E0401", 2, 18)]),
        ("S: int = T, T: int = 3", [("E0102", 2, 18)]),
        ("S: int, S: int", [("E0104", 2, 17)]),
        ("S: int, unused: int", [("W0102", 2, 17)]),
    ],
)
def test_parameters_that_are_declared_wrongly(
    params: str, expected: list[tuple[str, int, int]]
) -> None:
    body = "mode n, s: S\ninput x[n, s]\noutput y[n, s] = x"
    assert [each for each in places(checked(program(body, params))) if "T" not in params or (
        each[0] != "W0102"
    )] == expected  # fmt: skip


def test_unknown_numbers_are_left_to_the_build() -> None:
    body = """require S mod g == 0, "a multiple"
    require len(Q) == 7, "seven"
    mode n, s: S, u: S, r[i in 1..d]: if i == g then 1 else Q[i + 4]
    input x[n, s]
    weight A[i in 1..d][s, r[i]], B[d2, s], C[i in 1..d][s]
    mode d2: S // g, v: g
    output y[n, u] = x[n, u] * p
    output z[n, d2] = x * B * C[d] * C[7]
    output w[n] = x * A[1]
    output q[n, v] = x[n, v]"""
    params = "S: int, g: int, d: int, Q: [int], p: float"
    assert places(checked(program(body, params))) == []


def test_an_unset_bound_of_a_family_counts_as_three() -> None:
    body = """mode n, s: 2, r[i in 0..d]: 2
    let e = d
    input x[n, s]
    weight K[i in 1..e][r[i - 1], r[i]], A[s, r[0]]
    output y[n] = x * A * K..."""
    (said,) = checked(program(body, "d: int"))
    assert places((said,)) == [("E0202", 7, 27)]
    assert said.message == "`r[3]` dangles: one factor has it, the result does not"


def test_certain_differences_are_reported_all_the_same() -> None:
    body = "mode n, s: S, u: S + 1\ninput x[n, s]\noutput y[n, u] = x[n, u]"
    assert places(checked(program(body, "S: int"))) == [("E0301", 5, 18)]


def test_shadowing_a_name_of_the_file() -> None:
    text = "tnn 1\nlet width = 3\n" + program(
        "mode n, s: width\ninput x[n, s]\noutput y[n, s] = x", "width: int"
    ).removeprefix("tnn 1\n")
    assert places(checked(text)) == [("W0103", 3, 9)]


def test_what_callers_can_set() -> None:
    source = Source("t.tnn", CP_CONV + "layer D(S: [int] = [2, 3], k = 2 * 4, j: int = k) {}\n")
    cp, other = settable(parse(source, Report()))
    assert [(p.name, p.type, p.required, p.default) for p in cp.parameters] == [
        ("S", "int", True, None),
        ("T", "int", True, None),
        ("R", "int", False, 16),
        ("k", "int", False, 3),
        ("stride", "int", False, 1),
    ]
    assert cp.missing({"S": 3}) == ("T",)
    assert [p.default for p in other.parameters] == [[2, 3], 8, "k"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("mode n\nlet S = factor(16, 1000000)\ninput x[n]\noutput y[n] = x", [("E0401", 4, 9)]),
        ("mode n\ninput x[n, []]\noutput y[n] = x", [("E0101", 4, 12)]),
        ("mode n, t\ninput x[n, t]\noutput y[n] = x[n, []]", [("E0101", 5, 20)]),
    ],
)
def test_what_is_neither_a_mode_nor_a_factorisation(
    body: str, expected: list[tuple[str, int, int]]
) -> None:
    errors = [each for each in checked(program(body)) if each.severity == "error"]
    assert places(tuple(errors)) == expected
