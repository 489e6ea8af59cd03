"""Every layer of `std.nn` against the module or function of PyTorch's that it stands for."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn

import tnc
from tests.oracle import close, leaf
from tests.std.built import STANDARD, compiled

Reference = Callable[[Tensor], Tensor]

PIPE = """tnn 1
import std.nn as nn
layer L {{
  mode {modes}
  input x[{axes}]
  output y = x |> nn.{layer}
}}
"""
SHAPES = {3: (2, 4, 9), 4: (2, 4, 9, 6), 5: (2, 4, 6, 5, 7)}


def piped(layer: str, *modes: str) -> nn.Module:
    """A layer behind an input with these modes."""
    axes = ", ".join(mode.partition(":")[0] for mode in modes)
    text = PIPE.format(modes=", ".join(modes), axes=axes, layer=layer)
    return tnc.compile(source=text).module.L(dtype=torch.float64)


def image(layer: str, rank: int) -> nn.Module:
    return piped(layer, "n", "c: 4", *(f"h{k}" for k in range(2, rank)))


def compare(ours: nn.Module, reference: Reference, shape: tuple[int, ...]) -> None:
    """Outputs and gradients of the input, with the same random numbers."""
    x = torch.randn(shape, dtype=torch.float64)
    results = []
    for each in (ours, reference):
        torch.manual_seed(1)
        given = leaf(x)
        y = each(given)
        weights = torch.linspace(-1, 1, y.numel(), dtype=y.dtype).reshape(y.shape)
        (y * weights).sum().backward()
        assert given.grad is not None
        results.append((y, given.grad))
    close(results[0][0], results[1][0], "output")
    close(results[0][1], results[1][1], "gradient")


POINTWISE = ["hardswish", "hardsigmoid", "hardtanh", "relu6", "mish", "selu", "celu"]
POINTWISE += ["logsigmoid", "softsign"]
BUILT_IN = ["relu", "gelu", "silu", "elu", "softplus", "sigmoid", "tanh", "leaky_relu"]


@pytest.mark.parametrize("name", [*POINTWISE, *BUILT_IN])
def test_activations(name: str) -> None:
    compare(image(name, 3), getattr(nn.functional, name), SHAPES[3])


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax(name: str) -> None:
    reference = getattr(torch, name)
    compare(piped(f"{name}(over: c)", "n", "c: 4"), lambda x: reference(x, 1), (3, 4))


def test_prelu() -> None:
    compare(image("PReLU(0.3)", 3), nn.PReLU(init=0.3).double(), SHAPES[3])


NORMS = {
    "BatchNorm(4)": {3: nn.BatchNorm1d(4), 4: nn.BatchNorm2d(4), 5: nn.BatchNorm3d(4)},
    "BatchNorm(4, eps: 0.1, momentum: 0.5)": {4: nn.BatchNorm2d(4, 0.1, 0.5)},
    "InstanceNorm(4, affine: true)": {
        3: nn.InstanceNorm1d(4, affine=True),
        4: nn.InstanceNorm2d(4, affine=True),
        5: nn.InstanceNorm3d(4, affine=True),
    },
    "InstanceNorm(4)": {4: nn.InstanceNorm2d(4)},
    "GroupNorm(4, 2)": {rank: nn.GroupNorm(2, 4) for rank in SHAPES},
    "dropout(0.3)": {3: nn.Dropout(0.3)},
    "dropout_channels(0.3)": {3: nn.Dropout1d(0.3), 4: nn.Dropout2d(0.3), 5: nn.Dropout3d(0.3)},
    "flatten": {rank: nn.Flatten() for rank in SHAPES},
    "PadChannels2d(1, 2)": {4: nn.ConstantPad3d((0, 0, 0, 0, 1, 2), 0.0)},
    "MaxPool1d": {3: nn.MaxPool1d(2)},
    "MaxPool1d(3, 1, 1)": {3: nn.MaxPool1d(3, 1, 1)},
    "MaxPool2d": {4: nn.MaxPool2d(2)},
    "MaxPool2d(3, 2, 1)": {4: nn.MaxPool2d(3, 2, 1)},
    "MaxPool3d(3)": {5: nn.MaxPool3d(3)},
    "MaxPool3d(3, 2, 1)": {5: nn.MaxPool3d(3, 2, 1)},
    "AvgPool1d(3)": {3: nn.AvgPool1d(3)},
    "AvgPool1d(3, 2, 1)": {3: nn.AvgPool1d(3, 2, 1)},
    "AvgPool2d": {4: nn.AvgPool2d(2)},
    "AvgPool2d(3, 1, 1)": {4: nn.AvgPool2d(3, 1, 1)},
    "AvgPool3d(2, 1)": {5: nn.AvgPool3d(2, 1)},
    "AvgPool3d(3, 2, 1)": {5: nn.AvgPool3d(3, 2, 1)},
}
CASES = [(layer, rank, each) for layer, found in NORMS.items() for rank, each in found.items()]


@pytest.mark.parametrize(("layer", "rank", "reference"), CASES)
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
def test_layers_of_images(layer: str, rank: int, reference: nn.Module, training: bool) -> None:
    """The result has the shape that the signature says: it goes on through a sum with itself."""
    ours = image(f"{layer} |> nn.relu", rank).train(training)
    theirs = deepcopy(reference).double().train(training)
    compare(ours, lambda x: theirs(x).relu(), SHAPES[rank])
    (inner,) = [each for each in ours.children() if isinstance(each, type(reference))]
    for name, value in theirs.state_dict().items():
        close(inner.state_dict()[name].double(), value.double(), name)


@pytest.mark.parametrize(
    ("layer", "rank", "reference"), [each for each in CASES if each[0] != "dropout(0.3)"]
)
def test_signatures_say_the_shape(layer: str, rank: int, reference: nn.Module) -> None:
    """The sizes of a result that is bound to fixed modes are checked while compiling."""
    sizes = deepcopy(reference).double()(torch.randn(SHAPES[rank], dtype=torch.float64)).shape
    given = ", ".join(f"a{k}: {size}" for k, size in enumerate(SHAPES[rank]))
    taken = ", ".join(f"b{k}: {size}" for k, size in enumerate(sizes))
    text = f"""tnn 1
