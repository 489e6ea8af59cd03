"""The largest ranks that are of use, against the ranks of matrices."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isqrt, prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tnc.elaborate.ranks import Ranks, caps


def matrix_rank(
    factors: Sequence[Sequence[str]],
    sizes: Mapping[str, int],
    rows: Sequence[str],
    columns: Sequence[str],
    batch: Sequence[str] = (),
) -> int:
    """The largest rank, over the batch, of the network with random factors as a matrix."""
    random = np.random.default_rng(0)
    names = list(sizes)
    operands: list[object] = []
    for factor in factors:
        operands.append(random.standard_normal([sizes[mode] for mode in factor]))
        operands.append([names.index(mode) for mode in factor])
    kept = [names.index(mode) for mode in [*batch, *rows, *columns]]
    shape = (-1, prod(sizes[mode] for mode in rows), prod(sizes[mode] for mode in columns))
    matrices = np.einsum(*operands, kept, optimize=True).reshape(shape)
    return int(max(np.linalg.matrix_rank(matrices)))


@dataclass(frozen=True)
class Tree:
    factors: list[list[str]]
    sizes: dict[str, int]  # of the open modes
    below: dict[str, list[int]]  # the factors on one side of each bond
    groups: list[str]  # open modes that all factors have


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    number = draw(st.integers(2, 5))
    parents = {child: draw(st.integers(0, child - 1)) for child in range(1, number)}
    factors: list[list[str]] = [[] for _ in range(number)]
    below: dict[str, list[int]] = {}
    for child in reversed(parents):
        factors[child].append(f"r{child}")
        factors[parents[child]].append(f"r{child}")
        under = [below[f"r{other}"] for other in parents if parents[other] == child]
        below[f"r{child}"] = [child, *itertools.chain(*under)]
    sizes = {f"o{i}": draw(st.integers(1, 3)) for i in range(draw(st.integers(1, 4)))}
    for mode in sizes:
        factors[draw(st.integers(0, number - 1))].append(mode)
    groups = ["q"] if draw(st.booleans()) else []
    return Tree(
        [factor + groups for factor in factors], sizes | dict.fromkeys(groups, 2), below, groups
    )


@given(trees())
def test_the_cap_of_a_tree_bond_is_the_rank_of_the_kernel(tree: Tree) -> None:
    opens = [mode for mode in tree.sizes if mode not in tree.groups]
    # a matrix has at most the root of its number of entries as its rank: no bond limits it
    sizes = tree.sizes | dict.fromkeys(tree.below, isqrt(prod(tree.sizes[m] for m in opens)))
    for bond, cap in caps(tree.factors, tree.sizes, tree.below).items():
        inside = {mode for i in tree.below[bond] for mode in tree.factors[i]}
        rows = [mode for mode in opens if mode in inside]
        columns = [mode for mode in opens if mode not in inside]
        assert cap == matrix_rank(tree.factors, sizes, rows, columns, tree.groups)


@given(st.lists(st.integers(1, 4), min_size=2, max_size=5))
def test_the_cap_of_a_ring_bond_is_the_largest_over_its_chains(opens: list[int]) -> None:
    number = len(opens)
    bonds = [f"r{i}" for i in range(number)]  # r_i is between the factors i - 1 and i
    factors = [[bonds[i], f"o{i}", bonds[(i + 1) % number]] for i in range(number)]
    sizes = {f"o{i}": size for i, size in enumerate(opens)}

    def chain(bond: int, cut: int) -> int:
        arc = [f"o{i}" for i in range(min(bond, cut), max(bond, cut))]
        rest = [mode for mode in sizes if mode not in arc]
        ranks = dict.fromkeys(bonds, isqrt(prod(opens))) | {bonds[cut]: 1}
        return matrix_rank(factors, sizes | ranks, arc, rest)

    for i, bond in enumerate(bonds):
        ranks = [chain(i, cut) for cut in range(number) if cut != i]
        assert caps(factors, sizes, [bond]) == {bond: max(ranks)}


@given(st.lists(st.integers(1, 3), min_size=2, max_size=3), st.integers(0, 3))
def test_the_cap_of_a_hyperedge_is_met_where_one_mode_is_as_large_as_the_others_together(
    others: list[int], more: int
) -> None:
    sizes = {f"o{i}": size for i, size in enumerate([*others, prod(others) + more])}
    factors = [[mode, "r"] for mode in sizes]
    (*rows, column) = sizes
    rank = matrix_rank(factors, sizes | {"r": prod(others) + 1}, rows, [column])
    assert caps(factors, sizes, ["r"]) == {"r": rank}


SIZES = {"s": 5, "t": 7, "i": 3, "j": 2, "q": 4}


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        ("sr rt", {"r": 5}),  # SVD
        ("sr ijr rt", {"r": 5 * 6}),  # CP: 5·6·7 by the largest, 7
        ("sr ir jr rt", {"r": 5 * 3 * 2}),  # CP4
        ("qsr qijr qrt", {"r": 5 * 6}),  # CP in groups
        ("sr qir qrt", {"r": 5 * 3}),  # s and t·q: t holds q, and with it the kernel
        ("sp ijpx qxt", {"p": 5, "x": 28}),  # Tucker
        ("sa ib jc td abe cde", {"a": 5, "b": 3, "c": 2, "d": 7, "e": 14}),  # HT
        ("bsp bijpx bxt", {"b": 5 * 6, "p": 5, "x": 7}),  # block term
        ("sxy xyt", {"x": 5, "y": 5}),  # two bonds side by side
        ("sr rijz zt uq", {"r": 5, "z": 7}),  # beside a factor that nothing connects
        ("su tv isr", {"u": 1, "r": 1, "x": 1}),  # bonds that bind nothing
        ("sabc tade ibdf jcef", {"a": 5 * 3 * 2, "f": 5 * 3 * 2}),  # every two of four share one
    ],
)
def test_useful_ranks(network: str, expected: Ranks) -> None:
    factors = network.split()
    assert caps(factors, SIZES, expected) == expected
    assert caps(factors[::-1], dict(reversed(SIZES.items())), expected) == expected
