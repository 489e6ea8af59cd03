"""`init: auto`: the kernel that the drawn weights stand for has exactly Kaiming's mean square.

Kernels are reconstructed by hand (tests/families/kernels.py, and explicit sums below).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.elaborate.reading import elaborated
from tests.families.compiled import PROGRAMS, compiled, from_text
from tests.families.kernels import CONVOLUTIONS, DENSE, Family
from tests.oracle import Tensors

FAMILIES = [*DENSE, *CONVOLUTIONS]
each_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
DRAWS = 400


def fresh(family: Family, **options: Any) -> nn.Module:
    made = compiled(family.file, family.layer, **family.settings)
    return getattr(made.module, family.layer)(**options)


def layer(body: str, seed: int = 0, dtype: torch.dtype = torch.float64, **options: Any) -> Any:
    """A new module of the layer `L` with this body."""
    torch.manual_seed(seed)
    return from_text(f"tnn 1\nlayer L {{\n{body}\n}}\n").module.L(dtype=dtype, **options)


def mean_square(kernel: Tensor) -> float:
    return kernel.detach().abs().square().mean().item()


def terms(family: Family, weights: Tensors) -> list[Tensor]:
    """The kernel; of a block term, the kernel of each block."""
    if family.layer != "BT":
        return [family.kernel(weights)]
    return [
        family.kernel(
            {name: w if name.endswith(f"_{block}") else w * 0 for name, w in weights.items()}
        )
        for block in (1, 2)
    ]


def wanted(kernels: list[Tensor]) -> float:
    """2 / fan_in, shared by the terms; the first axis of a kernel is that of the results."""
    return 2 / kernels[0][0].numel() / len(kernels)


@each_family
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
def test_every_family_has_exactly_the_variance(
    family: Family, dtype: torch.dtype, tolerance: float
) -> None:
    for seed in range(3):
        torch.manual_seed(seed)
        weights = {name: w.double() for name, w in fresh(family, dtype=dtype).named_parameters()}
        kernels = terms(family, weights)
        for kernel in kernels:
            assert mean_square(kernel) == pytest.approx(wanted(kernels), rel=tolerance)


@each_family
def test_the_draw_itself_is_unbiased(family: Family) -> None:
    text = (PROGRAMS / f"{family.file}.tnn").read_text(encoding="utf-8")
    made, said = elaborated(text, family.layer, family.settings)
    assert made is not None, said
    shapes = dict(fresh(family).named_parameters())
    generator = torch.Generator().manual_seed(0)
    squares: list[list[float]] = []
    for _ in range(DRAWS):
        weights = {}
        for weight in made.weights:
            normal = torch.randn(shapes[weight.name].shape, generator=generator).double()
            weights[weight.name] = normal * dict(weight.initial.options)["std"]
        kernels = terms(family, weights)
        squares.append([mean_square(kernel) / wanted(kernels) for kernel in kernels])
    ratios = torch.tensor(squares, dtype=torch.float64)
    errors = ratios.std(0) / math.sqrt(DRAWS)
    assert ((ratios.mean(0) - 1).abs() < 3 * errors).all(), (ratios.mean(0), errors)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.bfloat16, 0.01), (torch.float16, 0.002)])
def test_short_floats(dtype: torch.dtype, tolerance: float) -> None:
    for family in FAMILIES:
        if family.layer in {"CP4", "rTT"}:
            torch.manual_seed(0)
            found = fresh(family, dtype=dtype)
            assert {weight.dtype for weight in found.parameters()} == {dtype}
            kernel = family.kernel({name: w.double() for name, w in found.named_parameters()})
            assert mean_square(kernel) == pytest.approx(wanted([kernel]), rel=tolerance)


def test_the_squares_of_short_floats_are_added_up_in_float32() -> None:
    """80,000 is more than float16 holds."""
    body = "mode n, s: 2, t: 40000\ninput x[n, s]\nweight W[s, t]\noutput y[n, t] = x * W"
    made = layer(body, seed=1, dtype=torch.float16)
    assert mean_square(made.W.double()) == pytest.approx(1, rel=1e-3)


def test_complex_weights() -> None:
    made = layer(
        """mode n, s: 4, r: 3, t: 5
        input x[n, s]
        weight A[s, r], B[r, t]
        output y[n, t] = x * A * B""",
        dtype=torch.complex128,
    )
    assert mean_square(made.A @ made.B) == pytest.approx(2 / 4, rel=1e-10)


@each_family
def test_on_the_meta_device_nothing_is_read(family: Family) -> None:
    made = fresh(family, device="meta", dtype=torch.float64)
    made.reset_parameters()
    assert {weight.device.type for weight in made.parameters()} == {"meta"}
    made.to_empty(device="cpu")
    torch.manual_seed(0)
    made.reset_parameters()
    kernels = terms(family, dict(made.named_parameters()))
    assert mean_square(kernels[0]) == pytest.approx(wanted(kernels), rel=1e-10)


def test_a_seed_gives_the_same_weights_and_another_seed_others() -> None:
    def drawn(seed: int) -> list[Tensor]:
        torch.manual_seed(seed)
        return list(fresh(FAMILIES[2]).parameters())

    assert all(torch.equal(a, b) for a, b in zip(drawn(3), drawn(3), strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(drawn(3), drawn(4), strict=True))


def test_parameters_stay_leaves_that_want_gradients() -> None:
    for weight in fresh(FAMILIES[2]).parameters():
        assert weight.is_leaf
        assert weight.requires_grad
        assert weight.grad_fn is None


# ---------------------------------------------------------------- numbers, sums, shared weights


@pytest.mark.parametrize(
    ("equation", "number"),
    [
        ("x * A * B / sqrt(size(r))", 1 / math.sqrt(3)),
        ("-(x * A * B)", -1),
        ("3 * x * A * B / 2", 1.5),
        ("(x * A * B)[n, t] / 4", 0.25),
        ("x * (A * B / 5)[s, t]", 0.2),
        ("x * A * B / size(n)", 1),  # known at run time only: left out
    ],
)
def test_numbers_beside_the_product_belong_to_the_kernel(equation: str, number: float) -> None:
    made = layer(
        f"""mode n, s: 4, r: 3, t: 5
        input x[n, s]
        weight A[s, r], B[r, t]
        output y[n, t] = {equation}"""
    )
    assert mean_square(number * made.A @ made.B) == pytest.approx(2 / 4, rel=1e-10)


def test_a_product_with_the_number_zero_stays_as_drawn() -> None:
    made = layer(
        """mode n, s: 4, t: 5
        input x[n, s]
        weight A[s, t]
        output y[n, t] = 0 * x * A"""
    )
    assert made.A.isfinite().all()
    assert made.A.count_nonzero() == 20


def test_every_term_of_a_sum_has_its_share() -> None:
    made = layer(
        """mode n, s: 4, r: 3, t: 5
        input x[n, s], z[n, r]
        weight A[s, r], B[r, t], C[s, t], D[r, t], b[t]
        output y[n, t] = (x * A * B - x * C / 2 + z * D) / 3 + b"""
    )
    assert mean_square(made.A @ made.B / 3) == pytest.approx(2 / 4 / 3, rel=1e-10)
    assert mean_square(made.C / 6) == pytest.approx(2 / 4 / 3, rel=1e-10)
    assert mean_square(made.D / 3) == pytest.approx(2 / 3 / 3, rel=1e-10)
    assert made.b.count_nonzero() == 0


def test_a_kernel_that_is_a_sum_is_multiplied_out() -> None:
    made = layer(
        """mode n, s: 4, r: 3, t: 5
        input x[n, s]
        weight A[s, r], B[r, t], C[s, t], d[t]
        let K[s, t] = A * B - 2 * C + d
        output y[n, t] = x * K"""
    )
    for kernel in (made.A @ made.B, 2 * made.C, made.d):
        assert mean_square(kernel) == pytest.approx(2 / 4 / 3, rel=1e-10)


def test_products_inside_of_products_sum_modes_of_the_same_name() -> None:
    made = layer(
        """mode n, s: 4, r: 3, t: 5, u: 6
        input x[n, s], z[n, s]
        weight A[s, r], B[r, t], C[t, r], D[r, u]
        let K[s, t] = A * B
        let M[t, u] = C * D
        output y[n, u] = x * K * M
        output v[n, t] = z * K"""
    )
    kernel = made.A @ made.B @ made.C @ made.D
    assert mean_square(kernel) == pytest.approx(2 / 4, rel=1e-10)


@pytest.mark.parametrize("way", ["x * K * C", "x * (sum(K, over: r))[s] * D"])
def test_a_mode_that_an_addend_lacks_is_still_summed(way: str) -> None:
    made = layer(
        f"""mode n, s: 4, r: 3, t: 5
        input x[n, s]
        weight A[s, r], b[s], {way[-1]}[{"r, t" if way[-1] == "C" else "t"}]
        let K[s, r] = A + b
        output y[n, t] = {way}"""
    )
    last = made.C if way[-1] == "C" else made.D.expand(3, 5)
    first = made.A @ last
    second = torch.outer(made.b, last.sum(0))
    assert mean_square(first) == pytest.approx(2 / 4 / 2, rel=1e-10)
    assert mean_square(second) == pytest.approx(2 / 4 / 2, rel=1e-10)


def test_a_weight_that_stands_twice_in_a_product() -> None:
    made = layer(
        """mode n, s: 4, r: 3, t: 4
        input x[n, s], z[n, s]
        weight A[s, r], B[s, t]
        output y[n, t] = x[n, s] * A[s, r] * A[t, r]
        output v[n, t] = z * B * B"""
    )
    assert mean_square(made.A @ made.A.T) == pytest.approx(2 / 4, rel=1e-10)
    assert mean_square(made.B.square()) == pytest.approx(2 / 4, rel=1e-10)


def test_a_weight_under_two_groupings_of_its_modes() -> None:
    made = layer(
        """mode n, s: 4, a: 2, b: 2, r: 3
        input x[n, s]
        weight A[s, r]
        output y[n, (a, b)] = x * A[s, r] * A[(a, b), r]"""
    )
    assert mean_square(made.A @ made.A.T) == pytest.approx(2 / 4, rel=1e-10)


def test_the_first_term_decides_and_later_ones_make_up_for_it() -> None:
    made = layer(
        """mode n, s: 4, r: 3, t: 5, u: 6
        input x[n, s]
        weight A[s, r], B[r, t], C[r, u]
        output y[n, t] = x * A * B
        output v[n, u] = x * A * C
        output w[n, r] = x * A"""
    )
    assert mean_square(made.A @ made.B) == pytest.approx(2 / 4, rel=1e-10)
    assert mean_square(made.A @ made.C) == pytest.approx(2 / 4, rel=1e-10)
    assert mean_square(made.A) != pytest.approx(2 / 4, rel=1e-3)


def test_groups_and_taps_are_modes_of_the_kernel() -> None:
    made = layer(
        """mode n, g: 2, s: 4, t: 5, h, i: 3, r: 2
        conv(pad: same) u = h * i
        input x[n, g, s, h]
        weight A[g, s, r], B[i, r], C[g, r, t]
        output y[n, g, t, u] = x * A * B * C"""
    )
    kernel = torch.einsum("gsr,ir,grt->gsti", made.A, made.B, made.C)
    assert mean_square(kernel) == pytest.approx(2 / (4 * 3), rel=1e-10)


# ---------------------------------------------------------------- what is left as it is


def test_weights_with_another_start_are_not_scaled() -> None:
    made = layer(
        """mode n, s: 4, r: 4, t: 5
        input x[n, s]
        weight(init: orthogonal) Q[s, r]
        weight A[r, t]
        weight(init: normal(std: 0.5)) B[t]
        buffer(init: ones) g[s]
        output y[n, t] = x * Q * A * B * g"""
    )
    assert torch.allclose(made.Q @ made.Q.T, torch.eye(4, dtype=torch.float64), atol=1e-6)
    assert torch.equal(made.g, torch.ones(4, dtype=torch.float64))
    torch.manual_seed(0)
    drawn = [torch.empty_like(weight) for weight in (made.Q, made.A, made.B)]
    nn.init.orthogonal_(torch.empty(4, 4))
    nn.init.normal_(drawn[1])
    nn.init.normal_(drawn[2], std=0.5)
    assert torch.equal(made.B, drawn[2])
    kernel = made.g[:, None] * (made.Q @ made.A) * made.B
    assert mean_square(kernel) == pytest.approx(2 / 4, rel=1e-10)


def test_a_kernel_of_zeros_leaves_the_others_as_drawn() -> None:
    made = layer(
        """mode n, s: 4, r: 3, t: 5
        input x[n, s]
        weight A[s, r]
        weight(init: zeros) B[r, t]
        output y[n, t] = x * A * B"""
    )
    torch.manual_seed(0)
    sigma = (2 / 4 / 3) ** (1 / 4)
    assert torch.allclose(made.A, sigma * torch.randn(4, 3, dtype=torch.float64))
    assert made.B.count_nonzero() == 0


def test_weights_under_a_function() -> None:
    """A function of weights is no power of them; the other weights make up for it."""
    made = layer(
        """mode n, s: 4, t: 5
        input x[n, s], z[n, s]
        weight A[s, t], b[t], C[s, t]
        output y[n, t] = x * A * exp(b)
        output v[n, t] = z * exp(C)"""
    )
    assert mean_square(made.A * made.b.exp()) == pytest.approx(2 / 4, rel=1e-10)
    assert made.C.count_nonzero() == 20


def test_weights_that_multiply_no_data_start_at_zero() -> None:
    made = layer(
        """mode n, s: 4, t: 5
        input x[n, s]
        weight A[s, t], b[t], c[t], d[t]
        output y[n, t] = x * A + b + c * d"""
    )
    assert [made.get_parameter(name).count_nonzero().item() for name in "bcd"] == [0, 0, 0]
    assert mean_square(made.A) == pytest.approx(2 / 4, rel=1e-10)


# ---------------------------------------------------------------- large networks


def long(lengths: Iterable[int]) -> nn.Module:
    sizes = list(lengths)
    made = compiled("dense", "rTT", S=sizes, T=sizes, R=[8] * (len(sizes) - 1))
    torch.manual_seed(0)
    found: nn.Module = made.module.rTT(dtype=torch.float64)
    return found


def test_a_long_train() -> None:
    """Twelve cores: 24 operands, planned without a search."""
    made = long([2] * 12)
    state = torch.ones(1, 1, dtype=torch.float64)
    for k in range(1, 13):
        core = made.get_parameter(f"K_{k}").detach()
        state = torch.einsum("ab,astc,bstd->cd", state, core, core)
    assert state.item() / 4**12 == pytest.approx(2 / 2**12, rel=1e-10)
