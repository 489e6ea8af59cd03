"""`ratio:` gives the largest ranks with which a family is small enough."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import Any

import pytest

from tests.std.built import STANDARD
from tnc.diagnostics import Diagnostic, Report
from tnc.driver.front import Unit, opened
from tnc.elaborate import Elaborator

RATIOS = (0.02, 0.05, 0.1, 0.2, 0.4)
CONVOLUTIONS = [  # S, T, k, D, groups
    (32, 64, 3, 2, 1),
    (60, 48, 3, 2, 2),
    (96, 256, 1, 2, 1),
    (24, 36, 3, 3, 1),
    (20, 50, 5, 1, 1),
]
MATRICES = [(64, 60), (256, 100)]
RANKS = {  # the modes that are ranks, without their indices
    **dict.fromkeys(("SVD", "CP", "rCP", "rTT", "rTR", "rBT", "HT"), "r"),
    **dict.fromkeys(("TK", "BT", "rTK"), "pr"),
}
MORE_RANKS = {  # of convolutions only
    **dict.fromkeys(("CP4", "TT", "TR", "rHT", "Factoring"), "r"),
    "Bottleneck": "pr",
}

Weights = tuple[list[list[str]], dict[str, int]]
"""The modes of every weight but the bias, and their sizes."""


@cache
def standard(module: str) -> Unit:
    return opened(str(STANDARD / f"{module}.tnn"))


def weights_of(
    module: str, name: str, **settings: Any
) -> tuple[Weights | None, tuple[Diagnostic, ...]]:
    report = Report()
    layer = Elaborator(report).layer(standard(module).module, name, settings)
    if layer is None:
        return None, report.diagnostics
    modes = [
        [mode for axis in weight.axes for mode in axis]
        for weight in layer.weights
        if weight.name != "b"
    ]
    sizes = {mode.name: mode.size.value or 0 for each in modes for mode in each}
    return ([[mode.name for mode in each] for each in modes], sizes), report.diagnostics


def count(weights: list[list[str]], sizes: Mapping[str, int]) -> int:
    return sum(math.prod(sizes[mode] for mode in each) for each in weights)


def is_largest(letters: str, found: Weights, budget: Fraction, limits: Mapping[str, int]) -> None:
    """`limits` are the ranks that end before the budget does: ends of chains, and useful maxima."""
    weights, sizes = found
    assert count(weights, sizes) <= budget
    ranks = [mode for mode in sizes if mode.split("_")[0] in letters]
    assert ranks
    for rank in ranks:
        raised = count(weights, {**sizes, rank: sizes[rank] + 1})
        assert raised > budget or sizes[rank] == limits.get(rank), (rank, sizes)


def reached(module: str, name: str, dense: int, limits: Mapping[str, int], **settings: int) -> int:
    """How many of RATIOS there are ranks for; those are the largest, and none fit the others."""
    ones, said = weights_of(module, name, **settings, R=1)
    assert ones is not None, said
    feasible = 0
    for ratio in RATIOS:
        budget = Fraction(str(ratio)) * dense
        found, said = weights_of(module, name, **settings, ratio=ratio)
        if count(*ones) > budget:
            assert found is None
            assert [each.code for each in said] == ["E0305"]
        else:
            assert found is not None, said
            is_largest((RANKS | MORE_RANKS)[name], found, budget, limits)
            feasible += 1
    return feasible


def limits_of(name: str, S: int, k: int, D: int) -> dict[str, int]:
    taps = D if k > 1 else 0
    leaves = {f"r_{taps + 2 + a}": k for a in range(1, taps + 1)}  # of the tree: the taps
    known = {
        "TT": {"r_0": S},
        "HT": {"r_1": 1, "r_3": k * k, **leaves},
        "rTT": {"r_0": 1} if taps else {"r_0": 1, "r_2": 1},
        "rHT": {"r_1": k**D},
    }
    return known.get(name, {})


@pytest.mark.parametrize("name", [*RANKS, *MORE_RANKS])
def test_largest_ranks_of_a_convolution(name: str) -> None:
    feasible = 0
    for S, T, k, D, groups in CONVOLUTIONS:
        settings = {"S": S, "T": T, "k": k, "D": D, "groups": groups}
        dense = S * T // groups * k**D
        feasible += reached("convolution", name, dense, limits_of(name, S, k, D), **settings)
    assert feasible >= 3 * len(CONVOLUTIONS)


@pytest.mark.parametrize("name", RANKS)
def test_largest_ranks_of_a_matrix(name: str) -> None:
    limits = {"rTT": {"r_0": 1, "r_2": 1}, "HT": {"r_1": 1}}.get(name, {})
    feasible = sum(reached("dense", name, S * T, limits, S=S, T=T) for S, T in MATRICES)
    assert feasible >= 2 * len(MATRICES)


def test_the_rank_of_cp_by_hand() -> None:
    """32 to 64 channels: R = ⌊ratio · 9 · 32 · 64 / (32 + 64 + 9)⌋."""
    for ratio, rank in [(0.02, 3), (0.05, 8), (0.1, 17), (0.2, 35), (0.4, 70)]:
        found, _ = weights_of("convolution", "CP", S=32, T=64, ratio=ratio)
        assert found is not None
        assert found[1]["r"] == rank


def test_the_smallest_possible_ratio_is_named() -> None:
    found, (said,) = weights_of("convolution", "TR", S=16, T=16, ratio=0.001)
    assert found is None
    assert said.code == "E0305"
    assert "0.0165" in said.labels[0].text  # (16 + 16 + 3 + 3) / (9 · 16 · 16)
