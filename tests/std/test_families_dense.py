"""Every family of std.dense equals a dense layer with the matrix that its weights stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.oracle import agree, randomised
from tests.std.built import compiled, parameters
from tests.std.kernels import Kernel, by_equation

PAIRS = {"Ss": [2, 3, 1], "Ts": [1, 2, 5]}  # 6 and 10, in three factors each


@dataclass(frozen=True)
class Dense:
    """`matrix` is [t, s], its sizes as many axes as there are factors; without the bias."""

    layer: str
    matrix: Kernel
    settings: dict[str, Any]
    parameters: int
    S: int = 5
    T: int = 7


def three(name: str) -> tuple[str, ...]:
    return tuple(f"{name}_{index}" for index in (1, 2, 3))


FAMILIES = [
    Dense("Linear", by_equation("st -> ts", "W"), {}, 5 * 7),
    Dense("SVD", by_equation("sr, rt -> ts", *"AB"), {"R": 3}, 3 * (5 + 7)),
    Dense(
        "TK",
        by_equation("sp, pr, rt -> ts", *"ACB"),
        {"R1": 2, "R2": 3},
        5 * 2 + 2 * 3 + 3 * 7,
    ),
    Dense(
        "BT",
        by_equation("sep, epr, ert -> ts", *"ACB"),
        {"R1": 2, "R2": 3, "blocks": 2},
        2 * (5 * 2 + 2 * 3 + 3 * 7),
    ),
    Dense(
        "rCP",
        by_equation("rsx, rty, ruz -> (xyz)(stu)", *three("K")),
        {"R": 4, **PAIRS},
        4 * (2 * 1 + 3 * 2 + 1 * 5),
        *(6, 10),
    ),
    Dense(
        "CP",
        by_equation("rsx, rty -> (xy)(st)", "K_1", "K_2"),
        {"R": 4},
        4 * (2 * 2 + 3 * 5),
        *(6, 10),
    ),
    Dense(
        "rTK",
        by_equation("sa, tb, uc, abcdef, dx, ey, fz -> (xyz)(stu)", *three("U"), "C", *three("V")),
        {"R1": [2, 3, 1], "R2": [1, 2, 3], **PAIRS},
        (2 * 2 + 3 * 3 + 1 * 1) + 6 * 6 + (1 * 1 + 2 * 2 + 3 * 5),
        *(6, 10),
    ),
    Dense(
        "rTT",
        by_equation("asxb, btyc, cuzd -> (xyz)(stu)", *three("K")),
        {"Rs": [2, 3], **PAIRS},
        2 * 2 + 2 * 6 * 3 + 3 * 5,
        *(6, 10),
    ),
    Dense(
        "rTR",
        by_equation("asxb, btyc, cuza -> (xyz)(stu)", *three("K")),
        {"Rs": [2, 3, 4], **PAIRS},
        4 * 2 * 2 + 2 * 6 * 3 + 3 * 5 * 4,
        *(6, 10),
    ),
    Dense(
        "rBT",
        by_equation("esxa, etyb, euzc, eabc -> (xyz)(stu)", *three("K"), "C"),
        {"Rs": [1, 2, 3], "blocks": 2, **PAIRS},
        2 * (2 * 1 + 6 * 2 + 5 * 3 + 6),
        *(6, 10),
    ),
    Dense(
        "HT",
        by_equation("sxc, tyd, uze, abc, bde -> (xyz)(stu)", *three("K"), "N_1", "N_2"),
        {"R": 3, **PAIRS},
        3 * (2 + 6 + 5) + 9 + 27,
        *(6, 10),
    ),
]


def layer_of(family: Dense, **settings: Any) -> nn.Module:
    made = compiled("dense", family.layer, S=family.S, T=family.T, **family.settings, **settings)
    return randomised(getattr(made.module, family.layer)(dtype=torch.float64))


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "plain"])
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.layer)
def test_equals_the_dense_layer(family: Dense, bias: bool) -> None:
    def dense(x: Tensor, b: Tensor | None = None, **weights: Tensor) -> Tensor:
        matrix = family.matrix(weights, 1)
        assert matrix.shape == (family.T, family.S)
        return functional.linear(x, matrix, b)

    layer = layer_of(family) if bias else layer_of(family, bias=False)
    assert parameters(layer) == family.parameters + (family.T if bias else 0)
    for leading in [(4,), (), (2, 3)]:
        agree(layer, dense, torch.randn(*leading, family.S, dtype=torch.float64))
