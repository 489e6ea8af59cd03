"""Values that are known when a layer is compiled."""

import math
from itertools import combinations_with_replacement

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.elaborate.reading import checked, elaborated, places, program
from tnc.diagnostics import Report, Source
from tnc.elaborate.definitions import UNKNOWN, Constant
from tnc.elaborate.evaluate import evaluate
from tnc.elaborate.factorise import factorisation
from tnc.elaborate.scope import Scope
from tnc.ir.size import Size
from tnc.syntax import tree
from tnc.syntax.parse import parse


def value(text: str, **names: Constant) -> tuple[Constant, list[str]]:
    source, report = Source("t.tnn", f"tnn 1\nlet a = {text}\n"), Report()
    file = parse(source, report)
    (let,) = file.items
    assert isinstance(let, tree.Let)
    scope = Scope(report, source, names=dict(names))
    found = evaluate(let.value, scope)
    return found, [each.code for each in report.diagnostics]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7 // 2 + 7 mod 3 * 2", 5),
        ("-7 // 2", -4),
        ("-7 mod 3", 2),
        ("6 / 3", 2.0),
        ("2 * 1.5", 3.0),
        ("[1, 2] + [3]", (1, 2, 3)),
        ("[2 * i for i in 1..3]", (2, 4, 6)),
        ("[5, 6, 7][2]", 6),
        ("len([1, 2])", 2),
        ("sum([1, 2, 3])", 6),
        ("sum(i * i for i in 1..3)", 14),
        ("min(3, 2, 5) + max([1, 4])", 6),
        ("round(2.6) + floor(2.6) + ceil(2.2) + abs(-1)", 9),
        ("sqrt(16) + exp(0) + log(1)", 5.0),
        ("factor(96, 3)", (4, 4, 6)),
        ("if 2 > 1 then 3 else 4", 3),
        ("1 == 2 or not (3 <= 2)", True),
        ("1 == 1 and 2 != 2", False),
        ('"a" == "a"', True),
        ("true == true", True),
        ("[1, 2] == [1, 2]", True),
        ("[1, 2] != [1]", True),
        ("false and 1 // 0 == 1", False),
        ("true or 1 // 0 == 1", True),
    ],
)
def test_values(text: str, expected: Constant) -> None:
    assert value(text) == (expected, [])
    assert type(value(text)[0]) is type(expected)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1 + true", "E0401"),
        ("1 // 0", "E0401"),
        ("1 < true", "E0401"),
        ("[1] + 2", "E0401"),
        ("if 1 then 2 else 3", "E0401"),
        ('"a" < "b"', "E0401"),
        ("sqrt(-1)", "E0401"),
        ("len(3)", "E0401"),
        ("factor(0, 2)", "E0401"),
        ("3[1]", "E0401"),
        ("[1][1.0]", "E0401"),
        ("[1][2]", "E0110"),
        ("q + 1", "E0102"),
        ("lenn([1])", "E0103"),
        ("[i for i in 1..true]", "E0401"),
        ("sqrt(x: 3)", "E0401"),
    ],
)
def test_refused(text: str, code: str) -> None:
    assert value(text)[1] == [code]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("S + 1 - S", 1),
        ("(2 * S + 1) mod 2", 1),
        ("2 * S // 2 == S", True),
        ("S > S - 1", True),
        ("S == 3", UNKNOWN),
        ("S == 3 or true", True),
        ("S == 3 and false", False),
        ("if S == 3 then 4 else 4", 4),
        ("len(factor(S, 2))", 2),
        ("max(S, S + 2) - S", 2),
        ("sqrt(S) == 2", UNKNOWN),
    ],
)
def test_what_is_certain_of_an_unset_parameter(text: str, expected: Constant) -> None:
    assert value(text, S=Size.symbol("$S")) == (expected, [])


def test_conditions_on_run_time_sizes_are_refused() -> None:
    body = "mode n\ninput x[n]\nrequire size(n) > 3\noutput y[n] = x"
    assert places(elaborated(program(body))[1]) == [("E0401", 5, 9)]


@given(st.integers(1, 2000), st.integers(1, 4))
def test_factorisations_are_balanced(number: int, count: int) -> None:
    found = factorisation(number, count)
    divisors = [d for d in range(1, number + 1) if number % d == 0]
    every = [c for c in combinations_with_replacement(divisors, count) if math.prod(c) == number]
    assert math.prod(found) == number
    assert list(found) == sorted(found)
    assert len(found) == count
    assert found[-1] / found[0] == min(c[-1] / c[0] for c in every)


def test_lets_see_earlier_names_only() -> None:
    body = "let a = b\nlet b = 2\nmode n, s: a + b\ninput x[n, s]\noutput y[n, s] = x"
    assert places(checked(program(body))) == [("E0102", 3, 9)]


def test_modes_may_use_later_lets() -> None:
    body = "mode n, s[i in 1..d]: i\nlet d = 2\ninput x[n, (s...)]\noutput y[n, s...] = x"
    made, said = elaborated(program(body))
    assert made is not None, said
