"""How weights start."""

import math

import pytest
import torch

from tests.elaborate.reading import elaborated, layer, places, program
from tests.programs import CP_CONV
from tnc.ir.layer import Initial, Layer


def deviations(made: Layer) -> dict[str, float]:
    found = {}
    for weight in made.weights:
        assert weight.initial.kind in {"normal", "zeros"}
        found[weight.name] = dict(weight.initial.options).get("std", 0.0)
    return found


def test_cp_factors_represent_a_kernel_of_kaiming_variance() -> None:
    made, _ = elaborated(CP_CONV, "CPConv", {"S": 5, "T": 6, "R": 7, "k": 3})
    assert made is not None
    found = deviations(made)
    assert set(found) == {"A", "B", "C", "D"}
    variance = 7 * math.prod(sigma**2 for sigma in found.values())
    assert variance == pytest.approx(2 / (5 * 3 * 3))


def test_the_represented_kernel_is_measured() -> None:
    made = layer(
        """mode n, s: 6, p: 4, q: 5, t: 7
        input x[n, s]
        weight A[s, p], B[p, q], C[q, t]
        output y[n, t] = x * A * B * C"""
    )
    sigma = deviations(made)
    torch.manual_seed(0)
    kernels = torch.einsum(
        "zsp,zpq,zqt->zst",
        sigma["A"] * torch.randn(4000, 6, 4),
        sigma["B"] * torch.randn(4000, 4, 5),
        sigma["C"] * torch.randn(4000, 5, 7),
    )
    assert kernels.var().item() == pytest.approx(2 / 6, rel=0.05)


def test_terms_of_a_sum_share_the_variance() -> None:
    made = layer(
        """mode n, s: 5, t: 6
        input x[n, s]
        weight A[i in 1..3][s, t], b[t]
        output y[n, t] = sum(x * A[i] for i in 1..3) + b"""
    )
    found = deviations(made)
    assert found["A_1"] == found["A_3"] == pytest.approx(math.sqrt(2 / 5 / 3))
    assert found["b"] == 0


def test_a_kernel_that_is_formed_first() -> None:
    made = layer(
        """mode n, s: 5, r: 3, t: 6
        input x[n, s], z[n, s]
        weight A[s, r], B[r, t]
        let K[s, t] = A * B
        output y[n, t] = x * K
        output v[n, t] = z * K"""
    )
    found = deviations(made)
    assert 3 * found["A"] ** 2 * found["B"] ** 2 == pytest.approx(2 / 5)


def test_each_equation_has_its_own_variance() -> None:
    made = layer(
        """mode n, s: 5, r: 3, t: 6
        input x[n, s]
        weight A[s, r], B[r, t]
        let z[n, r] = x * A
        output y[n, t] = z * B"""
    )
    found = deviations(made)
    assert found == {"A": pytest.approx(math.sqrt(2 / 5)), "B": pytest.approx(math.sqrt(2 / 3))}


def test_run_time_sizes_and_kept_modes_are_no_fan() -> None:
    made = layer(
        """mode n, h, s: 5, i: 3
        conv(pad: same) u = h * i
        input x[n, s, h], w[h]
        weight D[s, i]
        output y[n, s, u] = x * w * D"""
    )
    assert deviations(made) == {"D": pytest.approx(math.sqrt(2 / 3))}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("auto", Initial("normal", (("std", math.sqrt(2 / 3)),))),
        ("zeros", Initial("zeros")),
        ("ones", Initial("ones")),
        ("orthogonal", Initial("orthogonal")),
        ("identity", Initial("identity")),
        ("normal(std: 0.5)", Initial("normal", (("std", 0.5),))),
        ("normal(0.5)", Initial("normal", (("std", 0.5),))),
        ("normal(std: 1 / sqrt(size(t)))", Initial("normal", (("std", 0.5),))),
        ("uniform(low: -1, high: 2)", Initial("uniform", (("low", -1.0), ("high", 2.0)))),
        ("uniform(0.25)", Initial("uniform", (("low", -0.25), ("high", 0.25)))),
        ("kaiming(fan: [s, t])", Initial("normal", (("std", math.sqrt(2 / 12)),))),
        ("kaiming(fan: [s, n])", Initial("normal", (("std", math.sqrt(2 / 3)),))),
        ("how", Initial("ones")),
    ],
)
def test_what_init_says(written: str, expected: Initial) -> None:
    made = layer(
        f"""mode n, s: 3, t: 4
        input x[n, s]
        weight(init: {written}) A[s, t]
        output y[n, t] = x * A""",
        'how: str = "ones"' if written == "how" else "",
    )
    assert made.weights[0].initial == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("zero", ("E0103", 5, 14)),
        ("gauss(std: 1)", ("E0103", 5, 14)),
        ("normal(sd: 1)", ("E0105", 5, 21)),
        ('normal(std: "x")', ("E0401", 5, 26)),
        ("kaiming()", ("E0106", 5, 14)),
        ("kaiming(fan: [q])", ("E0101", 5, 28)),
    ],
)
def test_refused_ways(written: str, expected: tuple[str, int, int]) -> None:
    body = "mode n, s: 3, t: 4\ninput x[n, s]\n"
    body += f"weight(init: {written}) A[s, t]\noutput y[n, t] = x * A"
    assert places(elaborated(program(body))[1]) == [expected]


def test_buffers_are_not_trained() -> None:
    made = layer(
        "mode n, s: 3\ninput x[n, s]\n## A gain.\nbuffer(init: ones) g[s]\noutput y[n, s] = x * g"
    )
    (buffer,) = made.weights
    assert (buffer.trained, buffer.initial.kind, buffer.doc) == (False, "ones", "A gain.")
