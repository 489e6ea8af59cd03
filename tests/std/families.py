"""The families of std.convolution and std.dense: settings, dense kernels, numbers of parameters."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.std import kernels
from tests.std.kernels import Kernel

PAIRS = [(2, 2), (3, 5)]  # (S_l, T_l) of the reshaped families: 6 and 10 channels in each group
Settings = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """`k` taps in each of `D` dimensions; `S` and `T` are the channels of one group."""

    D: int
    k: int
    groups: int = 1
    S: int = 5
    T: int = 7

    @property
    def taps(self) -> int:
        """Dimensions in which the kernel has taps of its own."""
        return self.D if self.k > 1 else 0

    @property
    def volume(self) -> int:
        return int(self.k**self.D)


@dataclass(frozen=True)
class Family:
    """`settings` beside the common ones; `parameters` of one group, without the bias."""

    layer: str
    kernel: Callable[[int, int], Kernel]
    settings: Callable[[Case], Settings]
    parameters: Callable[[Case], int]

    @property
    def reshaped(self) -> bool:
        return self.layer.startswith("r")

    def sized(self, case: Case) -> Case:
        if not self.reshaped:
            return case
        return Case(
            case.D, case.k, case.groups, *(math.prod(each) for each in zip(*PAIRS, strict=True))
        )


def bonds(ranks: Sequence[int]) -> int:
    """ΣR_{l−1}R_l."""
    return sum(a * b for a, b in itertools.pairwise(ranks))


def paired(ranks: Sequence[int]) -> int:
    """ΣS_lT_lR_{l−1}R_l."""
    return sum(s * t * a * b for (s, t), a, b in zip(PAIRS, ranks[:-1], ranks[1:], strict=True))


def svd(case: Case) -> int:
    half = (case.taps + 1) // 2
    return 3 * (case.S * case.k**half + case.T * case.k ** (case.taps - half))


def tt(case: Case) -> int:
    chain = [2, 3, 4, 2][: case.taps + 1]
    return case.S * chain[0] + case.k * bonds(chain) + case.T * chain[-1]


def tr(case: Case) -> int:
    ring = [2, 3, 2, 4, 2][: case.taps + 2]
    return ring[-1] * case.S * ring[0] + case.k * bonds(ring[:-1]) + ring[-2] * case.T * ring[-1]


def ht(case: Case) -> int:
    """Every rank is 4 but those of the taps, which are at most k, and that above the root."""
    tap, leaves = min(4, case.k), case.taps + 2
    rank = dict.fromkeys(range(2, 2 * leaves), 4) | {1: 1}
    rank |= {leaves + a: tap for a in range(1, case.taps + 1)}
    nodes = sum(rank[v] * rank[2 * v] * rank[2 * v + 1] for v in range(1, leaves))
    return 4 * (case.S + case.T) + case.taps * case.k * tap + nodes


def rtt(case: Case) -> int:
    return paired([1, 3, 4]) + 4 * case.volume if case.taps else paired([1, 3, 1])


def rtr(case: Case) -> int:
    if not case.taps:
        return paired([3, 2, 3])
    return paired([4, 2, 3]) + 3 * case.volume * 4


PAIR = sum(s * t for s, t in PAIRS)

CONVOLUTIONS = [
    Family("Conv", kernels.conv, lambda _: {}, lambda c: c.S * c.T * c.volume),
    Family("SVD", kernels.svd, lambda _: {"R": 3}, svd),
    Family(
        "CP",
        kernels.cp,
        lambda _: {"R": 3},
        lambda c: 3 * (c.S + c.T + (c.volume if c.taps else 0)),
    ),
    Family("CP4", kernels.cp4, lambda _: {"R": 3}, lambda c: 3 * (c.S + c.T + c.taps * c.k)),
    Family(
        "TK",
        kernels.tk,
        lambda _: {"R1": 2, "R2": 3},
        lambda c: 2 * c.S + 6 * c.volume + 3 * c.T,
    ),
    Family("TT", kernels.tt, lambda c: {"Rs": [2, 3, 4, 2][: c.taps + 1]}, tt),
    Family("TR", kernels.tr, lambda c: {"Rs": [2, 3, 2, 4, 2][: c.taps + 2]}, tr),
    Family(
        "BT",
        kernels.bt,
        lambda _: {"R1": 2, "R2": 3, "blocks": 2},
        lambda c: 2 * (2 * c.S + 6 * c.volume + 3 * c.T),
    ),
    Family("HT", kernels.ht, lambda _: {"R": 4}, ht),
    Family(
        "rCP",
        kernels.rcp,
        lambda _: {"R": 3},
        lambda c: 3 * (PAIR + (c.volume if c.taps else 0)),
    ),
    Family(
        "rTK",
        kernels.rtk,
        lambda _: {"R1": [2, 1], "R2": [1, 3]},
        lambda c: (2 * 2 + 3 * 1) + 2 * 3 * c.volume + (2 * 1 + 5 * 3),
    ),
    Family("rTT", kernels.rtt, lambda c: {"Rs": [3, 4] if c.taps else [3]}, rtt),
    Family("rTR", kernels.rtr, lambda c: {"Rs": [2, 3, 4] if c.taps else [2, 3]}, rtr),
    Family(
        "rBT",
        kernels.rbt,
        lambda _: {"Rs": [2, 3], "blocks": 2},
        lambda c: 2 * (2 * 2 * 2 + 3 * 5 * 3 + 2 * 3 * c.volume),
    ),
    Family(
        "rHT",
        kernels.rht,
        lambda _: {"R": 2},
        lambda c: 2 * PAIR + (2**3 + 2 * c.volume if c.taps else 2**2),
    ),
    Family(
        "Separable",
        kernels.separable,
        lambda _: {},
        lambda c: c.S * c.T + (c.S * c.volume if c.taps else 0),
    ),
    Family(
        "Factoring",
        kernels.factoring,
        lambda _: {"R": 3},
        lambda c: 3 * (c.S * ((c.k + 1) // 2) ** c.D + c.T * (c.k + 1 - (c.k + 1) // 2) ** c.D),
    ),
]