import std.nn as nn
layer L {{
  mode {given}, {taken}
  input x[{", ".join(f"a{k}" for k in range(rank))}]
  let y[{", ".join(f"b{k}" for k in range(len(sizes)))}] = x |> nn.{layer}
  output z = y
}}
"""
    assert tnc.compile(source=text).module.L()(torch.randn(SHAPES[rank])).shape == sizes


@pytest.mark.parametrize(
    ("layer", "reference"),
    [
        ("LayerNorm(4)", nn.LayerNorm(4)),
        ("LayerNorm(4, 0.1)", nn.LayerNorm(4, 0.1)),
        ("RMSNorm(4)", nn.RMSNorm(4, 1e-6)),
    ],
)
def test_norms_of_the_last_axis(layer: str, reference: nn.Module) -> None:
    compare(piped(layer, "n", "t", "c: 4"), reference.double(), (2, 5, 4))


def test_batch_norm_without_further_axes() -> None:
    compare(piped("BatchNorm(4)", "n", "c: 4"), nn.BatchNorm1d(4).double(), (5, 4))


@pytest.mark.parametrize("bias", [True, False])
def test_linear(bias: bool) -> None:
    ours = compiled("nn", "Linear", S=3, T=5, bias=bias).module.Linear(dtype=torch.float64)
    theirs = nn.Linear(3, 5, bias=bias, dtype=torch.float64)
    with torch.no_grad():
        ours.W.copy_(theirs.weight.T)
        if bias:
            ours.b.copy_(theirs.bias)
    for leading in ((), (2,), (2, 4, 3)):
        compare(ours, theirs, (*leading, 3))


# ---------------------------------------------------------------- indices


WORDS = """tnn 1
import std.nn as nn
layer L {
  mode n, t: 6
  input x[n, t]
  output y = x |> nn.Embedding(10, 4) |> nn.Positions(6, 4) |> nn.LayerNorm(4) |> nn.Linear(4, 3)
}
"""


def words(layer: nn.Module, x: Tensor) -> Tensor:
    """The same by hand."""
    y = nn.functional.embedding(x, layer.Embedding_1.weight) + layer.Positions_1.P
    return nn.functional.layer_norm(y, (4,)) @ layer.Linear_1.W + layer.Linear_1.b


def test_indices_go_in() -> None:
    """Whole numbers pass the door, and gradients come to every weight behind."""
    layer = tnc.compile(source=WORDS).module.L(dtype=torch.float64)
    x = torch.randint(10, (3, 6))
    assert layer.Positions_1.P.std() < 0.05
    weights = [layer.Embedding_1.weight, layer.Positions_1.P, layer.Linear_1.W, layer.Linear_1.b]
    found, wanted = layer(x), words(layer, x)
    close(found, wanted, "output")
    for a, b in zip(
        torch.autograd.grad(found.square().sum(), weights),
        torch.autograd.grad(wanted.square().sum(), weights),
        strict=True,
    ):
        close(a, b, "gradient")


def test_indices_under_autocast() -> None:
    layer = tnc.compile(source=WORDS).module.L()
    x = torch.randint(10, (3, 6))
    with torch.autocast("cpu", torch.bfloat16):
        found = layer(x)
    close(found.float(), layer(x), "output", 0.05)
    found.float().square().sum().backward()
    assert all(each.grad is not None for each in layer.Embedding_1.parameters())


@pytest.mark.parametrize("shape", [(4,), (2, 3, 4)])
def test_embeddings_of_any_shape(shape: tuple[int, ...]) -> None:
    layer = piped("Embedding(10, 4)", *(f"t{k}" for k in range(len(shape))))
    assert layer(torch.randint(10, shape)).shape == (*shape, 4)


def test_everything_is_explained() -> None:
    """Each layer has a line of documentation before it."""
    text = (STANDARD / "nn.tnn").read_text()
    named = re.findall(r"(.*)\n(?:extern(?:\(.*\))?|layer) (\w+)", text)
    assert len(named) > 25
    assert [name for line, name in named if not line.startswith("## ")] == []
