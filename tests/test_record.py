"""Records beside the frozen, slotted dataclasses of the standard library."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import (
    FrozenInstanceError,
    asdict,
    astuple,
    dataclass,
    field,
    fields,
    is_dataclass,
    replace,
)
from inspect import signature
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tnc.record import record

Decorator = Callable[..., Any]
standard: Decorator = dataclass(frozen=True, slots=True)


def family(decorate: Decorator) -> tuple[type[Any], ...]:
    """The same classes by either decorator: no field, one, several, inherited ones, all options."""

    @decorate
    class Empty:
        pass

    @decorate
    class One:
        """One field."""

        a: int

    @decorate
    class Base:
        a: int
        b: str = "b"

    @decorate
    class Derived(Base):
        c: list[int] = field(default_factory=list)
        d: int = field(default=4, compare=False)
        e: int = field(default=5, repr=False)

    @decorate
    class Checked:
        a: int
        twice: int = field(init=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "twice", 2 * self.a)

    @decorate
    class Own:
        a: int

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Own) and abs(self.a) == abs(other.a)

        def __hash__(self) -> int:
            return 7

        def __repr__(self) -> str:
            return "mine"

    @decorate
    class Loose:
        a: int

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Loose) and abs(self.a) == abs(other.a)

    return Empty, One, Base, Derived, Checked, Own, Loose


OURS, THEIRS = family(record), family(standard)
PAIRS = [pytest.param(*pair, id=pair[0].__name__) for pair in zip(OURS, THEIRS, strict=True)]
ARGUMENTS: dict[str, list[dict[str, Any]]] = {
    "Empty": [{}],
    "One": [{"a": 1}, {"a": 2}],
    "Base": [{"a": 1}, {"a": 1, "b": "c"}, {"a": 1, "b": "b"}],
    "Derived": [
        {"a": 1},
        {"a": 1, "d": 9},
        {"a": 1, "e": 9},
        {"a": 1, "c": [2]},
        {"a": 1, "b": "b", "c": []},
    ],
    "Checked": [{"a": 1}, {"a": 3}],
    "Own": [{"a": 1}, {"a": -1}, {"a": 2}],
    "Loose": [{"a": 1}, {"a": -1}, {"a": 2}],
}


def instances(cls: type[Any]) -> list[Any]:
    return [cls(**words) for words in ARGUMENTS[cls.__name__]]


def outcome(call: Callable[[], object]) -> object:
    """What a call returns, or the kind of its error."""
    try:
        return call()
    except Exception as error:  # noqa: BLE001
        return type(error)


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_values_are_the_same(ours: type[Any], theirs: type[Any]) -> None:
    assert is_dataclass(ours)
    assert ours.__match_args__ == theirs.__match_args__
    assert ours.__slots__ == theirs.__slots__
    assert [each.name for each in fields(ours)] == [each.name for each in fields(theirs)]
    assert [*signature(ours).parameters] == [*signature(theirs).parameters]
    for mine, yours in zip(instances(ours), instances(theirs), strict=True):
        assert repr(mine).replace(".<locals>", "") == repr(yours).replace(".<locals>", "")
        assert (asdict(mine), astuple(mine)) == (asdict(yours), astuple(yours))
        assert not hasattr(mine, "__dict__")


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_they_compare_and_hash_alike(ours: type[Any], theirs: type[Any]) -> None:
    mine, yours = instances(ours), instances(theirs)
    for j, left in enumerate(mine):
        for k, right in enumerate(mine):
            assert (left == right) == (yours[j] == yours[k])
        assert outcome(lambda j=j: hash(mine[j])) == outcome(lambda j=j: hash(yours[j]))
        assert left != yours[j]
        assert left != "something else"


@pytest.mark.parametrize("cls", OURS)
def test_they_are_copied_and_replaced(cls: type[Any]) -> None:
    for each in instances(cls):
        for twin in (copy.copy(each), copy.deepcopy(each), replace(each)):
            assert type(twin) is cls
            assert asdict(twin) == asdict(each)
    derived = OURS[3](1, d=9)
    assert asdict(replace(derived, a=2)) == {"a": 2, "b": "b", "c": [], "d": 9, "e": 5}


@pytest.mark.parametrize("cls", OURS)
def test_they_never_change(cls: type[Any]) -> None:
    for each in instances(cls):
        for name in ("a", "more"):
            with pytest.raises(FrozenInstanceError, match=f"cannot assign to field '{name}'"):
                setattr(each, name, 1)
            with pytest.raises(FrozenInstanceError, match=f"cannot delete field '{name}'"):
                delattr(each, name)


def test_defaults_are_made_anew() -> None:
    derived = OURS[3]
    assert derived(1).c is not derived(1).c
    given = [1]
    assert derived(1, "b", given).c is given


@pytest.mark.parametrize("words", [{}, {"a": 1, "more": 2}], ids=["too few", "too many"])
def test_arguments_are_those_of_the_fields(words: dict[str, int]) -> None:
    for cls in (OURS[1], THEIRS[1]):
        with pytest.raises(TypeError, match=r"One\.__init__"):
            cls(**words)


@given(st.one_of(st.floats(), st.integers(), st.text(), st.lists(st.integers())))
def test_a_value_that_is_not_equal_to_itself(value: object) -> None:
    """Contents are compared like tuples, which take what is identical for equal."""
    for cls in (OURS[1], THEIRS[1]):
        assert cls(value) == cls(value)


def test_identity_where_it_is_asked_for() -> None:
    @record(eq=False)
    class Alone:
        a: int

    one = Alone(1)
    assert one != Alone(1)
    assert len({one, Alone(1), one}) == 2


@record
class Stored:
    """At the top of a module, where pickle finds it."""

    a: int
    b: tuple[int, ...] = ()


def test_they_are_pickled() -> None:
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(Stored(1, (2,)), protocol)) == Stored(1, (2,))


def test_they_match_by_position_and_by_name() -> None:
    match Stored(1, (2,)):
        case Stored(a, b=(c,)):
            assert (a, c) == (1, 2)
        case _:
            raise AssertionError
