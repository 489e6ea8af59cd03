"""The layers of the examples, each with its equation once more in plain PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, relu, scaled_dot_product_attention, unfold

import tnc

EXAMPLES = Path(__file__).parent.parent / "examples"
Weights = dict[str, Tensor]


@dataclass(frozen=True)
class Example:
    """A layer of an example, and the equation once more in plain PyTorch."""

    file: str
    layer: str
    settings: dict[str, Any]
    shape: tuple[int, ...]
    equation: Callable[[Weights, Tensor], Tensor]
    parameters: int

    def build(self) -> nn.Module:
        factory = tnc.load(EXAMPLES / self.file)[self.layer]
        return factory(**self.settings, dtype=torch.float64)


def same(x: Tensor, kernel: Tensor, stride: int = 1) -> Tensor:
    return conv2d(x, kernel, stride=stride, padding=kernel.shape[-1] // 2)


def cp(w: Weights, x: Tensor) -> Tensor:
    return same(x, torch.einsum("rs,rt,ri,rj->tsij", w["A"], w["B"], w["C"], w["D"]))


def rcp_dense(w: Weights, x: Tensor) -> Tensor:
    matrix = torch.einsum("rac,rbd->abcd", w["K_1"], w["K_2"])
    return x @ matrix.reshape(x.shape[1], -1) + w["b"]


def rtt_dense(w: Weights, x: Tensor) -> Tensor:
    matrix = torch.einsum("xady,ybez,zcfw->abcdef", w["G_1"], w["G_2"], w["G_3"])
    return x @ matrix.reshape(x.shape[1], -1)


def tr_conv(w: Weights, x: Tensor) -> Tensor:
    factors = (w["U_1"], w["U_2"], w["V_1"], w["C"])
    kernel = torch.einsum("zap,pbq,qtr,rijz->tabij", *factors)
    return same(x, kernel.flatten(1, 2))


def rtk_conv(w: Weights, x: Tensor) -> Tensor:
    factors = (w["P_1"], w["P_2"], w["C"], w["Q_1"], w["Q_2"])
    kernel = torch.einsum("ap,bq,pqrsij,rc,sd->cdabij", *factors)
    return same(x, kernel.flatten(0, 1).flatten(1, 2), 2)


def tk_conv(w: Weights, x: Tensor) -> Tensor:
    return same(x, torch.einsum("sp,pqij,qt->tsij", w["A"], w["C"], w["B"]), 2)


def rcp_conv(w: Weights, x: Tensor) -> Tensor:
    kernel = torch.einsum("rac,rbd,rij->cdabij", w["K_1"], w["K_2"], w["C"])
    return same(x, kernel.flatten(0, 1).flatten(1, 2))


def rtt_conv(w: Weights, x: Tensor) -> Tensor:
    kernel = torch.einsum("xacp,pbdq,qij->cdabij", w["K_1"], w["K_2"], w["C"])
    return same(x, kernel.flatten(0, 1).flatten(1, 2))


def normalised(x: Tensor) -> Tensor:
    mean, variance = x.mean((0, 2, 3), True), x.var((0, 2, 3), correction=0, keepdim=True)
    return (x - mean) / (variance + 1e-5).sqrt()


def separable(w: Weights, x: Tensor) -> Tensor:
    (C,) = (value for name, value in w.items() if name.endswith(".C"))
    (B,) = (value for name, value in w.items() if name.endswith(".B"))
    n, s, h, wide = x.shape
    windows = unfold(x, 3, padding=1).view(n, s, 9, h, wide)
    z = torch.einsum("nskhw,sk->nshw", windows, C.flatten(1))
    return relu(normalised(torch.einsum("nshw,st->nthw", relu(normalised(z)), B)))


def attention(w: Weights, x: Tensor) -> Tensor:
    q, k, v = (torch.einsum("nte,mce->nmtc", x, w[name]) for name in "QKV")
    return torch.einsum("nmtc,mcf->ntf", scaled_dot_product_attention(q, k, v), w["O"])


LAYERS = [
    Example("01_cp_conv.tnn", "CPConv", {"S": 4, "T": 5, "R": 3}, (2, 4, 6, 5), cp, 45),
    Example("02_rcp_dense.tnn", "RCPDense", {"S": [2, 3], "T": [3, 4], "R": 2}, (3, 6),
            rcp_dense, 48),
    Example("03_rtt_dense.tnn", "TTDense", {"S": [2, 3, 2], "T": [3, 2, 2], "R": 3}, (3, 12),
            rtt_dense, 84),
    Example("04_tr_conv.tnn", "TRConv", {"S": [2, 3], "T": [4], "R": 2}, (2, 6, 5, 6),
            tr_conv, 72),
    Example("05_rtk_conv.tnn", "RTKConv", {"S": [2, 3], "T": [3, 2], "RS": [2, 2], "RT": [2, 1]},
            (2, 6, 7, 5), rtk_conv, 90),
    Example("06_low_rank.tnn", "LowRank", {"S": 6, "T": 5, "R": 2}, (3, 6),
            lambda w, x: x @ w["A"] @ w["B"] + w["b"], 27),
    Example("07_tk_conv.tnn", "TKConv", {"S": 4, "T": 5, "P": 2, "Q": 3, "stride": 2},
            (2, 4, 7, 6), tk_conv, 77),
    Example("08_rcp_conv.tnn", "RCPConv", {"S": 6, "T": 4, "R": 3}, (2, 6, 5, 6), rcp_conv, 57),
    Example("09_rtt_conv.tnn", "RTTConv", {"S": 6, "T": 4, "R": 2}, (2, 6, 5, 6), rtt_conv, 50),
    Example("10_separable.tnn", "SeparableBlock", {"S": 4, "T": 6}, (3, 4, 5, 6), separable, 80),
    Example("11_attention.tnn", "SelfAttention", {"E": 8, "heads": 2}, (2, 5, 8), attention, 256),
]  # fmt: skip
