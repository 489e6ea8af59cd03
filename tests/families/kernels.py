"""Every family of tests/programs/families with the dense kernel that its weights stand for.

A kernel has PyTorch's layout [t, s, taps…]. Each reconstruction is written out by hand, after the
published definitions: Lebedev et al. 2015 (CP), Kim et al. 2016 (Tucker), Novikov et al. 2015
(tensor trains), Su et al. 2018 (reshaped families, rings).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from tests.oracle import Tensors

Kernel = Callable[[Tensors], Tensor]


@dataclass(frozen=True)
class Family:
    """`taps`: how many tap modes, 0 for a dense layer; `channels`: (S, T)."""

    file: str
    layer: str
    settings: dict[str, Any]
    kernel: Kernel
    parameters: int
    channels: tuple[int, int]
    taps: int
    groups: int = 1

    @property
    def name(self) -> str:
        return f"{self.file}-{self.layer}"


def by_equation(equation: str, *names: str) -> Kernel:
    """The kernel as one explicit einsum of the named weights."""

    def kernel(weights: Tensors) -> Tensor:
        return torch.einsum(equation, *(weights[name] for name in names))

    return kernel


def paired(equation: str, *names: str, taps: int = 0) -> Kernel:
    """The same for reshaped channels, two factors each: the equation ends in [t u, s v, taps…]."""
    full = by_equation(equation, *names)

    def kernel(weights: Tensors) -> Tensor:
        found = full(weights)
        assert found.ndim == 4 + taps
        return found.flatten(2, 3).flatten(0, 1)

    return kernel


def tripled(equation: str, *names: str) -> Kernel:
    """The same for three factors each and no taps."""
    full = by_equation(equation, *names)
    return lambda weights: full(weights).flatten(3, 5).flatten(0, 2)


def block_term(equation: str, blocks: int, *names: str) -> Kernel:
    """The sum of one einsum per block over the members of the families `names`."""

    def kernel(weights: Tensors) -> Tensor:
        terms = [
            torch.einsum(equation, *(weights[f"{name}_{b}"] for name in names))
            for b in range(1, blocks + 1)
        ]
        return sum(terms[1:], terms[0])

    return kernel


def grouped(weights: Tensors) -> Tensor:
    """W[g, s, t, taps…] to [(g t), s, taps…]."""
    return weights["W"].transpose(1, 2).flatten(0, 1)


def dense_tree(weights: Tensors) -> Tensor:
    """Four leaves: 1 over (2 over leaves 1 2, 3 over leaves 3 4)."""
    leaves = [weights[f"K_{leaf}"] for leaf in (1, 2, 3, 4)]
    inner = [weights[f"B_{node}"] for node in (1, 2, 3)]
    equation = "sap,tbq,ucr,vdx,zyw,ypq,wrx->abcdstuv"
    return torch.einsum(equation, *leaves, *inner).flatten(4, 7).flatten(0, 3)


S, T, R = 5, 7, 4
S2, T2 = [2, 3], [3, 4]  # reshaped channels: 6 and 12
S3, T3 = [2, 3, 2], [3, 2, 3]
S4, T4 = [2, 3, 2, 1], [3, 2, 1, 2]


def pairs(s: list[int], t: list[int]) -> int:
    """ΣS_lT_l."""
    return sum(a * b for a, b in zip(s, t, strict=True))


def train(s: list[int], t: list[int], ranks: list[int]) -> int:
    """ΣS_lT_lR_{l−1}R_l; `ranks` has both ends."""
    return sum(a * b * p * q for a, b, p, q in zip(s, t, ranks[:-1], ranks[1:], strict=True))


def _dense(layer: str, kernel: Kernel, parameters: int, s: Any, t: Any, **ranks: Any) -> Family:
    channels = tuple(math.prod(v) if isinstance(v, list) else v for v in (s, t))
    return Family("dense", layer, {"S": s, "T": t, **ranks}, kernel, parameters, channels, 0)


DENSE = [
    _dense("Linear", by_equation("st->ts", "W"), S * T, S, T),
    _dense("SVD", by_equation("sr,rt->ts", "A", "B"), R * (S + T), S, T, R=R),
    _dense(
        "rCP",
        tripled("rsa,rtb,ruc->abcstu", "K_1", "K_2", "K_3"),
        R * pairs(S3, T3),
        *(S3, T3),
        R=R,
    ),
    _dense(
        "rTK",
        paired("sp,vq,pqmn,mt,nu->tusv", "U_1", "U_2", "C", "V_1", "V_2"),
        (2 * 2 + 3 * 3) + 2 * 3 * 2 * 5 + (2 * 3 + 5 * 4),
        *(S2, T2),
        P=[2, 3],
        Q=[2, 5],
    ),
    _dense(
        "rTT",
        tripled("wsap,ptbq,qucx->abcstu", "K_1", "K_2", "K_3"),
        train(S3, T3, [1, 3, 2, 1]),
        *(S3, T3),
        R=[3, 2],
    ),
    _dense(
        "rTR",
        tripled("zsap,ptbq,qucz->abcstu", "K_1", "K_2", "K_3"),
        train(S3, T3, [2, 3, 4, 2]),
        *(S3, T3),
        R=[3, 4, 2],
    ),
    _dense(
        "BT",
        block_term("sp,pq,qt->ts", 2, "U", "C", "V"),
        (S * 2 + 2 * 3 + 3 * T) + (S * 4 + 4 * 2 + 2 * T),
        *(S, T),
        P=[2, 4],
        Q=[3, 2],
    ),
    _dense(
        "rBT",
        paired("zsap,ztbq,zpq->abst", "K_1", "K_2", "C"),
        3 * (2 * 3 * 2 + 3 * 4 * 4 + 2 * 4),
        *(S2, T2),
        P=[2, 4],
        B=3,
    ),
    _dense("HT", dense_tree, 3 * pairs(S4, T4) + 3 * 3 + 2 * 27, S4, T4, R=3),
]


def _conv(
    taps: int, layer: str, kernel: Kernel, parameters: int, s: Any = S, t: Any = T, **more: Any
) -> Family:
    channels = tuple(math.prod(v) if isinstance(v, list) else v for v in (s, t))
    reshaped = taps == 2 and isinstance(s, list)
    file = "reshaped2d" if reshaped else f"conv{taps}d"
    settings = {"S": s, "T": t, **more}
    groups = more.get("groups", 1)
    return Family(file, layer, settings, kernel, parameters, channels, taps, groups)


K = 3  # the parameters are counted for 3 taps per mode

CONV2D = [
    _conv(2, "Conv", by_equation("stij->tsij", "W"), K**2 * S * T),
    _conv(2, "Grouped", grouped, K**2 * 6 * 9 // 3, 6, 9, groups=3),
    _conv(2, "SVD", by_equation("sir,rjt->tsij", "A", "B"), K * R * (S + T), R=R),
    _conv(2, "CP", by_equation("sr,ijr,rt->tsij", *"ACB"), R * (S + T + K**2), R=R),
    _conv(2, "CP4", by_equation("sr,ir,jr,rt->tsij", *"AUVB"), R * (S + T + 2 * K), R=R),
    _conv(
        2,
        "TK",
        by_equation("sp,ijpq,qt->tsij", *"ACB"),
        S * 3 + K**2 * 3 * 4 + 4 * T,
        P=3,
        Q=4,
    ),
    _conv(
        2,
        "TT",
        by_equation("sp,ipq,jqr,rt->tsij", *"AGHB"),
        S * 3 + K * 3 * 4 + K * 4 * 2 + 2 * T,
        R=[3, 4, 2],
    ),
    _conv(2, "TR", by_equation("zsp,piq,qjr,rtz->tsij", *"AGHB"), 9 * (S + T + 2 * K), R=3),
    _conv(
        2,
        "BT",
        block_term("sp,ijpq,qt->tsij", 2, "A", "C", "B"),
        (S * 2 + K**2 * 2 * 3 + 3 * T) + (S * 3 + K**2 * 3 * 1 + 1 * T),
        P=[2, 3],
        Q=[3, 1],
    ),
    _conv(
        2,
        "HT",
        by_equation("sa,ib,jc,td,abe,cdf,ef->tsij", *"AUVBLMN"),
        3 * (S + T + 2 * K) + 2 * 9 * 2 + 4,
        R=3,
        E=2,
    ),
]

RESHAPED2D = [
    _conv(
        2,
        "rCP",
        paired("rsa,rvb,ijr->absvij", "K_1", "K_2", "C", taps=2),
        R * (pairs(S2, T2) + K**2),
        *(S2, T2),
        R=R,
    ),
    _conv(
        2,
        "rTK",
        paired("sp,vq,ijpqmn,mt,nu->tusvij", "U_1", "U_2", "C", "V_1", "V_2", taps=2),
        (2 * 2 + 3 * 3) + K**2 * 2 * 3 * 2 * 5 + (2 * 3 + 5 * 4),
        *(S2, T2),
        P=[2, 3],
        Q=[2, 5],
    ),
    _conv(
        2,
        "rTT",
        paired("wsap,pvbq,ijq->absvij", "K_1", "K_2", "C", taps=2),
        train(S2, T2, [1, 3, 4]) + K**2 * 4,
        *(S2, T2),
        R=[3, 4],
    ),
    _conv(
        2,
        "rTR",
        paired("wsap,pvbq,ijqw->absvij", "K_1", "K_2", "C", taps=2),
        9 * (pairs(S2, T2) + K**2),
        *(S2, T2),
        R=3,
    ),
    _conv(
        2,
        "rBT",
        paired("zsap,zvbq,zijpq->absvij", "K_1", "K_2", "C", taps=2),
        2 * (2 * 3 * 2 + 3 * 4 * 3 + K**2 * 2 * 3),
        *(S2, T2),
        P=[2, 3],
        B=2,
    ),
    _conv(
        2,
        "rHT",
        paired("sap,vbq,rpq,ijr->absvij", "K_1", "K_2", "B_1", "C", taps=2),
        3 * (pairs(S2, T2) + K**2) + 27,
        *(S2, T2),
        R=3,
    ),
]

CONV1D = [
    _conv(1, "Conv", by_equation("sti->tsi", "W"), K * S * T),
    _conv(1, "Grouped", grouped, K * 4 * 6 // 2, 4, 6, groups=2),
    _conv(1, "CP", by_equation("sr,ir,rt->tsi", *"ACB"), R * (S + T + K), R=R),
    _conv(1, "TK", by_equation("sp,ipq,qt->tsi", *"ACB"), S * 3 + K * 12 + 4 * T, P=3, Q=4),
    _conv(1, "TT", by_equation("ip,psq,qt->tsi", *"GAB"), K * 3 + 3 * S * 2 + 2 * T, R=[3, 2]),
    _conv(1, "TR", by_equation("zsp,piq,qtz->tsi", *"AGB"), 9 * (S + K + T), R=3),
    _conv(
        1,
        "rTT",
        paired("wsap,pvbq,iq->absvi", "K_1", "K_2", "C", taps=1),
        train(S2, T2, [1, 3, 4]) + K * 4,
        *(S2, T2),
        R=[3, 4],
    ),
]

CONV3D = [
    _conv(3, "Conv", by_equation("stgij->tsgij", "W"), K**3 * 2 * 3, 2, 3),
    _conv(
        3,
        "CP",
        by_equation("sr,gr,ir,jr,rt->tsgij", *"AUVXB"),
        R * (2 + 3 + 3 * K),
        *(2, 3),
        R=R,
    ),
    _conv(
        3,
        "TK",
        by_equation("sp,gijpq,qt->tsgij", *"ACB"),
        2 * 2 + K**3 * 2 * 3 + 3 * 3,
        *(2, 3),
        P=2,
        Q=3,
    ),
    _conv(
        3,
        "TT",
        by_equation("sa,gab,ibc,jce,et->tsgij", *"AUVXB"),
        2 * 2 + K * (2 * 3 + 3 * 2 + 2 * 4) + 4 * 3,
        *(2, 3),
        R=[2, 3, 2, 4],
    ),
]

CONVOLUTIONS = [*CONV2D, *RESHAPED2D, *CONV1D, *CONV3D]
