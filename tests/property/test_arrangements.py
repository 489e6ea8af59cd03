"""Relations in unusual company: per-sample and local kernels, many dimensions, every order."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor
from torch.nn import functional

import tnc
from tests.families.compiled import instance_of
from tests.oracle import Relation, agree, evaluate

DOUBLE = torch.float64


def layer(body: str) -> str:
    return f"tnn 1\nlayer L {{\n{body}\n}}\n"


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_each_sample_has_its_own_kernel(stride: int) -> None:
    text = layer(f"""
      mode n, h, w, s: 2, t: 3, i: 3, j: 2
      conv(stride: {stride}, pad: same) h' = h * i, w' = w * j
      input x[n, s, h, w], k[n, t, s, i, j]
      output y[n, t, h', w'] = x * k
    """)

    def per_sample(x: Tensor, k: Tensor) -> Tensor:
        padded = functional.pad(x, (0, 1, 1, 1))
        rows = [functional.conv2d(a[None], b, None, stride) for a, b in zip(padded, k, strict=True)]
        return torch.cat(rows)

    x, k = torch.randn(3, 2, 7, 5, dtype=DOUBLE), torch.randn(3, 3, 2, 3, 2, dtype=DOUBLE)
    agree(instance_of(text), per_sample, x, k)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("pad", ["valid", "same", "circular"])
def test_locally_connected(stride: int, pad: str) -> None:
    """The weight carries the result's mode beside the taps: another kernel at every place."""
    text = layer(f"""
      mode n, s: 2, t: 3, h: 12, i: 3
      conv(stride: {stride}, dilation: 2, pad: {pad}) h' = h * i
      input x[n, s, h]
      weight W[h', s, t, i]
      output y[n, t, h'] = x * W
    """)
    relation = Relation("h'", "h", ("i",), stride, (2,), pad)

    def local(x: Tensor, W: Tensor) -> Tensor:
        return evaluate([(x, "nsh"), (W, ("h'", *"sti"))], ("n", "t", "h'"), [relation])

    agree(instance_of(text), local, torch.randn(2, 2, 12, dtype=DOUBLE))


@pytest.mark.parametrize("carried", ["signal", "result", "taps"])
def test_a_leg_that_two_factors_carry(carried: str) -> None:
    """A gate on the signal or on the result, or a mask on the taps."""
    extra, size = {"signal": ("h", 9), "result": ("h'", 5), "taps": ("i", 3)}[carried]
    text = layer(f"""
      mode n, s: 2, t: 3, h: 9, i: 3
      conv(stride: 2, pad: same) h' = h * i
      input x[n, s, h], m[n, {extra}]
      weight W[s, t, i]
      output y[n, t, h'] = x * m * W
    """)
    relation = Relation("h'", "h", ("i",), 2, (1,), "same")

    def gated(x: Tensor, m: Tensor, W: Tensor) -> Tensor:
        operands = [(x, "nsh"), (m, ("n", extra)), (W, "sti")]
        return evaluate(operands, ("n", "t", "h'"), [relation])

    x, m = torch.randn(2, 2, 9, dtype=DOUBLE), torch.randn(2, size, dtype=DOUBLE)
    agree(instance_of(text), gated, x, m)


def test_four_dimensions() -> None:
    text = """tnn 1
    layer L(S: int = 2, T: int = 3, D: int = 4, k: int = 2) {
      mode n, s: S, t: T
      mode h[a in 1..D], f[a in 1..D]: k
      conv(stride: 2, pad: same) g[a] for a in 1..D = h[a] * f[a]
      input x[n, s, h...]
      weight K[s, t, f...]
      output y[n, t, g...] = x * K
    }"""
    legs = ("Gae", "Hbf", "Ici", "Jdj")
    relations = [Relation(g, h, (f,), 2, (1,), "same") for g, h, f in legs]

    def dense(x: Tensor, K: Tensor) -> Tensor:
        return evaluate([(x, "nsabcd"), (K, "stefij")], "ntGHIJ", relations)

    agree(instance_of(text), dense, torch.randn(1, 2, 5, 4, 3, 2, dtype=DOUBLE))


def test_each_direction_has_its_own_options() -> None:
    text = layer("""
      mode n, h, w, s: 2, t: 3, i: 3, j: 2
      conv(stride: 2, pad: causal) h' = h * i
      conv(dilation: 3, pad: circular, flip: true) w' = w * j
      input x[n, s, h, w]
      weight W[s, t, i, j]
      output y[n, t, h', w'] = x * W
    """)
    relations = [
        Relation("H", "h", ("i",), 2, (1,), "causal"),
        Relation("V", "w", ("j",), 1, (3,), "circular", flip=True),
    ]

    def dense(x: Tensor, W: Tensor) -> Tensor:
        return evaluate([(x, "nshw"), (W, "stij")], "ntHV", relations)

    agree(instance_of(text), dense, torch.randn(2, 2, 7, 8, dtype=DOUBLE))


