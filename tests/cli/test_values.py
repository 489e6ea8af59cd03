from __future__ import annotations

import json
import string
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tnc.cli.exits import Exit, Stop
from tnc.cli.values import parameters, sizes, split

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,5}", fullmatch=True)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), max_size=8)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.integers() | FLOATS | st.booleans() | TEXTS, lambda inner: st.lists(inner, max_size=4)
)


def written(value: object) -> str:
    """As in a `.tnn` text."""
    if isinstance(value, list):
        return f"[{', '.join(written(each) for each in value)}]"
    if isinstance(value, float):
        mantissa, _, exponent = repr(value).partition("e")
        return f"{mantissa}e{exponent}" if exponent else mantissa
    return json.dumps(value, ensure_ascii=False)


@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=4))
def test_what_is_written_is_read(settings: dict[str, object]) -> None:
    together = ", ".join(f"{name} = {written(value)}" for name, value in settings.items())
    apart = [f"{name}={written(value)}" for name, value in settings.items()]
    for found in (parameters([together]), parameters(apart)):
        assert found == settings
        assert [type(each) for each in found.values()] == [type(v) for v in settings.values()]


@given(st.text(string.ascii_letters + string.digits + '[](){}",=.\\-: \t', max_size=30))
def test_anything_is_read_or_refused(text: str) -> None:
    with suppress(Stop):
        assert all(name.strip() for name in parameters([text]))
    with suppress(Stop):
        assert all(size > 0 for size in sizes([("here", text)]).values())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("S=[4,4],R=8", {"S": [4, 4], "R": 8}),
        ("S=[[1,2],[3]],k=-1", {"S": [[1, 2], [3]], "k": -1}),
        ("S=[]", {"S": []}),
        ("lr=1e-3,p=0.5,on=true,off=false", {"lr": 1e-3, "p": 0.5, "on": True, "off": False}),
        ("pad=same", {"pad": "same"}),
        ('a="x, [y", b="p\\"q\\\\\\n"', {"a": "x, [y", "b": 'p"q\\\n'}),
        ("R=1,R=2", {"R": 2}),
        (
            "R=8,Conv=TR(R: 4, S: [2,2]),k=3",
            {"R": 8, "Conv": "TR(R: 4, S: [2,2])", "k": 3},
        ),
        ('Conv=std.nn.rCP (pad: "a,b)")', {"Conv": 'std.nn.rCP (pad: "a,b)")'}),
        ("Convs=[CP(R: 3), TR]", {"Convs": ["CP(R: 3)", "TR"]}),
        ("Stage.R=8,Stage.Conv_1.S=[2,2]", {"Stage.R": 8, "Stage.Conv_1.S": [2, 2]}),
    ],
)
def test_values(text: str, found: dict[str, object]) -> None:
    assert parameters([text]) == found


def test_the_last_one_counts() -> None:
    assert parameters(["R=1,S=2", "R=3"]) == {"R": 3, "S": 2}
    assert sizes([("a", "n=1,h=2"), ("b", "n=3")]) == {"n": 3, "h": 2}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "expected `name=value`"),
        ("R", "expected `name=value`"),
        ("R=", "expected `name=value`"),
        ("R=8,", "expected `name=value`"),
        ("8=R", "`8` is not the name of a parameter"),
        ("S=[4,4", "`]` is missing"),
        ("S=4]", "`]` closes nothing"),
        ("S=[4][4]", "`]` closes nothing"),
        ("S=(4]", "`]` closes nothing"),
        ('a="b', '`"` is missing'),
        ("S=" + "[" * 2000 + "]" * 2000, "brackets nest too deeply"),
        ("R=0x10", "`0x10` is no value"),
        ("R=8=9", "`8=9` is no value"),
        ("R=" + "9" * 5000, "is no value"),
        ("R=2*3", "`2*3` is no value"),
        ("Conv=CP(R: 3", "`)` is missing"),
        ("Conv=CP(R: 3)(x", "`)` is missing"),
        (".R=8", "`.R` is not the name of a parameter"),
        ("Stage.=8", "`Stage.` is not the name of a parameter"),
        ("Stage..R=8", "`Stage..R` is not the name of a parameter"),
    ],
)
def test_refused_parameters(text: str, complaint: str) -> None:
    with pytest.raises(Stop) as stop:
        parameters([text])
    assert stop.value.code == Exit.USAGE
    assert complaint in str(stop.value)


@pytest.mark.parametrize("text", ["n=0", "n=-3", "n=1.5", "n=x", "2=2", "n", "n=[1]", "n=1,,h=2"])
def test_refused_sizes(text: str) -> None:
    with pytest.raises(Stop, match=r"^error: there: "):
        sizes([("there", text)])


def test_sizes_of_modes_with_primes() -> None:
    assert sizes([("here", "h'=3, ...=4")]) == {"h'": 3, "...": 4}


@pytest.mark.parametrize(
    ("text", "pieces"),
    [("a,b", ["a", "b"]), ("a(1,2),[b,c]", ["a(1,2)", "[b,c]"]), ('",",{,}', ['","', "{,}"])],
)
def test_split(text: str, pieces: list[str]) -> None:
    assert split(text) == pieces
