"""Layers by hand: a CP convolution with five factors, matrix chains, tensor trains."""

from __future__ import annotations

from itertools import pairwise
from random import Random

from tests.plan.meaning import leaf, mode
from tnc.ir.graph import Builder, Graph, Value
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.ops import Contract, Pattern

IMAGE = {"n": 2, "h": 9, "w": 7}


def cp_convolution(
    build: Builder,
    order: tuple[int, ...] = (0, 1, 2, 3, 4),
    stride: int = 2,
    sizes: tuple[int, ...] = (3, 4, 2, 3, 2),
) -> Value:
    """y[n, t, h', w'] of x[n, s, h, w], A[r, s], B[r, t], C[r, i], D[r, j] in the order given;
    `sizes` are those of s, t, r, i, j."""
    n, h, w = (mode(name, name) for name in "nhw")
    s, t, r, i, j = (mode(*pair) for pair in zip("strij", sizes, strict=True))
    results = [
        Mode(f"{signal}'", (signal.size - 1) // stride + 1 if stride != 1 else signal.size)
        for signal in (h, w)
    ]
    factors = [
        leaf(build, "x", (n, s, h, w), "input"),
        leaf(build, "A", (r, s)),
        leaf(build, "B", (r, t)),
        leaf(build, "C", (r, i)),
        leaf(build, "D", (r, j)),
    ]
    patterns = (
        Pattern(h, results[0], (i,), stride, (1,), Size.of(1)),
        Pattern(w, results[1], (j,), stride, (1,), Size.of(0)),
    )
    return build.make(Contract((n, t, *results), patterns), [factors[k] for k in order])


def separable(build: Builder, signal: int | str, taps: tuple[int, ...], stride: int) -> Value:
    """One relation with several taps, each with a dilation and a factor of its own."""
    h = mode("h", signal)
    legs = [mode(f"i{k}", size) for k, size in enumerate(taps)]
    reach = sum((k + 1) * (size - 1) for k, size in enumerate(taps))
    result = Mode("h'", (h.size + 4 - reach - 1) // stride + 1)
    relation = Pattern(h, result, tuple(legs), stride, tuple(range(1, len(taps) + 1)), Size.of(2))
    n, r = mode("n", 2), mode("r", 3)
    operands = [leaf(build, "x", (n, r, h), "input")]
    operands += [leaf(build, f"K{k}", (r, leg)) for k, leg in enumerate(legs)]
    return build.make(Contract((n, r, result), (relation,)), operands)


def chain(build: Builder, sizes: list[int]) -> Value:
    """A product of matrices M0[m0, m1] M1[m1, m2] …"""
    modes = [mode(f"m{k:02}", size) for k, size in enumerate(sizes)]
    operands = [leaf(build, f"M{k:02}", pair) for k, pair in enumerate(pairwise(modes))]
    return build.make(Contract((modes[0], modes[-1])), operands)


def tensor_train(
    build: Builder, random: Random, length: int, image: int, largest: int = 8
) -> Value:
    """r-TT: x[n, s…, h, w] · G_k[r, s, t, r] … · C[r, i] · D[r, j], of random sizes: ranks up to
    `largest`, channels up to half of it."""
    n = mode("n", random.randint(2, 2 * largest))
    s = [mode(f"s{k}", random.randint(2, (largest + 1) // 2)) for k in range(length)]
    t = [mode(f"t{k}", random.randint(2, (largest + 1) // 2)) for k in range(length)]
    r = [mode(f"r{k:02}", random.randint(2, largest)) for k in range(length + 1)]
    h, w, after, beside = (mode(name, image) for name in ("h", "w", "h'", "w'"))
    i, j = mode("i", 3), mode("j", 3)
    operands = [leaf(build, "x", (n, *s, h, w), "input")]
    operands += [leaf(build, f"G{k:02}", (r[k], s[k], t[k], r[k + 1])) for k in range(length)]
    operands += [leaf(build, "C", (r[0], i)), leaf(build, "D", (r[-1], j))]
    patterns = (
        Pattern(h, after, (i,), left=Size.of(1)),
        Pattern(w, beside, (j,), left=Size.of(1)),
    )
    return build.make(Contract((n, *t, after, beside), patterns), operands)


def graph(value: Value) -> Graph:
    return Graph((value,))