def test_one_direction_forwards_and_one_backwards() -> None:
    text = layer("""
      mode n, h, s: 2, t: 3, i: 3, j: 4, w: 2 * size(w')
      conv(stride: 2, pad: same) h' = h * i
      conv(stride: 2, pad: 1) w' = w * j
      input x[n, s, h, w']
      weight U[s, t, i], V[t, j]
      output y[n, t, h', w] = x * U * V
    """)
    relations = [
        Relation("H", "h", ("i",), 2, (1,), "same"),
        Relation("v", "w", ("j",), 2, (1,), 1),
    ]

    def dense(x: Tensor, U: Tensor, V: Tensor) -> Tensor:
        operands = [(x, "nshv"), (U, "sti"), (V, "tj")]
        return evaluate(operands, "ntHw", relations, {"w": 2 * x.shape[-1]})

    agree(instance_of(text), dense, torch.randn(2, 2, 7, 5, dtype=DOUBLE))


BANDS = [
    (("h", "h'"), ("h'", "i"), "h'"),
    (("h", "h'", "i"), ("i",), "h'"),
    (("h", "h'", "i"), ("h",), "h'"),
    (("h", "h'"), ("h", "i"), "h'"),
    (("h", "h'", "i"), ("h",), "i"),
    (("h", "h'"), ("i",), "h'"),
]


def band(h: str, first: tuple[str, ...], second: tuple[str, ...], kept: str) -> str:
    return layer(f"""
      mode {h}, i: 3
      conv(stride: 2, pad: 1) h' = h * i
      input x[{", ".join(first)}], z[{", ".join(second)}]
      output y[{kept}] = x * z
    """)


@pytest.mark.parametrize(("first", "second", "kept"), BANDS)
def test_one_factor_with_several_legs(
    first: tuple[str, ...], second: tuple[str, ...], kept: str
) -> None:
    """Signal and result in the same factor: a sum along a band of it."""
    sizes = {"h": 6, "h'": 3, "i": 3}

    def banded(x: Tensor, z: Tensor) -> Tensor:
        relation = Relation("h'", "h", ("i",), 2, (1,), 1)
        return evaluate([(x, first), (z, second)], (kept,), [relation], sizes)

    x, z = (torch.randn([sizes[m] for m in modes], dtype=DOUBLE) for modes in (first, second))
    agree(instance_of(band("h: 6", first, second, kept)), banded, x, z)


@pytest.mark.parametrize(("first", "second", "kept"), BANDS[:4])
def test_a_band_needs_its_size(first: tuple[str, ...], second: tuple[str, ...], kept: str) -> None:
    """Where no plan works for every size, the help is to declare it."""
    with pytest.raises(tnc.CompileError) as caught:
        tnc.compile(source=band("h", first, second, kept), layer="L")
    (found,) = [each for each in caught.value.diagnostics if each.severity == "error"]
    assert found.code == "E0304"


def test_a_run_time_size_from_one_axis() -> None:
    """The only tensor that has the mode has nothing else."""
    text = layer("""
      mode b, c: 2, e: 3
      input x[b]
      weight A[c], C[c, e]
      output y[c, b, e] = x * A * C
    """)

    def outer(x: Tensor, A: Tensor, C: Tensor) -> Tensor:
        return torch.einsum("b,c,ce->cbe", x, A, C)

    agree(instance_of(text), outer, torch.randn(4, dtype=DOUBLE))


FACTORS = ("x", "A", "B", "C", "D")
CP = """tnn 1
layer L {{
  mode n, h, w, s: 3, t: 4, r: 2, i: 3, j: 2
  conv(stride: 2, pad: same) h' = h * i, w' = w * j
  input x[n, s, h, w]
  weight A[r, s], B[r, t], C[r, i], D[r, j]
  output y[n, t, h', w'] = {}
}}
"""


@pytest.mark.parametrize("first", FACTORS)
def test_every_order_of_the_operands_is_one_value(first: str) -> None:
    """The five factors of a CP convolution, in all 120 orders. Counting multiply-adds, which tries
    no programs, takes a third of the time; each pair of first ones is followed by time as well."""

    def dense(x: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor) -> Tensor:
        kernel = torch.einsum("rs,rt,ri,rj->tsij", A, B, C, D)
        return functional.conv2d(functional.pad(x, (0, 1, 1, 1)), kernel, None, 2)

    x = torch.randn(2, 3, 5, 7, dtype=DOUBLE)
    others = [name for name in FACTORS if name != first]
    orders = [(first, *rest) for rest in itertools.permutations(others)]
    for order in orders:
        module = instance_of(CP.format(" * ".join(order)), objective="macs")
        agree(module, dense, x, tolerance=1e-12)
    for order in orders[::6]:
        agree(instance_of(CP.format(" * ".join(order))), dense, x, tolerance=1e-12)
