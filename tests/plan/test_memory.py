"""What a plan says of memory, against what PyTorch allocates and keeps."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from torch import nn

import tnc
from tests.families.compiled import compiled, from_text
from tests.families.kernels import CONVOLUTIONS, DENSE, Family
from tests.modules.layers import ATTENTION, TWO_OUTPUTS
from tests.plan.allocations import peak, saved
from tnc.ops.call import FUNCTIONS

NETWORK = Path(__file__).parent.parent / "programs" / "network"
SIZES = {"d": 6, "h": 12, "w": 6}  # strides up to 3 divide them all, as circular signals want
PADS = ("valid", "same", "tf_same", "full", "causal", "circular", "2", "(2, 0)", "(0, 1)", "(3, 1)")


def convolution(dims: str, kernel: str, taps: int, options: str) -> str:
    """A dense or a CP convolution along the signals `dims`."""
    modes = "gij"[3 - len(dims) :]
    relations = ", ".join(f"{p}' = {p} * {a}" for p, a in zip(dims, modes, strict=True))
    dense = f"W[s, t, {', '.join(modes)}]"
    factors = ["A[s, r]", "B[r, t]", *(f"U{a}[r, {a}]" for a in modes)]
    weights = [dense] if kernel == "dense" else factors
    names = " * ".join(weight.partition("[")[0] for weight in weights)
    signals, results = ", ".join(dims), ", ".join(f"{p}'" for p in dims)
    return f"""tnn 1
layer L {{
  mode n, {signals}, s: 5, t: 6, r: 4, {", ".join(f"{a}: {taps}" for a in modes)}
  conv({options}) {relations}
  input x[n, s, {signals}]
  weight {", ".join(weights)}
  output y[n, t, {results}] = x * {names}
}}
"""


def compared(
    dims: str, kernel: str, taps: int, options: str
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Peak and saved bytes: as planned, and as measured."""
    sizes = {p: SIZES[p] for p in dims}
    source = convolution(dims, kernel, taps, options)
    out = tnc.compile(source=source, layer="L", bind={"n": 3, **sizes}, cache=False)
    layer, shape = out.module.L(), (3, 5, *sizes.values())
    plan = out.plan
    return (plan.peak_bytes, plan.saved_bytes), (peak(layer, shape), saved(layer, shape))


@pytest.mark.parametrize("pad", PADS)
@pytest.mark.parametrize("kernel", ["dense", "cp"])
def test_every_pad(pad: str, kernel: str) -> None:
    for stride, dilation, flip in product((1, 2, 3), (1, 2), ("false", "true")):
        options = f"pad: {pad}, stride: {stride}, dilation: {dilation}, flip: {flip}"
        expected, measured = compared("h", kernel, 2 if flip == "true" else 3, options)
        assert expected == measured, options


@pytest.mark.parametrize("pad", PADS)
@pytest.mark.parametrize(("dims", "kernel"), [("hw", "cp"), ("dhw", "dense")])
def test_several_signals(pad: str, dims: str, kernel: str) -> None:
    for stride, more in ((1, "dilation: 2"), (2, "flip: true"), (3, "dilation: 1")):
        expected, measured = compared(dims, kernel, 3, f"pad: {pad}, stride: {stride}, {more}")
        assert expected == measured, stride


@pytest.mark.parametrize("pad", ["same", "2", "(2, 0)"])
@pytest.mark.parametrize("border", ["replicate", "reflect"])
def test_borders(pad: str, border: str) -> None:
    """The formula of reflected positions is long, and is printed with variables of its own: two
    lists of positions live on, of 8 bytes each, on every axis."""
    for stride, dims in product((1, 2, 3), ("h", "hw")):
        options = f"pad: {pad}, border: {border}, stride: {stride}"
        expected, measured = compared(dims, "dense", 3, options)
        lists = sum(2 * 8 * (SIZES[p] + 4) for p in dims) if border == "reflect" else 0
        assert 0 <= measured[0] - expected[0] <= lists, options
        assert measured[1] == expected[1], options


def built(family: Family) -> tuple[tnc.Compiled, nn.Module, tuple[int, ...]]:
    dims = {0: "", 1: "h", 2: "hw", 3: "dhw"}[family.taps]
    bind = {"n": 4, **{p: SIZES[p] for p in dims}}
    out = compiled(family.file, family.layer, bind=bind, **family.settings)
    shape = (4, family.channels[0], *(SIZES[p] for p in dims))
    return out, getattr(out.module, family.layer)(), shape


@pytest.mark.parametrize("family", [*DENSE, *CONVOLUTIONS], ids=lambda family: family.name)
def test_memory_of_every_family(family: Family) -> None:
    out, layer, shape = built(family)
    assert out.plan.peak_bytes == peak(layer, shape)
    assert out.plan.saved_bytes == saved(layer, shape)


