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


def rescaled(made: Layer) -> list[tuple[tuple[str, ...], int, float]]:
    """What is rescaled, how often it stands in the product, the sum of squares it shall give."""
    return [(each.weights, each.degree, pytest.approx(each.target)) for each in made.rescalings]


def test_what_is_rescaled_and_to_which_sum_of_squares() -> None:
    made, _ = elaborated(CP_CONV, "CPConv", {"S": 5, "T": 6, "R": 7, "k": 3})
    assert made is not None
    assert rescaled(made) == [(("A", "B", "C", "D"), 4, 2 * 6)]
    assert made.rescalings[0].elements == 5 * 6 * 3 * 3


def test_the_doubled_network_shares_the_open_modes_and_primes_the_summed_ones() -> None:
    made = layer(
        """mode n, s: 5, r: 3, t: 6
        input x[n, s]
        weight A[s, r], B[r, t]
        output y[n, t] = x * A * B"""
    )
    (square,) = made.rescalings[0].square.outputs
    assert square.type.modes == ()
    assert [operand.type.names for operand in square.operands] == [
        ("s", "r"),
        ("s", "r'"),
        ("r", "t"),
        ("r'", "t"),
    ]


def test_the_order_of_the_terms_and_what_each_may_still_scale() -> None:
    made = layer(
        """mode n, s: 5, r: 3, t: 6, u: 2
        input x[n, s]
        weight A[s, r], B[r, t], C[r, u]
        weight(init: orthogonal) Q[s, t]
        output y[n, t] = x * A * B + x * Q / 2
        output v[n, u] = x * A * C / sqrt(size(u))"""
    )
    assert rescaled(made) == [(("A", "B"), 2, 2 * 6 / 2), (("C",), 1, 2 * 2 * 2)]


def test_a_product_of_too_many_sums_is_not_multiplied_out() -> None:
    """2^9 terms: the sums are factors as they stand, which grow like no power of their weights."""
    count = 9
    sums = " * ".join(f"(A[{i}] + B[{i}])[k[{i - 1}], k[{i}]]" for i in range(1, count + 1))
    made = layer(
        f"""mode n, s: 5
        mode k[i in 0..{count}]: 2
        input x[n, k[0]]
        weight A[i in 1..{count}][k[i - 1], k[i]], B[i in 1..{count}][k[i - 1], k[i]]
        weight C[k[{count}], s]
        output y[n, s] = x * {sums} * C"""
    )
    assert rescaled(made) == [(("C",), 1, 2 * 5)]
