"""The gradient rule against torch.autograd on the definition with dense patterns."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.interpreter import evaluate
from tnc.gradient.derive import pull_back, push_forward
from tnc.ir.graph import Builder, Value
from tnc.ir.scalar import Scalar
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.ops import Add, Border, Contract, Leaf, Pattern, Rename, Scale


def mode(name: str, size: int) -> Mode:
    return Mode(name, Size.of(size))


def leaf(build: Builder, name: str, *modes: Mode) -> Value:
    return build.make(Leaf("input", name, tuple((each,) for each in modes)))


def check(build: Builder, outputs: list[Value], leaves: list[Value]) -> None:
    """Gradients and tangents of `outputs` equal autograd's through the interpreter."""
    generator = torch.Generator().manual_seed(0)

    def draw(value: Value) -> torch.Tensor:
        shape = [each.size.evaluate({}) for each in value.type.modes]
        return torch.randn(shape, dtype=torch.float64, generator=generator)

    given_ = {value: draw(value).requires_grad_() for value in leaves}
    results = [evaluate(output, given_, {}) for output in outputs]
    seeds = [build.make(Leaf("seed", f"{k}", _axes(v))) for k, v in enumerate(outputs)]
    cotangents = {seed: draw(seed) for seed in seeds}
    tangents = {v: build.make(Leaf("tangent", f"{k}", _axes(v))) for k, v in enumerate(leaves)}
    directions = {tangent: draw(tangent) for tangent in tangents.values()}

    expected = torch.autograd.grad(
        results, list(given_.values()), list(cotangents.values()), allow_unused=True
    )
    for value, wanted in zip(pull_back(build, outputs, seeds, leaves), expected, strict=True):
        assert (value is None) == (wanted is None)
        if value is not None:
            found = evaluate(value, given_ | cotangents, {})
            torch.testing.assert_close(found, wanted)

    pairing = sum(
        (g * d).sum() for g, d in zip(expected, directions.values(), strict=True) if g is not None
    )
    pushed = [
        (evaluate(value, given_ | directions, {}) * seed).sum()
        for value, seed in zip(
            push_forward(build, outputs, tangents), cotangents.values(), strict=True
        )
        if value is not None
    ]
    torch.testing.assert_close(sum(pushed), pairing)


def _axes(value: Value) -> tuple[tuple[Mode, ...], ...]:
    return tuple((each,) for each in value.type.modes)


def test_contraction_with_kept_summed_and_lonely_modes() -> None:
    build = Builder()
    b, s, t, u = mode("b", 3), mode("s", 4), mode("t", 5), mode("u", 2)
    x, w, v = leaf(build, "x", b, s, u), leaf(build, "w", s, b, t), leaf(build, "v", t)
    y = build.make(Contract((t, b)), (x, w, v))  # u is carried by x alone
    check(build, [y], [x, w, v])


def test_three_readings_of_a_convolution() -> None:
    build = Builder()
    h, i, p, s = mode("h", 11), mode("i", 3), mode("p", 6), mode("s", 2)
    pattern = Pattern(h, p, (i,), stride=2, dilations=(2,), left=Size.of(3))
    x, k, g = leaf(build, "x", s, h), leaf(build, "k", i, s), leaf(build, "g", p)
    forward = build.make(Contract((p, s), (pattern,)), (x, k))
    transposed = build.make(Contract((h, s), (pattern,)), (g, k))
    taps = build.make(Contract((i, s), (pattern,)), (x, g))
    check(build, [forward, transposed, taps], [x, k, g])


@given(
    stride=st.integers(1, 3),
    dilations=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    left=st.integers(-1, 4),
    flip=st.booleans(),
    circular=st.booleans(),
)
def test_two_taps_flipped_and_circular(
    stride: int, dilations: tuple[int, int], left: int, flip: bool, circular: bool
) -> None:
    build = Builder()
    h, i, j, p = mode("h", 7), mode("i", 3), mode("j", 2), mode("p", 4)
    pattern = Pattern(h, p, (i, j), stride, dilations, Size.of(left), flip, circular)
    x, k, m = leaf(build, "x", h), leaf(build, "k", i), leaf(build, "m", j)
    check(build, [build.make(Contract((p,), (pattern,)), (x, k, m))], [x, k, m])


def test_sums_scalings_renamings_and_borders() -> None:
    build = Builder()
    n, s, t, h = mode("n", 3), mode("s", 4), mode("t", 4), mode("h", 5)
    x, bias = leaf(build, "x", n, s, h), leaf(build, "bias", s)
    renamed = build.make(Rename((n, t, h)), (x,))
    product = build.make(Contract((n, s, t, h)), (x, renamed))  # x occurs twice
    scaled = build.make(Scale(Scalar.of(0.5)), (product,))
    total = build.make(Add((n, s, t, h)), (scaled, bias))
    bordered = [
        build.make(Border(kind, h, mode(f"{kind}ed", 9), Size.of(2)), (total,))
        for kind in ("reflect", "replicate")
    ]
    check(build, [total, *bordered], [x, bias])


def test_an_unused_leaf_has_no_gradient() -> None:
    build = Builder()
    s = mode("s", 3)
    x, other = leaf(build, "x", s), leaf(build, "other", s)
    seed = leaf(build, "seed", s)
    y = build.make(Scale(Scalar.of(2.0)), (x,))
    assert pull_back(build, [y], [seed], [x, other])[1] is None


def test_the_derivative_is_shared_not_copied() -> None:
    """Equal cotangents are one value: the seed times B serves x and A."""
    build = Builder()
    n, s, r, t = mode("n", 3), mode("s", 4), mode("r", 2), mode("t", 5)
    x, a, b = leaf(build, "x", n, s), leaf(build, "a", s, r), leaf(build, "b", r, t)
    inner = build.make(Contract((n, r)), (x, a))
    y = build.make(Contract((n, t)), (inner, b))
    seed = leaf(build, "seed", n, t)
    gradient_x, gradient_a, _ = pull_back(build, [y], [seed], [x, a, b])
    assert gradient_x is not None
    assert gradient_a is not None
    assert gradient_x.operands[0] is gradient_a.operands[0]