@pytest.mark.parametrize(
    ("layer", "settings", "shape"),
    [
        ("Transposed1d", {"S": 3, "T": 4, "H": 13, "stride": 2}, (4, 3, 6)),
        ("Transposed1d", {"S": 3, "T": 4, "H": 12, "stride": 3, "pad": "causal"}, (4, 3, 4)),
        ("Transposed1d", {"S": 3, "T": 4, "H": 12, "pad": "circular"}, (4, 3, 12)),
        ("Upsample", {"S": 2, "T": 3}, (4, 2, 6, 7)),
        ("UpsampleCP", {"S": 2, "T": 3}, (4, 2, 6, 7)),
    ],
)
def test_memory_of_transposed_convolutions(
    layer: str, settings: dict[str, object], shape: tuple[int, ...]
) -> None:
    fixed = layer == "Transposed1d"
    bind = {"n": shape[0], **({} if fixed else dict(zip(("h'", "w'"), shape[2:], strict=False)))}
    out = compiled("transposed", layer, bind=bind, **settings)
    made = getattr(out.module, layer)()
    assert out.plan.peak_bytes == peak(made, shape)
    assert out.plan.saved_bytes == saved(made, shape)


MASKED = """tnn 1
from std.nn import softmax
layer L {
  mode n, t, u: size(t), h: 2, e: 3, c: 2
  input x[n, t, e]
  weight Q[e, h, c], K[e, h, c]
  let q[n, t, h, c] = x[n, t, e] * Q
  let k[n, u, h, c] = x[n, u, e] * K
  let z[n, t, u, h] = q * k / sqrt(size(c))
  let a[n, t, u, h] = softmax(mask(z, t >= u), over: u)
  output y[n, t, h, c] = a * k
}
"""
SHARED = """tnn 1
layer L {
  mode n, s: 3
  input x[n, s], p[n, s]
  weight A[s]
  buffer B[s]
  let u[n, s] = relu(x)
  let v[n, s] = u * A
  let w[n, s] = sigmoid(v)
  output y[n, s] = u * v * w * p * B
  output z[s] = sum((v * u)[n, s], over: n)
}
"""


@pytest.mark.parametrize(
    ("source", "bind", "shapes"),
    [
        (ATTENTION, {"n": 8, "t": 9}, [(8, 9, 3)]),
        (MASKED, {"n": 8, "t": 9}, [(8, 9, 3)]),
        (TWO_OUTPUTS, {"n": 8}, [(8, 3)]),
        (SHARED, {"n": 70}, [(70, 3), (70, 3)]),
    ],
    ids=["attention", "masked", "two outputs", "shared"],
)
def test_memory_around_barriers(
    source: str, bind: dict[str, int], shapes: list[tuple[int, ...]]
) -> None:
    out = from_text(source, bind=bind)
    layer = out.module.L()
    assert out.plan.peak_bytes == peak(layer, *shapes)
    assert out.plan.saved_bytes == saved(layer, *shapes)


# All axes but the last are one inside, and several again outside.
LEADING = """tnn 1
layer Inner {
  mode s: 3, r: 2, t: 5
  input p[..., s]
  weight A[s, r], B[r, t]
  output q[..., t] = p * A * B
}
layer L {
  mode n, h, s: 3, t: 5, k: 7
  input x[n, h, s]
  weight C[t, k]
  let u[n, h, t] = x |> Inner
  let a[n, h, t] = relu(u)
  output y[h, n, k] = a * C
}
"""
# The cotangent that a layer inside is given is gone when that of its input is made.
NARROW = """tnn 1
layer Inner {
  mode n, s: 60, r: 2, t: 50
  input p[n, s]
  weight A[s, r], B[r, t]
  let z[n, r] = p * A
  let a[n, r] = tanh(z)
  output q[n, t] = a * B
}
layer L {
  mode n, s: 60
  input x[n, s]
  let u = x |> Inner
  output y = sigmoid(u)
}
"""
# The gradients of weights stay, of all layers inside.
HEAVY = """tnn 1
layer Inner {
  mode n, s: 40, t: 40, r: 30
  input p[n, s]
  weight A[s, r], B[r, t]
  output q[n, t] = p * A * B
}
layer L {
  mode n, s: 40
  input x[n, s]
  output y = x |> Inner |> relu |> Inner
}
"""
# A sum passes its cotangent on to both terms, which have gradients from elsewhere too.
TERMS = """tnn 1
layer L {
  mode n, s: 8, k: 100
  input x[n, s], p[n, s]
  weight A[s, k], B[k, s]
  let u[n, s] = sigmoid(x)
  let v[n, s] = sigmoid(p)
  let z[n, k] = u * v * A
  let r[n, k] = relu(z)
  let m[n, s] = r * B
  let w[n, s] = tanh(u)
  let a[n, s] = u + v
  let b[n, s] = relu(a)
  output y[n, s] = m * w + b
}
"""
# Gradients that are cropped from longer ones are added up.
CROPPED = """tnn 1
layer L {
  mode n, h, s: 3, i: 5
  conv(pad: causal) h' = h * i
  input x[n, s, h]
  weight K[s, i], J[s, i]
  let u[n, s, h] = relu(x)
  let v[n, s, h'] = u * K
  let w[n, s, h'] = relu(v)
  output y[n, s, h'] = w * u * J
}
"""


