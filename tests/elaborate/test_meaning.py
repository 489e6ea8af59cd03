"""The graph computes what the equation says, written out with loops' worth of dense einsum."""

import itertools

import pytest
import torch

from tests.elaborate.reading import layer
from tests.interpreter import evaluate
from tests.oracle import dense_pattern, windows
from tnc.ir.graph import reachable
from tnc.ir.layer import Layer
from tnc.ops import Leaf


def run(made: Layer, binding: dict[str, int]) -> tuple[list[torch.Tensor], dict[str, torch.Tensor]]:
    """Every output in the order of its modes, and the random leaves by name."""
    leaves = {
        value: torch.randn(
            [mode.size.evaluate(binding) for mode in value.type.modes], dtype=torch.float64
        )
        for value in reachable([port.value for port in made.outputs])
        if isinstance(value.op, Leaf)
    }
    found = []
    for port in made.outputs:
        names = [mode.name for axis in port.axes for mode in axis]
        value = evaluate(port.value, leaves, binding)
        found.append(value.permute([port.value.type.names.index(name) for name in names]))
    return found, {value.op.name: tensor for value, tensor in leaves.items()}  # type: ignore[attr-defined]


def test_joined_products_with_renamed_modes() -> None:
    made = layer(
        """mode n, t, u: size(t), e: 3, c: 4
        input x[n, t, e]
        weight Q[e, c], K[e, c]
        let q[n, t, c] = x * Q
        let k[n, u, c] = -x[n, u, e] * K / 2
        output z[t, n, u] = q * k"""
    )
    (found,), leaf = run(made, {"n": 2, "t": 5})
    q = torch.einsum("nte,ec->ntc", leaf["x"], leaf["Q"])
    k = torch.einsum("nue,ec->nuc", leaf["x"], leaf["K"]) / -2
    torch.testing.assert_close(found, torch.einsum("ntc,nuc->tnu", q, k))


def test_a_renamed_let_is_joined() -> None:
    made = layer(
        """mode n, s: 3, r: 2, q: 2, t: 4, u: 4
        input x[n, s]
        weight A[r, s], B[r, t], C[u, t]
        let K[s, t] = A * B
        output y[n, u] = x * K[s, u] * sum(C[u, t], over: t)"""
    )
    (found,), leaf = run(made, {"n": 3})
    kernel = torch.einsum("rs,rt->st", leaf["A"], leaf["B"])
    expected = torch.einsum("ns,su->nu", leaf["x"], kernel) * leaf["C"].sum(1)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    ("pad", "stride", "flip"),
    list(
        itertools.product(
            ["valid", "same", "tf_same", "full", "causal", "2", "(0, 3)"], [1, 2, 3], [False, True]
        )
    ),
)
def test_separable_convolution(pad: str, stride: int, flip: bool) -> None:
    options = f"stride: {stride}, pad: {pad}, dilation: (2, 1), flip: {str(flip).lower()}"
    made = layer(
        f"""mode n, h, s: 2, t: 3, i: 3, j: 2
        conv({options}) u = h * i * j
        input x[n, s, h]
        weight D[s, i], E[j], P[s, t]
        let z[n, s, u] = x * D * E
        output y[n, t, u] = z * P"""
    )
    (found,), leaf = run(made, {"n": 2, "h": 11})
    numeric = {"2": 2, "(0, 3)": (0, 3)}
    left, size = windows(11, 5, stride, numeric.get(pad, pad))
    pattern = dense_pattern(11, size, [3, 2], stride, [2, 1], left, flip=flip)
    expected = torch.einsum(
        "nsh,si,j,st,huij->ntu", leaf["x"], leaf["D"], leaf["E"], leaf["P"], pattern
    )
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("border", ["reflect", "replicate"])
def test_borders_and_their_transpose(border: str) -> None:
    made = layer(
        f"""mode n, h, i: 3
        conv(pad: (1, 2), stride: 2, border: {border}) u = h * i
        input x[n, h], g[n, u]
        weight A[i]
        output y[n, u] = x * A
        output z[n, h] = g * A
        output k[i] = x * g"""
    )
    sizes = {"n": 2, "h": 7}
    (y, z, k), leaf = run(made, sizes)
    _, size = windows(7, 2, 2, (1, 2))
    pattern = dense_pattern(7, size, [3], 2, [1], 1, border=border)  # type: ignore[arg-type]
    torch.testing.assert_close(y, torch.einsum("nh,i,hui->nu", leaf["x"], leaf["A"], pattern))
    torch.testing.assert_close(z, torch.einsum("nu,i,hui->nh", leaf["g"], leaf["A"], pattern))
    torch.testing.assert_close(k, torch.einsum("nh,nu,hui->i", leaf["x"], leaf["g"], pattern))


def test_transposed_convolution_of_a_convolution() -> None:
    """An inner relation stays a stage; an outer one reads it backwards."""
    made = layer(
        """mode n, h: 9, i: 3, j: 2
        conv(stride: 2) u = h * i
        input x[n, h]
        weight A[i], B[i]
        let z[n, u] = x * A
        output y[n, h] = z * B + x
        weight c[j]
        output v = x"""
    )
    (y, _), leaf = run(made, {"n": 2})
    pattern = dense_pattern(9, 4, [3], 2, [1], 0)
    z = torch.einsum("nh,i,hui->nu", leaf["x"], leaf["A"], pattern)
    torch.testing.assert_close(y, torch.einsum("nu,i,hui->nh", z, leaf["B"], pattern) + leaf["x"])


def test_broadcast_sums() -> None:
    made = layer(
        """mode n, s: 3, t: 3
        input x[n, s]
        weight a[s], b[t]
        output y[n, s, t] = 2 * x - (a - b[t]) + x[n, t] * a"""
    )
    (found,), leaf = run(made, {"n": 2})
    x, a, b = leaf["x"], leaf["a"], leaf["b"]
    expected = 2 * x[:, :, None] - a[:, None] + b + x[:, None, :] * a[:, None]
    torch.testing.assert_close(found, expected)
