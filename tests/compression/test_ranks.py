"""Ranks from ratios, errors and budgets, beside counts that know nothing of the compiler."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from random import Random

import pytest
import torch
from torch import nn

import tnc
from tests.compression.models import net
from tnc.compression.budget import Infeasible
from tnc.compression.ranks import decimal, part_of

Count = Callable[..., int]
"""Parameters by S, T, the sizes of its taps, of which a 1 × 1 kernel has none, and ranks."""


def balanced(n: int) -> tuple[int, int]:
    """n = a·b with a ≤ b as near to each other as can be."""
    a = next(a for a in range(math.isqrt(n), 0, -1) if n % a == 0)
    return a, n // a


def pairs(S: int, T: int) -> list[int]:
    """S_lT_l of two pairs."""
    return [s * t for s, t in zip(balanced(S), balanced(T), strict=True)]


def halves(f: tuple[int, ...]) -> tuple[int, int]:
    """The taps that are on the side of S, and those on the side of T."""
    half = (len(f) + 1) // 2
    return math.prod(f[:half]), math.prod(f[half:])


def of_svd(S: int, T: int, f: tuple[int, ...], r: int) -> int:
    first, second = halves(f)
    return r * (S * first + second * T)


def of_tt(S: int, T: int, f: tuple[int, ...], *r: int) -> int:
    return S * r[0] + sum(k * a * b for k, a, b in zip(f, r, r[1:], strict=False)) + r[-1] * T


def of_rtt(S: int, T: int, f: tuple[int, ...], *r: int) -> int:
    first, second = pairs(S, T)
    if not f:
        return r[0] * (first + second)
    return first * r[0] + second * r[0] * r[1] + math.prod(f) * r[1]


def of_tr(S: int, T: int, f: tuple[int, ...], *r: int) -> int:
    return of_tt(S * r[-1], T * r[-1], f, *r[:-1])


def of_rtr(S: int, T: int, f: tuple[int, ...], *r: int) -> int:
    first, second = pairs(S, T)
    taps = math.prod(f) * r[1] * r[2] if f else 0
    return first * r[-1] * r[0] + second * r[0] * r[1] + taps


def of_rtk(S: int, T: int, f: tuple[int, ...], *r: int) -> int:
    factors = zip((*balanced(S), *balanced(T)), r, strict=True)
    return sum(size * rank for size, rank in factors) + math.prod(f) * math.prod(r)


def of_bt(S: int, T: int, f: tuple[int, ...], p: int, r: int) -> int:
    return 4 * (S * p + math.prod(f) * p * r + r * T)


def of_rbt(S: int, T: int, f: tuple[int, ...], p: int, r: int) -> int:
    first, second = pairs(S, T)
    return 4 * (first * p + second * r + math.prod(f) * p * r)


def of_ht(S: int, T: int, f: tuple[int, ...], *r: int) -> int:
    """`r`: the ranks of the nodes 2, 3, … of a full binary tree, whose leaves are the last."""
    leaves = (S, *f, T)
    return (
        sum(size * rank for size, rank in zip(leaves, r[-len(leaves) :], strict=True))
        + r[0] * r[1]
        + sum(r[v - 2] * r[2 * v - 2] * r[2 * v - 1] for v in range(2, len(leaves)))
    )


def of_rht(S: int, T: int, f: tuple[int, ...], *r: int) -> int:
    """`r`: of the root, if there are taps above it, and of the two pairs below it."""
    first, second = pairs(S, T)
    top = r[0] if f else 1
    return first * r[-2] + second * r[-1] + top * r[-2] * r[-1] + (math.prod(f) * top if f else 0)


# ΣS_lT_lR_{l−1}R_l and the like, as the literature has them
CONVOLUTIONS: dict[str, Count] = {
    "SVD": of_svd,
    "CP": lambda S, T, f, r: r * (S + T + (math.prod(f) if f else 0)),
    "CP4": lambda S, T, f, r: r * (S + T + sum(f)),
    "TK": lambda S, T, f, p, r: S * p + math.prod(f) * p * r + r * T,
    "TT": of_tt,
    "TR": of_tr,
    "BT": of_bt,
    "HT": of_ht,
    "rCP": lambda S, T, f, r: r * (sum(pairs(S, T)) + (math.prod(f) if f else 0)),
    "rTK": of_rtk,
    "rTT": of_rtt,
    "rTR": of_rtr,
    "rBT": of_rbt,
    "rHT": of_rht,
}
MATRICES: dict[str, Count] = {
    **{name: CONVOLUTIONS[name] for name in ("SVD", "TK", "BT", "rCP", "rTK", "rTT", "rTR", "rBT")},
    "HT": of_rht,  # of a matrix over pairs of factors
}


def drawn(seed: int) -> tuple[nn.Module, str, Count, tuple[int, int, tuple[int, ...], int], float]:
    """A layer, a family with its number of parameters in a group, the sizes, and a ratio."""
    draw = Random(seed)
    S, T = draw.choice((16, 24, 30, 48, 64, 96)), draw.choice((16, 20, 36, 64, 80, 128))
    ratio = round(draw.choice((0.02, 0.05, 0.1, 0.2, 0.4)) * (0.8 + 0.4 * draw.random()), 4)
    if draw.random() < 0.3:
        family = draw.choice(sorted(MATRICES))
        return nn.Linear(S, T, device="meta"), family, MATRICES[family], (S, T, (), 1), ratio
    family, k = draw.choice(sorted(CONVOLUTIONS)), draw.choice((1, 3, 3, 5))
    groups, D = draw.choice((1, 1, 2)), draw.choice((1, 2, 2, 3))
    kind = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[D - 1]
    layer = kind(S, T, k, padding=k // 2, groups=groups, device="meta")
    taps = () if k == 1 else (k,) * D
    return layer, family, CONVOLUTIONS[family], (S // groups, T // groups, taps, groups), ratio


@pytest.mark.parametrize("seed", range(200))
def test_the_ratio_is_kept_and_no_rank_could_be_larger(seed: int) -> None:
    layer, family, count, (S, T, f, groups), ratio = drawn(seed)
    model = nn.Sequential(layer)
    given = f"{family}(blocks: 4)" if family in ("BT", "rBT") else family
    table = tnc.compress(model, family=given, ratio=ratio, include="*", dry_run=True).table
    (row,) = table.rows
    kernel = S * T * math.prod(f)  # all figures are those of a group
    budget = Fraction(str(ratio)) * kernel  # 0.018 · 24000 is 432
    names = ranks_of(family, f, isinstance(layer, nn.Linear))
    ones = [1] * len(names)
    if not row.family:
        least = count(S, T, f, *ones)
        assert least > budget
        assert row.reason.endswith(f"the smallest possible ratio is {least / kernel:.3g}")
        return
    sizes = [row.ranks.get(name, 1) for name in names]  # those of 1 are left out
    assert row.ranks.keys() - {"e"} <= set(names)  # of `e`, blocks, there are always four
    assert row.kernel == groups * count(S, T, f, *sizes)
    assert row.parameters == row.kernel + groups * T
    assert row.kernel <= groups * budget
    capped = caps(family, S, T, f, isinstance(layer, nn.Linear))
    for at, name in enumerate(names):
        raised = [size + (number == at) for number, size in enumerate(sizes)]
        enough = sizes[at] == capped.get(name)
        assert count(S, T, f, *raised) > budget or enough, (family, name, row.ranks)


def ranks_of(family: str, f: tuple[int, ...], matrix: bool) -> tuple[str, ...]:
    """The names of the ranks in the order in which they are counted."""
    D = len(f)
    match family:
        case "TK" | "BT":
            return "p", "r"
        case "rTK":
            return "p_1", "p_2", "r_1", "r_2"
        case "TR":
            return tuple(f"r_{at}" for at in range(D + 2))
        case "TT":
            return tuple(f"r_{at}" for at in range(D + 1))
        case "HT" if not matrix:
            return tuple(f"r_{v}" for v in range(2, 2 * D + 4))
        case "HT":
            return "r_2", "r_3"
        case "rHT":
            return ("r_1", "r_2", "r_3") if f else ("r_2", "r_3")
        case "rTR":
            return ("r_1", "r_2", "r_3") if f else ("r_1", "r_2")
        case "rBT":
            return "r_1", "r_2"
        case "rTT":
            return ("r_1", "r_2") if f else ("r_1",)
        case _:
            return ("r",)


def caps(family: str, S: int, T: int, f: tuple[int, ...], matrix: bool) -> dict[str, int]:
    """The largest useful rank of each bond of a tree: the smaller of the sizes on its sides. Sums
    and rings have none at these ratios."""
    (a, b), (c, d), taps = balanced(S), balanced(T), math.prod(f)
    match family:
        case "SVD":
            first, second = halves(f)
            return {"r": min(S * first, T * second)}
        case "TK":
            return {"p": min(S, T * taps), "r": min(S * taps, T)}
        case "TT":
            before = [S * math.prod(f[:at]) for at in range(len(f) + 1)]
            return {f"r_{at}": min(left, S * T * taps // left) for at, left in enumerate(before)}
        case "rTT":
            return {"r_1": min(a * c, b * d * taps), "r_2": min(S * T, taps)}
        case "rTK":
            return {"p_1": a, "p_2": b, "r_1": c, "r_2": d}
        case "HT" if not matrix:
            leaves = (S, *f, T)
            below = {len(leaves) + at: size for at, size in enumerate(leaves)}
            for v in range(len(leaves) - 1, 1, -1):
                below[v] = below[2 * v] * below[2 * v + 1]
            return {f"r_{v}": min(size, S * T * taps // size) for v, size in below.items()}
        case "HT" | "rHT":
            return {
                "r_1": min(taps, S * T),
                "r_2": min(a * c, b * d * taps),
                "r_3": min(b * d, a * c * taps),
            }
        case _:
            return {}


def test_decimals_stand_for_whole_numbers_of_parameters() -> None:
    draw = Random(0)
    for _ in range(500):
        whole = draw.randrange(1, 10**7)
        part = draw.randrange(1, whole + 1)
        text = decimal(part, whole)
        digits = text.partition(".")[2]
        assert int(text.replace(".", "")) * whole // 10 ** len(digits) == part
        assert part_of(float(text), whole) == part
    assert part_of(0.018, 24000) == 432  # in binary 431.99999999999994


# ---------------------------------------------------------------- other ways to ask


def decaying(S: int, T: int, base: float) -> tuple[nn.Linear, list[float]]:
    """A layer whose singular values are powers of `base`, and its errors by rank."""
    layer = nn.Linear(S, T, bias=False)
    values = base ** torch.arange(min(S, T), dtype=torch.float64)
    (left, _, right) = torch.linalg.svd(torch.randn(T, S, dtype=torch.float64), full_matrices=False)
    with torch.no_grad():
        layer.weight.copy_(left * values @ right)
    squares = values.square()
    return layer, [float((squares[r:].sum() / squares.sum()).sqrt()) for r in range(len(values))]


@pytest.mark.parametrize("error", [0.5, 0.3, 0.2, 0.12])
def test_an_error_gives_the_smallest_rank_that_meets_it(error: float) -> None:
    torch.manual_seed(0)
    layer, errors = decaying(48, 40, 0.9)
    made = tnc.compress(nn.Sequential(layer), family="SVD", error=error, include="*")
    (row,) = made.table.rows
    wanted = next(r for r, told in enumerate(errors) if told <= error)
    assert row.ranks == {"r": wanted}
    assert row.error == pytest.approx(errors[wanted], rel=1e-3)


def test_an_error_that_no_rank_meets_leaves_the_layer_dense() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(16, 16))
    (row,) = tnc.compress(model, family="SVD", error=0.01, include="*", dry_run=True).table.rows
    assert row.reason.startswith("no ranks below the dense layer's size reach the error 0.01")


@pytest.mark.parametrize("budget", [0.3, 0.45, 900])
def test_a_budget_is_kept_and_shared_by_gain(budget: float) -> None:
    torch.manual_seed(0)
    easy, hard = nn.Linear(32, 32, bias=False), nn.Linear(32, 32, bias=False)
    with torch.no_grad():
        easy.weight.copy_(torch.outer(torch.randn(32), torch.randn(32)))
    model = nn.ModuleDict({"easy": easy, "hard": hard})
    made = tnc.compress(model, family="SVD", budget=budget, include="*")
    most = 2048 * budget if budget < 1 else budget
    assert made.model is not None
    assert sum(each.numel() for each in made.model.parameters()) == made.table.parameters
    assert most - 64 < made.table.parameters <= most  # one rank more has 64
    rows = {row.names[0]: row for row in made.table.rows}
    assert rows["easy"].kernel == 64  # a rank of 1 is all that it can use
    assert rows["easy"].error is not None
    assert rows["easy"].error < 1e-6


def test_a_budget_is_shared_almost_as_well_as_can_be() -> None:
    torch.manual_seed(0)
    layers = {"steep": decaying(32, 32, 0.7), "flat": decaying(32, 32, 0.97)}
    model = nn.ModuleDict({name: layer for name, (layer, _) in layers.items()})
    made = tnc.compress(model, family="SVD", budget=0.4, include="*", dry_run=True)
    ranks = {row.names[0]: row.ranks.get("r", 1) for row in made.table.replaced}
    most = int(0.4 * 2048) // 64  # of both ranks together

    def loss(steep: int, flat: int) -> float:
        return layers["steep"][1][steep] ** 2 + layers["flat"][1][flat] ** 2

    best = min(loss(r, most - r) for r in range(1, most))
    assert sum(ranks.values()) == most
    assert loss(**ranks) <= 1.05 * best
    assert loss(most // 2, most - most // 2) > 1.05 * best  # equal shares are no solution


def test_a_budget_may_leave_layers_dense() -> None:
    torch.manual_seed(0)
    model = nn.ModuleDict({"a": nn.Linear(16, 16), "b": nn.Linear(16, 16)})
    made = tnc.compress(model, family="SVD", budget=1.0, include="*", dry_run=True)
    assert {row.reason for row in made.table.rows} == {"with this budget it is best left dense"}
    assert made.table.parameters == made.table.dense_parameters == 544


def test_a_budget_is_met_to_the_last_parameter() -> None:
    """0.35 of 360 is 126, in binary a little less; a rank has 42 parameters."""
    model = nn.Sequential(nn.Linear(12, 30, bias=False))
    made = tnc.compress(model, family="SVD", budget=0.35, include="*", dry_run=True)
    assert made.table.parameters == 126


def test_a_budget_that_is_too_small_says_the_least() -> None:
    with pytest.raises(Infeasible, match="the least possible is") as told:
        tnc.compress(net(), family={"Conv": "CP", "Linear": "SVD"}, budget=100)
    least = told.value.least
    made = tnc.compress(net(), family={"Conv": "CP", "Linear": "SVD"}, budget=least, dry_run=True)
    assert made.table.parameters == least
    assert all(not row.ranks for row in made.table.rows)  # every rank is 1


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"ratio": 0.1, "error": 0.1}, "give one of ratio, rank, error and budget"),
        ({"ratio": 0.0}, "above 0"),
        ({"ratio": 1.5}, "at most 1"),
        ({"error": -1.0}, "above 0"),
        ({"rank": 0}, "at least 1"),
        ({"budget": 0}, "above 0"),
        ({"budget": 1.5}, "give parameters, a whole number, or a part of the model, at most 1.0"),
    ],
)
def test_what_makes_no_sense_is_refused(settings: dict[str, float], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        tnc.compress(net(), **settings)  # type: ignore[arg-type]


LOW = """tnn 1
layer Low(S: int, T: int, R: int) {
  mode s: S, t: T, r: R
  input x[..., s]
  weight A[s, r], B[r, t]
  output y[..., t] = x * A * B
}
"""


def test_a_family_with_only_a_rank_meets_a_ratio() -> None:
    lib = tnc.load(source=LOW)
    model = nn.Sequential(nn.Linear(32, 48, bias=False), nn.Linear(48, 32))
    table = tnc.compress(model, family=lib.Low, ratio=0.2, include="*", dry_run=True).table
    first, second = table.rows
    assert first.ranks == {"r": int(0.2 * 32 * 48 / 80)}
    assert second.reason == "Low has no parameter `bias` for bias true"


def test_a_model_that_gets_no_smaller_is_warned_of() -> None:
    """At rank 16 the factors have as many parameters as 32 × 32."""
    model, low = nn.Sequential(nn.Linear(32, 32, bias=False)), tnc.load(source=LOW).Low
    made = tnc.compress(model, family=low, ratio=1.0, include="*", dry_run=True)
    (warning,) = made.diagnostics
    assert (warning.code, warning.message) == ("W0202", "the model gets no smaller")
    assert made.table.parameters == made.table.dense_parameters
    small = tnc.compress(model, family=low, ratio=0.9, include="*", dry_run=True)
    assert not small.diagnostics