@pytest.mark.parametrize(
    ("source", "shapes"),
    [
        (LEADING, [(4, 6, 3)]),
        (NARROW, [(64, 60)]),
        (HEAVY, [(2, 40)]),
        (TERMS, [(64, 8), (64, 8)]),
        (CROPPED, [(4, 3, 6)]),
    ],
    ids=["leading", "narrow", "heavy", "terms", "cropped"],
)
def test_memory_of_networks(source: str, shapes: list[tuple[int, ...]]) -> None:
    named = {"n": 0} | ({"h": 1} if source == LEADING else {"h": 2} if source == CROPPED else {})
    out = from_text(source, bind={name: shapes[0][axis] for name, axis in named.items()})
    layer = out.module.L()
    assert out.plan.peak_bytes == peak(layer, *shapes)
    assert out.plan.saved_bytes == saved(layer, *shapes)


CALLS = {
    "amax": "amax(z, over: u) + w",
    "pow": "pow(z, 3)",
    "shift": "z + 1",
    "at_least": "maximum(z, 0)",
    "at_most": "minimum(z, 6)",
    "maximum": "maximum(z, w)",
    "minimum": "minimum(z, w)",
    "softmax": "softmax(z, over: u)",
    "log_softmax": "log_softmax(z, over: u)",
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_pytorch_keeps_of_a_function(name: str) -> None:
    call = CALLS.get(name, f"{name}(z)")
    out = from_text(
        f"""tnn 1
layer L {{
  mode n, s: 30, u: 40, t: 20
  input x[n, s]
  weight A[s, u], C[s, u], B[u, t]
  let z[n, u] = x * A
  let w[n, u] = x * C
  let a[n, u] = {call}
  output y[n, t] = a * B + w * B
}}
""",
        bind={"n": 50},
    )
    layer = out.module.L()
    scalar = 4 if name in ("at_least", "at_most") else 0  # the zero of torch.where
    assert out.plan.peak_bytes == peak(layer, (50, 30)) - scalar
    assert out.plan.saved_bytes == saved(layer, (50, 30))


@pytest.mark.parametrize(
    ("file", "layer", "settings", "shape"),
    [
        ("attention", "SelfAttention", {"E": 16, "heads": 4, "causal": True}, (4, 12, 16)),
        ("resnet32", "BasicBlock", {"C": 8, "D": 8}, (4, 8, 8, 8)),
        ("resnet32", "Stage", {"C": 8, "D": 16, "blocks": 3, "stride": 2}, (4, 8, 8, 8)),
    ],
)
def test_layers_inside_of_layers(
    file: str, layer: str, settings: dict[str, object], shape: tuple[int, ...]
) -> None:
    """Within a tenth: modules of others keep more than what they are given, as a batch norm does
    its means, and layers inside that are a single product leave the derivative to PyTorch."""
    conv = {"Conv": "CP(R: 4)"} if layer == "Stage" else {}
    image = {"n": shape[0], "h": shape[-2], "w": shape[-1]}
    bind = {"n": shape[0], "t": shape[1]} if file == "attention" else image
    out = tnc.compile(NETWORK / f"{file}.tnn", layer, set=settings | conv, bind=bind)
    made = getattr(out.module, layer)()
    for planned, measured in (
        (out.plan.peak_bytes, peak(made, shape)),
        (out.plan.saved_bytes, saved(made, shape)),
    ):
        assert abs(planned - measured) <= 0.1 * measured


@pytest.mark.parametrize("h", [0, 1, 2])
def test_sizes_that_do_not_fit_have_a_plan(h: int) -> None:
    """What a layer refuses when it runs does not hinder the plan."""
    for options in ("pad: valid", "pad: circular", "pad: 2, border: reflect"):
        source = convolution("h", "cp", 5, options)
        out = tnc.compile(source=source, layer="L", bind={"n": 1, "h": h}, cache=False)
        assert out.plan.peak_bytes >= out.plan.saved_bytes >= 0
