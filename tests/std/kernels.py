"""The dense kernel that the weights of a family stand for, written out by hand.

A kernel has PyTorch's layout, [t, s, taps…], s being the channels of one group. Equations are those
of einsum, each tensor with its axes in order; in parentheses are the modes of one axis, of which
the first is the group q.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

import torch
from torch import Tensor

from tests.oracle import Tensors

Kernel = Callable[[Tensors, int], Tensor]
"""Of the weights by name, and the number of groups."""

TAPS = "ijl"


def by_equation(equation: str, *names: str) -> Kernel:
    """The kernel as one einsum of the weights called `names`: "(qs)r, r(qt) -> (qt)s"."""
    left, right = equation.replace(" ", "").split("->")
    inputs = left.split(",")
    assert len(inputs) == len(names)

    def kernel(weights: Tensors, groups: int) -> Tensor:
        operands = [_apart(weights[n], e, groups) for n, e in zip(names, inputs, strict=True)]
        flat = ",".join(map(_plain, inputs)) + "->" + _plain(right)
        return _merged(torch.einsum(flat, *operands), right)

    return kernel


def _axes(term: str) -> list[str]:
    return [group or single for group, single in re.findall(r"\((\w+)\)|(\w)", term)]


def _plain(term: str) -> str:
    return re.sub(r"[()]", "", term)


def _apart(weight: Tensor, term: str, groups: int) -> Tensor:
    axes = _axes(term)
    assert weight.ndim == len(axes), f"{tuple(weight.shape)} is not {term}"
    shape: list[int] = []
    for axis, size in zip(axes, weight.shape, strict=True):
        shape += [size] if len(axis) == 1 else [groups, size // groups]
    return weight.reshape(shape)


def _merged(value: Tensor, term: str) -> Tensor:
    shape, at = [], 0
    for axis in _axes(term):
        shape.append(value.shape[at : at + len(axis)].numel())
        at += len(axis)
    return value.reshape(shape)


def family(name: str, last: int) -> list[str]:
    return [f"{name}_{index}" for index in range(1, last + 1)]


# ---------------------------------------------------------------- convolutions


def conv(D: int, k: int) -> Kernel:
    return lambda weights, groups: weights["W"]


def svd(D: int, k: int) -> Kernel:
    taps = TAPS[:D] if k > 1 else ""
    half = (len(taps) + 1) // 2
    u, v = taps[:half], taps[half:]
    return by_equation(f"(qs){u}r, r{v}(qt) -> (qt)s{taps}", "A", "B")


def cp(D: int, k: int) -> Kernel:
    if k == 1:
        return by_equation("(qs)r, r(qt) -> (qt)s", "A", "B")
    taps = TAPS[:D]
    return by_equation(f"(qs)r, {taps}(qr), r(qt) -> (qt)s{taps}", "A", "C", "B")


def cp4(D: int, k: int) -> Kernel:
    taps = TAPS[:D] if k > 1 else ""
    cores = "".join(f"{tap}(qr), " for tap in taps)
    return by_equation(f"(qs)r, {cores} r(qt) -> (qt)s{taps}", "A", *family("C", len(taps)), "B")


def tk(D: int, k: int) -> Kernel:
    taps = TAPS[:D] if k > 1 else ""
    return by_equation(f"(qs)p, {taps}(qp)r, r(qt) -> (qt)s{taps}", "A", "C", "B")


def tt(D: int, k: int) -> Kernel:
    taps = TAPS[:D] if k > 1 else ""
    bonds = "abcd"
    cores = "".join(f"{tap}(q{bonds[n]}){bonds[n + 1]}, " for n, tap in enumerate(taps))
    return by_equation(
        f"(qs)a, {cores} {bonds[len(taps)]}(qt) -> (qt)s{taps}", "A", *family("C", len(taps)), "B"
    )


def tr(D: int, k: int) -> Kernel:
    taps = TAPS[:D] if k > 1 else ""
    bonds = "abcd"
    cores = "".join(f"{bonds[n]}{tap}(q{bonds[n + 1]}), " for n, tap in enumerate(taps))
    return by_equation(
        f"z(qs)a, {cores} {bonds[len(taps)]}(qt)z -> (qt)s{taps}",
        *("A", *family("C", len(taps)), "B"),
    )


def _pairs(m: int, D: int, k: int) -> tuple[str, str, str, str]:
    """The modes of the factors of s and t, of the taps, and those of the reshaped kernel."""
    s, t, taps = "stuv"[:m], "wxyz"[:m], TAPS[:D] if k > 1 else ""
    return s, t, taps, f"(q{t})({s}){taps}"


def rcp(D: int, k: int, m: int = 2) -> Kernel:
    s, t, taps, kernel = _pairs(m, D, k)
    cores = ", ".join(f"r(q{a}){b}" for a, b in zip(s, t, strict=True))
    core, names = (f", {taps}(qr)", ["C"]) if taps else ("", [])
    return by_equation(f"{cores}{core} -> {kernel}", *family("K", m), *names)


def rtk(D: int, k: int, m: int = 2) -> Kernel:
    s, t, taps, kernel = _pairs(m, D, k)
    p, r = "abcd"[:m], "efgh"[:m]
    ins = ", ".join(f"(q{a}){b}" for a, b in zip(s, p, strict=True))
    outs = ", ".join(f"{a}(q{b})" for a, b in zip(r, t, strict=True))
    core = f"{taps}(q{p[0]}){p[1:]}{r}"
    return by_equation(f"{ins}, {core}, {outs} -> {kernel}", *family("U", m), "C", *family("V", m))


def rtt(D: int, k: int, m: int = 2) -> Kernel:
    s, t, taps, kernel = _pairs(m, D, k)
    bonds = "abcde"
    cores = ", ".join(f"{bonds[n]}(q{s[n]}){t[n]}{bonds[n + 1]}" for n in range(m))
    core, names = (f", {taps}(q{bonds[m]})", ["C"]) if taps else ("", [])
    return by_equation(f"{cores}{core} -> {kernel}", *family("K", m), *names)


def rtr(D: int, k: int, m: int = 2) -> Kernel:
    s, t, taps, kernel = _pairs(m, D, k)
    ring = "abcde"[: m + 1 if taps else m]
    cores = ", ".join(f"{ring[n - 1]}(q{s[n]}){t[n]}{ring[n]}" for n in range(m))
    core, names = (f", {taps}(q{ring[-2]}){ring[-1]}", ["C"]) if taps else ("", [])
    return by_equation(f"{cores}{core} -> {kernel}", *family("K", m), *names)


def bt(D: int, k: int) -> Kernel:
    taps = TAPS[:D] if k > 1 else ""
    return by_equation(f"(qs)ep, {taps}(qe)pr, er(qt) -> (qt)s{taps}", "A", "C", "B")


def ht(D: int, k: int) -> Kernel:
    """The trees ((s i) (j t)) in two dimensions, ((i t) s) in one, (((l t) s) (i j)) in three."""
    left = {
        0: "(qs)b, c(qt), (qa)bc",
        1: "(qs)c, i(qd), e(qt), (qa)bc, (qb)de",
        2: "(qs)d, i(qe), j(qf), g(qt), (qa)bc, (qb)de, (qc)fg",
        3: "(qs)e, i(qf), j(qg), l(qh), y(qt), (qa)bc, (qb)de, (qc)fg, (qd)hy",
    }
    taps = TAPS[:D] if k > 1 else ""
    names = ["A", *family("C", len(taps)), "B", *family("N", len(taps) + 1)]
    return by_equation(f"{left[len(taps)]} -> (qt)s{taps}", *names)


def rbt(D: int, k: int, m: int = 2) -> Kernel:
    s, t, taps, kernel = _pairs(m, D, k)
    bonds = "abcd"[:m]
    cores = ", ".join(f"e(q{a}){b}{c}" for a, b, c in zip(s, t, bonds, strict=True))
    return by_equation(f"{cores}, {taps}(qe){bonds} -> {kernel}", *family("K", m), "C")


def rht(D: int, k: int) -> Kernel:
    """Two pairs below the root, the taps above it."""
    core, names = (f", {TAPS[:D]}(qa)", ["C"]) if k > 1 else ("", [])
    taps = TAPS[:D] if k > 1 else ""
    return by_equation(
        f"(qs)wb, (qt)xc, (qa)bc{core} -> (qwx)(st){taps}", "K_1", "K_2", "N_1", *names
    )


def separable(D: int, k: int) -> Kernel:
    taps = TAPS[:D] if k > 1 else ""
    if k == 1:
        return by_equation("s(qt) -> (qt)s", "B")
    return by_equation(f"{taps}(qs), s(qt) -> (qt)s{taps}", "C", "B")


def factoring(D: int, k: int) -> Kernel:
    """The full convolution of the two kernels with each other, tap by tap."""

    def kernel(weights: Tensors, groups: int) -> Tensor:
        if k == 1:
            return svd(D, k)(weights, groups)
        first, second = (k + 1) // 2, k + 1 - (k + 1) // 2
        i, j = "ijl"[:D], "mno"[:D]
        both = by_equation(f"(qs){i}r, r{j}(qt) -> (qt)s{i}{j}", "A", "B")(weights, groups)
        whole = both.new_zeros(*both.shape[:2], *[k] * D)
        for place in itertools.product(range(first), repeat=D):
            window = tuple(slice(at, at + second) for at in place)
            whole[(slice(None), slice(None), *window)] += both[(slice(None), slice(None), *place)]
        return whole

    return kernel
