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


def balanced(n: int) -> tuple[int, int]:
    """n = a·b with a ≤ b as near to each other as can be."""
    a = next(a for a in range(math.isqrt(n), 0, -1) if n % a == 0)
    return a, n // a


def paired(S: int, T: int) -> int:
    """ΣS_lT_l of two pairs."""
    return sum(s * t for s, t in zip(balanced(S), balanced(T), strict=True))


def of_tt(S: int, T: int, k: int, *r: int) -> int:
    if k == 1:
        return r[0] * (S + T)
    return S * r[0] + k * (r[0] * r[1] + r[1] * r[2]) + r[2] * T


def of_rtt(S: int, T: int, k: int, *r: int) -> int:
    (a, b), (c, d) = balanced(S), balanced(T)
    return a * c * r[0] + b * d * r[0] * (1 if k == 1 else r[1]) + (0 if k == 1 else k**2 * r[1])


def of_tr(S: int, T: int, k: int, *r: int) -> int:
    if k == 1:
        return r[0] * r[1] * (S + T)
    return r[3] * S * r[0] + k * (r[0] * r[1] + r[1] * r[2]) + r[2] * T * r[3]


def of_rtk(S: int, T: int, k: int, *r: int) -> int:
    pairs = zip((*balanced(S), *balanced(T)), r, strict=True)
    return sum(size * rank for size, rank in pairs) + (k**2 if k > 1 else 1) * math.prod(r)


def of_bt(S: int, T: int, k: int, p: int, r: int) -> int:
    return 4 * (S * p + (k**2 if k > 1 else 1) * p * r + r * T)


# ΣS_lT_lR_{l−1}R_l and the like, as the literature has them, for convolutions in two dimensions
CONVOLUTIONS: dict[str, Count] = {
    "SVD": lambda S, T, k, r: k * r * (S + T) if k > 1 else r * (S + T),
    "CP": lambda S, T, k, r: r * (S + T + (k**2 if k > 1 else 0)),
    "CP4": lambda S, T, k, r: r * (S + T + (2 * k if k > 1 else 0)),
    "TK": lambda S, T, k, p, r: S * p + (k**2 if k > 1 else 1) * p * r + r * T,
    "TT": of_tt,
    "rCP": lambda S, T, k, r: r * (paired(S, T) + (k**2 if k > 1 else 0)),
    "rTT": of_rtt,
    "TR": of_tr,
    "rTK": of_rtk,
    "BT": of_bt,
}
MATRICES: dict[str, Count] = {
    "SVD": lambda S, T, k, r: r * (S + T),
    "TK": lambda S, T, k, p, r: S * p + p * r + r * T,
    "rCP": lambda S, T, k, r: r * paired(S, T),
    "rTT": lambda S, T, k, r: r * paired(S, T),
}


def drawn(seed: int) -> tuple[nn.Module, str, Count, tuple[int, int, int, int], float]:
    """A layer, a family with its number of parameters in a group, the sizes, and a ratio."""
    draw = Random(seed)
    S, T = draw.choice((16, 24, 30, 48, 64, 96)), draw.choice((16, 20, 36, 64, 80, 128))
    ratio = round(draw.choice((0.02, 0.05, 0.1, 0.2, 0.4)) * (0.8 + 0.4 * draw.random()), 4)
    if draw.random() < 0.3:
        family = draw.choice(sorted(MATRICES))
        return nn.Linear(S, T, device="meta"), family, MATRICES[family], (S, T, 1, 1), ratio
    family, k = draw.choice(sorted(CONVOLUTIONS)), draw.choice((1, 3, 3, 5))
    groups = draw.choice((1, 1, 2))
    layer = nn.Conv2d(S, T, k, padding=k // 2, groups=groups, device="meta")
    return layer, family, CONVOLUTIONS[family], (S // groups, T // groups, k, groups), ratio


@pytest.mark.parametrize("seed", range(200))
def test_the_ratio_is_kept_and_no_rank_could_be_larger(seed: int) -> None:
    layer, family, count, (S, T, k, groups), ratio = drawn(seed)
    model = nn.Sequential(layer)
    table = tnc.compress(model, family=family, ratio=ratio, include="*", dry_run=True).table
    (row,) = table.rows
    kernel = S * T * k**2  # all figures are those of a group
    budget = Fraction(str(ratio)) * kernel  # 0.018 · 24000 is 432
    names = ranks_of(family, k)
    ones = [1] * len(names)
    if not row.family:
        least = count(S, T, k, *ones)
        assert least > budget
        assert row.reason.endswith(f"the smallest possible ratio is {least / kernel:.3g}")
        return
    sizes = [row.ranks.get(name, 1) for name in names]  # those of 1 are left out
    assert row.ranks.keys() - {"e"} <= set(names)  # of `e`, blocks, there are always four
    assert row.kernel == groups * count(S, T, k, *sizes)
    assert row.parameters == row.kernel + groups * T
    assert row.kernel <= groups * budget
    capped = caps(family, S, T, k, len(names))
    for at, cap in enumerate(capped):
        raised = [size + (number == at) for number, size in enumerate(sizes)]
        assert count(S, T, k, *raised) > budget or sizes[at] == cap, (family, row.ranks)


def ranks_of(family: str, k: int) -> tuple[str, ...]:
    match family:
        case "TK" | "BT":
            return "p", "r"
        case "rTK":
            return "p_1", "p_2", "r_1", "r_2"
        case "TR":
            return ("r_0", "r_1", "r_2", "r_3") if k > 1 else ("r_0", "r_1")
        case "TT":
            return ("r_0", "r_1", "r_2") if k > 1 else ("r_0",)
        case "rTT":
            return ("r_1", "r_2") if k > 1 else ("r_1",)
        case _:
            return ("r",)


def caps(family: str, S: int, T: int, k: int, ranks: int) -> list[int]:
    """The largest useful rank of each bond: of a tree the smaller of the sizes on its sides."""
    (a, b), (c, d) = balanced(S), balanced(T)
    taps = k**2
    match family:
        case "SVD":
            return [min(S * k, T * k)]
        case "TK":
            return [min(S, T * taps), min(S * taps, T)]
        case "TT" if k > 1:
            return [min(S, k * k * T), min(S * k, k * T), min(S * k * k, T)]
        case "TT":
            return [min(S, T)]
        case "rTT" if k > 1:
            return [min(a * c, b * d * taps), min(a * b * c * d, taps)]
        case "rTT":
            return [min(a * c, b * d)]
        case "rTK":
            return [a, b, c, d]
        case _:  # sums and rings: of no use at these ratios
            return [math.inf] * ranks  # type: ignore[list-item]


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
