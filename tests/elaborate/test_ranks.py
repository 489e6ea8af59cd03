"""Ranks from a budget, against search by hand."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from fractions import Fraction
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tnc.elaborate.ranks import Bond, Infeasible, Ranks, caps, largest
from tnc.ir.size import Size

NAMES = ("a", "b", "c", "d")
Terms = list[tuple[int, tuple[int, ...]]]  # coefficient, and the power of each bond
Problem = tuple[Terms, list[Bond], Fraction]


# --------------------------------------------------------------------- the largest ranks
def size_of(terms: Terms) -> Size:
    total = Size.of(0)
    for count, powers in terms:
        symbols = [Size.symbol(n) for n, p in zip(NAMES, powers, strict=False) for _ in range(p)]
        total = total + count * Size.product(symbols)
    return total


def answer(parameters: Size, bonds: Sequence[Bond], budget: Fraction) -> Ranks | int:
    """The largest ranks, or the least count where none fit."""
    try:
        return largest(parameters, bonds, budget)
    except Infeasible as refusal:
        return refusal.least


def count_of(terms: Terms, ranks: Sequence[int]) -> int:
    return sum(c * prod(r**p for r, p in zip(ranks, powers, strict=True)) for c, powers in terms)


@st.composite
def problems(draw: st.DrawFn, cap: int) -> Problem:
    """A budget from a little below what ranks of 1 need to a little above what all caps need."""
    number = draw(st.integers(1, 4))
    weights = st.integers(1, 9) | st.sampled_from([0.1, 0.3, 0.5, 2.75]) | st.floats(0.01, 100)
    bonds = [Bond(n, draw(st.integers(1, cap)), draw(weights)) for n in NAMES[:number]]
    powers = st.tuples(*[st.integers(0, 2)] * number)
    terms = draw(st.lists(st.tuples(st.integers(1, 50), powers), min_size=1, max_size=6))
    least = count_of(terms, [1] * number)
    most = count_of(terms, [bond.cap for bond in bonds])
    share = draw(st.fractions(Fraction(-1, 10), Fraction(11, 10), max_denominator=1000))
    return terms, bonds, least + share * (most - least) + draw(st.integers(-1, 1))


def by_hand(terms: Terms, bonds: Sequence[Bond], budget: Fraction) -> list[int]:
    """Every scale at which a rank changes, in turn; then every raise, one at a time."""
    weights = [Fraction(str(bond.weight)) for bond in bonds]
    scales = {n / w for b, w in zip(bonds, weights, strict=True) for n in range(b.cap + 1)}
    ranks = [1] * len(bonds)
    for scale in sorted(scales):
        pairs = zip(bonds, weights, strict=True)
        scaled = [max(1, min(b.cap, int(scale * w))) for b, w in pairs]
        if count_of(terms, scaled) <= budget:
            ranks = scaled
    while True:
        raised = [[r + (i == j) for j, r in enumerate(ranks)] for i in range(len(ranks))]
        fitting = [
            i
            for i, more in enumerate(raised)
            if ranks[i] < bonds[i].cap and count_of(terms, more) <= budget
        ]
        if not fitting:
            return ranks
        ranks = raised[min(fitting, key=lambda i: Fraction(ranks[i], bonds[i].cap))]


@given(problems(cap=40))
def test_the_ranks_are_those_found_by_hand(problem: Problem) -> None:
    terms, bonds, budget = problem
    names = [bond.name for bond in bonds]
    least = count_of(terms, [1] * len(bonds))
    expected = dict(zip(names, by_hand(*problem), strict=True)) if least <= budget else least
    assert answer(size_of(terms), bonds, budget) == expected


@given(problems(cap=5))
def test_no_larger_ranks_fit(problem: Problem) -> None:
    terms, bonds, budget = problem
    box = list(itertools.product(*[range(1, bond.cap + 1) for bond in bonds]))
    fitting = [ranks for ranks in box if count_of(terms, ranks) <= budget]
    found = answer(size_of(terms), bonds, budget)
    if isinstance(found, int):
        assert fitting == []
        assert found == min(count_of(terms, ranks) for ranks in box)
    else:
        ranks = tuple(found.values())
        assert [r for r in fitting if all(map(int.__ge__, r, ranks))] == [ranks]


def test_ranks_follow_their_weights() -> None:
    a, b = Size.symbol("a"), Size.symbol("b")
    assert largest(a + b, [Bond("a", 99, 1), Bond("b", 99, 3)], 40) == {"a": 10, "b": 30}
    assert largest(a + b, [Bond("a", 4), Bond("b", 99)], 40) == {"a": 4, "b": 36}
    assert largest(a + b, [Bond("a", 3, 3), Bond("b", 99, 2.5)], 5) == {"a": 3, "b": 2}


def test_a_weight_is_the_decimal_that_was_written() -> None:
    """In binary 3·0.1 is not 0.3: `a` would grow to 10 before `b` grows to 30, not with it."""
    a, b = Size.symbol("a"), Size.symbol("b")
    for weights in ((1, 3), (0.1, 0.3)):
        bonds = [Bond("a", 12, weights[0]), Bond("b", 99, weights[1])]
        assert largest(a + b, bonds, 39) == {"a": 9, "b": 30}


def test_of_equals_the_first_is_raised() -> None:
    a, b = Size.symbol("a"), Size.symbol("b")
    assert largest(a + b, [Bond("a", 9), Bond("b", 9)], 7) == {"a": 4, "b": 3}
    assert largest(a + b, [Bond("b", 9), Bond("a", 9)], 7) == {"b": 4, "a": 3}


def test_what_is_left_goes_to_the_rank_furthest_from_its_cap() -> None:
    a, b, c = map(Size.symbol, "abc")
    assert largest(a + b, [Bond("a", 9), Bond("b", 10)], 7) == {"a": 3, "b": 4}
    # scaled to 1, 3, 4; of the shares 1/3, 3/10 and 4/11 the second is the lowest
    bonds = [Bond("a", 3, 1), Bond("b", 10, 3), Bond("c", 11, 4)]
    assert largest(a + b + 2 * c, bonds, 13) == {"a": 1, "b": 4, "c": 4}
    # 9 does not fit once more; all that is left goes to b
    assert largest(9 * a + b, [Bond("a", 9), Bond("b", 9)], 26) == {"a": 2, "b": 8}


def test_large_caps_take_few_evaluations(monkeypatch: pytest.MonkeyPatch) -> None:
    evaluated, left = Size.evaluate, iter(range(2000))

    def evaluate(size: Size, binding: Ranks) -> int:
        next(left)  # the test ends here when there were too many
        return evaluated(size, binding)

    monkeypatch.setattr(Size, "evaluate", evaluate)
    a, b = Size.symbol("a"), Size.symbol("b")
    bonds = [Bond("a", 2**200), Bond("b", 2**200)]
    assert largest(10**30 * a + b, bonds, 2 * 10**30) == {"a": 1, "b": 10**30}


def test_without_bonds_only_the_budget_counts() -> None:
    assert largest(Size.of(7), [], 7) == {}
    with pytest.raises(Infeasible) as refusal:
        largest(Size.of(7), [], Fraction(69, 10))
    assert refusal.value.least == 7


@pytest.mark.parametrize(("cap", "weight"), [(0, 1), (1, 0), (1, -0.5)])
def test_caps_and_weights_are_positive(cap: int, weight: float) -> None:
    with pytest.raises(ValueError):
        Bond("a", cap, weight)


def test_a_size_of_something_else_is_no_count_of_ranks() -> None:
    with pytest.raises(KeyError):
        largest(Size.symbol("n"), [Bond("a", 3)], 10)


# --------------------------------------------------------------------- families of layers
# The factors of each family, its ranks, and the number of parameters in closed form. Modes of
# reshaped families: s, x the factors of S and t, y those of T.
CONVOLUTIONS = {
    "SVD": ("sir rjt", "r", lambda S, T, k, r: k * r * (S + T)),
    "CP": ("sr ijr rt", "r", lambda S, T, k, r: r * (S + T + k * k)),
    "CP4": ("sr ir jr rt", "r", lambda S, T, k, r: r * (S + T + 2 * k)),
    "TK": ("sp ijpq qt", "pq", lambda S, T, k, p, q: S * p + k * k * p * q + q * T),
    "TT": ("sp ipq jqr rt", "pqr", lambda S, T, k, p, q, r: S * p + k * q * (p + r) + r * T),
    "TR": (
        "zsp piq qjr rtz",
        "zpqr",
        lambda S, T, k, z, p, q, r: z * (S * p + r * T) + k * q * (p + r),
    ),
    "HT": (
        "sa ib jc td abe cde",
        "abcde",
        lambda S, T, k, a, b, c, d, e: S * a + k * (b + c) + T * d + e * (a * b + c * d),
    ),
    "BT": ("usp uijpq uqt", "pq", lambda S, T, k, p, q: 2 * (S * p + k * k * p * q + q * T)),
}
RESHAPED = {
    "r-CP": ("rst rxy ijr", "r", lambda s, x, t, y, k, r: r * (s * t + x * y + k * k)),
    "r-TK": (
        "sa xb ijabcd ct dy",
        "abcd",
        lambda s, x, t, y, k, a, b, c, d: s * a + x * b + k * k * a * b * c * d + c * t + d * y,
    ),
    "r-TT": (
        "stp pxyq ijq",
        "pq",
        lambda s, x, t, y, k, p, q: p * s * t + p * q * x * y + q * k * k,
    ),
    "r-TR": (
        "zstp pxyq ijqz",
        "zpq",
        lambda s, x, t, y, k, z, p, q: z * s * t * p + p * q * x * y + q * z * k * k,
    ),
}
DENSE = {
    "SVD": ("sr rt", "r", lambda S, T, k, r: r * (S + T)),
    "HT": ("sa tb ab", "ab", lambda S, T, k, a, b: S * a + T * b + a * b),
    "BT": ("usp upq uqt", "pq", lambda S, T, k, p, q: 2 * (S * p + p * q + q * T)),
}
RESHAPED_DENSE = {
    "r-CP": ("rst rxy", "r", lambda s, x, t, y, k, r: r * (s * t + x * y)),
    "r-TK": (
        "sa xb abcd ct dy",
        "abcd",
        lambda s, x, t, y, k, a, b, c, d: s * a + x * b + a * b * c * d + c * t + d * y,
    ),
    "r-TT": ("stp pxy", "p", lambda s, x, t, y, k, p: p * (s * t + x * y)),
    "r-TR": ("zstp pxyz", "zp", lambda s, x, t, y, k, z, p: z * p * (s * t + x * y)),
}
HALVES = {16: (4, 4), 32: (8, 4), 64: (8, 8), 256: (16, 16)}
TABLES = {
    "convolution": (CONVOLUTIONS | RESHAPED, (1, 3)),
    "dense": (DENSE | RESHAPED_DENSE, (1,)),
}
LAYERS = [
    pytest.param(*family, S, T, k, id=f"{kind} {name} {S} to {T}, {k} taps")
    for kind, (families, taps) in TABLES.items()
    for name, family in families.items()
    for S, T in [(16, 16), (16, 32), (64, 64), (256, 256)]
    for k in taps
]


@pytest.mark.parametrize(("network", "bonds", "count", "S", "T", "k"), LAYERS)
@pytest.mark.parametrize("percent", [2, 5, 10, 20, 40])
def test_families_keep_their_budget_and_use_it(
    network: str, bonds: str, count: Callable[..., int], S: int, T: int, k: int, percent: int
) -> None:
    reshaped = "x" in network
    channels = (*HALVES[S], *HALVES[T]) if reshaped else (S, T)
    sizes = dict(zip("sxty" if reshaped else "st", channels, strict=True)) | {"i": k, "j": k}
    known = sizes | {"u": 2}
    factors = [[known.get(m) or Size.symbol(m) for m in factor] for factor in network.split()]
    useful = caps(network.split(), sizes, bonds)
    budget = Fraction(percent, 100) * S * T * k * k
    found = answer(
        sum(map(Size.product, factors), Size.of(0)),
        [Bond(bond, cap, cap) for bond, cap in useful.items()],
        budget,
    )
    if isinstance(found, int):
        assert found == count(*channels, k, *[1] * len(bonds)) > budget
        assert S < 256
        return
    assert count(*channels, k, *found.values()) <= budget
    for bond, cap in useful.items():
        more = found | {bond: found[bond] + 1}
        assert 1 <= found[bond] <= cap
        assert found[bond] == cap or count(*channels, k, *more.values()) > budget
