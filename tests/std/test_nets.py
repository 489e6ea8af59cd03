"""The convolutional networks of `std.nets` against the same networks in plain PyTorch."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, Literal

import pytest
import torch
from torch import Tensor, nn

import tnc
from tests.oracle import close, leaf
from tests.std import reference
from tests.std.built import STANDARD, compiled, network, parameters


@dataclass(frozen=True)
class Net:
    """A network with its reference and a small input."""

    name: str
    layer: str
    made: Callable[[], nn.Module]
    parameters: int
    shape: tuple[int, ...]
    settings: dict[str, Any] = field(default_factory=dict)

    def pair(self, dtype: torch.dtype) -> tuple[nn.Module, nn.Module]:
        """Ours and the reference, with the same weights."""
        torch.manual_seed(0)
        ours = network(self.layer, dtype, **self.settings)
        theirs = reference.stirred(self.made().to(dtype))
        reference.share(ours, theirs)
        return ours, theirs

    def input(self, dtype: torch.dtype = torch.float64) -> Tensor:
        return torch.randn(self.shape, dtype=dtype)


def cifar(layer: str, blocks: int, count: int, option: Literal["A", "B"] = "A") -> Net:
    settings = {"Shortcut": "Projected"} if option == "B" else {}
    made = partial(reference.CifarResNet, blocks, option)
    return Net(f"{layer}-{option}", layer, made, count, (2, 3, 9, 12), settings)


def large(layer: str, blocks: list[int], count: int, *, deep: bool = False) -> Net:
    made = partial(reference.ImageNetResNet, blocks, deep)
    return Net(layer, layer, made, count, (2, 3, 33, 40))


NETS = [
    Net("LeNet5", "LeNet5", reference.LeNet5, 61_706, (3, 1, 28, 28)),
    cifar("ResNet20", 3, 269_722),
    cifar("ResNet20", 3, 272_474, "B"),
    pytest.param(cifar("ResNet32", 5, 464_154), marks=pytest.mark.slow),
    pytest.param(large("ResNet18", [2, 2, 2, 2], 11_689_512), marks=pytest.mark.slow),
    pytest.param(large("ResNet34", [3, 4, 6, 3], 21_797_672), marks=pytest.mark.slow),
    pytest.param(large("ResNet50", [3, 4, 6, 3], 25_557_032, deep=True), marks=pytest.mark.slow),
]
each_net = pytest.mark.parametrize("net", NETS, ids=lambda net: net.name)


def learn(module: nn.Module, x: Tensor) -> Tensor:
    """One backward pass; the gradients lie in the parameters."""
    y = module(x)
    weights = torch.linspace(-1, 1, y.numel(), dtype=y.dtype).reshape(y.shape)
    (y * weights).sum().backward()
    return y


@each_net
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
def test_the_network_is_the_reference(net: Net, training: bool) -> None:
    """Outputs, gradients of all weights and of the input, and running statistics, in float64."""
    ours, theirs = net.pair(torch.float64)
    assert parameters(ours) == net.parameters
    x, z = (leaf(each) for each in [net.input()] * 2)
    close(learn(ours.train(training), x), learn(theirs.train(training), z), "output")
    assert x.grad is not None
    assert z.grad is not None
    close(x.grad, z.grad, "gradient of x")
    found = reference.gradients(ours)
    for name, parameter in theirs.named_parameters():
        assert parameter.grad is not None
        close(found.pop(name), parameter.grad, f"gradient of {name}")
    assert not found
    buffers = dict(theirs.named_buffers())
    for name, value in ours.named_buffers():
        close(value, buffers.pop(reference.reference_name(name)), name)
    assert not buffers


@each_net
def test_single_precision(net: Net) -> None:
    ours, theirs = net.pair(torch.float32)
    x = net.input(torch.float32)
    with torch.no_grad():
        close(ours.eval()(x), theirs.eval()(x), "output", 1e-5)


def test_channels_last_changes_nothing() -> None:
    net = cifar("ResNet20", 3, 269_722)
    ours, theirs = net.pair(torch.float64)
    x = net.input()
    y = learn(ours, x.contiguous(memory_format=torch.channels_last))
    close(y, learn(theirs, x), "output")
    found = reference.gradients(ours)
    for name, parameter in theirs.named_parameters():
        assert parameter.grad is not None
        close(found[name], parameter.grad, f"gradient of {name}")


# ---------------------------------------------------------------- what is in them


def test_convolutions_behind_the_first() -> None:
    """463,360 in ResNet-32 with projections."""
    net = network("ResNet32", Shortcut="Projected")
    shapes = {name: each for name, each in net.named_parameters() if each.ndim == 4}
    assert sum(each.numel() for name, each in shapes.items() if name != "conv1.W") == 463_360


DEEPER = [("ResNet44", 658_586), ("ResNet56", 853_018), ("ResNet110", 1_727_962)]


@pytest.mark.parametrize(("name", "count"), DEEPER)
def test_deeper_networks_share_the_classes(name: str, count: int) -> None:
    """They have the parameters of He et al., and no more classes than ResNet-20."""
    made = compiled("nets", name)
    assert parameters(getattr(made.module, name)(device="meta")) == count
    few = compiled("nets", "ResNet20")
    assert made.source.count("\nclass ") == few.source.count("\nclass ")


def test_names_of_lenet5() -> None:
    assert list(network("LeNet5").state_dict()) == [
        "conv1.W",
        "conv1.b",
        "conv2.W",
        "conv2.b",
        "fc1.W",
        "fc1.b",
        "fc2.W",
        "fc2.b",
        "fc3.W",
        "fc3.b",
    ]


def test_names_of_a_block() -> None:
    keys = list(network("ResNet20", Shortcut="Projected").state_dict())
    state = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    norm = {f"bn{k}": [f"bn{k}.{each}" for each in state] for k in (1, 2)}
    plain = ["conv1.W", *norm["bn1"], "conv2.W", *norm["bn2"]]
    assert keys[:6] == ["conv1.W", *norm["bn1"]]
    first = [key for key in keys if key.startswith("layer1.Block_1.")]
    assert first == [f"layer1.Block_1.{each}" for each in plain]
    changing = [*plain, "shortcut.conv1.W", *(f"shortcut.{each}" for each in norm["bn1"])]
    second = [key for key in keys if key.startswith("layer2.Block_1.")]
    assert second == [f"layer2.Block_1.{each}" for each in changing]
    assert keys[-2:] == ["fc.W", "fc.b"]


@pytest.mark.parametrize("size", [12, 13, 32])
def test_lenet_on_other_sizes(size: int) -> None:
    net = network("LeNet5", size=size, channels=3, classes=7)
    assert net(torch.randn(2, 3, size, size, dtype=torch.float64)).shape == (2, 7)


def test_lenet_refuses_images_without_pixels_left() -> None:

    with pytest.raises(tnc.CompileError, match="12 × 12 pixels"):
        network("LeNet5", size=11)


# ---------------------------------------------------------------- factored layers


FACTORED = [
    ("ResNet20", {"Conv": "CP(R: 4)"}, (4, 3, 8, 8)),
    ("ResNet20", {"Conv": "CP(ratio: 0.1)"}, (4, 3, 8, 8)),
    ("LeNet5", {"Conv": "CP(R: 4)", "Dense": "std.dense.rCP(R: 4)"}, (4, 1, 28, 28)),
]


@pytest.mark.parametrize(("layer", "settings", "shape"), FACTORED)
def test_a_factored_network_learns(
    layer: str, settings: dict[str, Any], shape: tuple[int, ...]
) -> None:
    """Fifteen steps on one batch lower the loss; all weights take part."""
    torch.manual_seed(0)
    net = network(layer, torch.float32, **settings)
    assert parameters(net) < parameters(network(layer, torch.float32))
    x, labels = torch.randn(shape), torch.arange(shape[0])
    rule = torch.optim.Adam(net.parameters(), 0.005)
    losses = []
    for _ in range(15):
        loss = nn.functional.cross_entropy(net(x), labels)
        rule.zero_grad()
        loss.backward()
        assert all(each.grad is not None and each.grad.any() for each in net.parameters())
        rule.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2


def families(module: str) -> list[str]:
    """The layers that take vectors or images, `S` channels of them, and give `T`."""
    found = []
    for name, layer in tnc.load(STANDARD / f"{module}.tnn").items():
        defaults = {
            each.name: each.default for each in inspect.signature(layer).parameters.values()
        }
        if [*defaults][:2] == ["S", "T"] and defaults.get("D", 2) == 2:
            found.append(name)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("bias", ["false", "true"])
@pytest.mark.parametrize("family", families("convolution"))
def test_every_convolution_fits_a_residual_network(family: str, bias: str) -> None:
    """Strides 1 and 2 occur in it. No convolution has more than its share of parameters."""
    settings = f"bias: {bias}"
    if takes_a_ratio(family):
        settings += f", ratio: {RATIO}"
    net = network("ResNet32", Conv=f"std.convolution.{family}({settings})")
    trains(net, torch.randn(2, 3, 8, 8, dtype=torch.float64))
    for name, layer in net.named_modules():
        if name.endswith((".conv1", ".conv2")) and takes_a_ratio(family):
            weights = dict(layer.named_parameters())
            assert ("b" in weights) is (bias == "true")
            channels = [int(each) for each in re.findall(r"[ST]=(\d+)", layer.extra_repr())]
            count = sum(each.numel() for key, each in weights.items() if key != "b")
            assert count <= RATIO * 9 * channels[0] * channels[1]


RATIO = 0.3


@cache
def takes_a_ratio(family: str) -> bool:
    layer = tnc.load(STANDARD / "convolution.tnn")[family]
    return "ratio" in inspect.signature(layer).parameters


@pytest.mark.slow
@pytest.mark.parametrize("family", families("dense"))
def test_every_dense_layer_fits_a_transformer(family: str) -> None:
    net = network("TransformerBlock", E=16, heads=4, drop=0.0, Dense=f"std.dense.{family}")
    trains(net, torch.randn(2, 5, 16, dtype=torch.float64))


def trains(net: nn.Module, x: Tensor) -> None:
    """Every weight has an influence."""
    learn(net, x)
    assert all(each.grad is not None for each in net.parameters())
    weights = {name: each for name, each in net.named_parameters() if each.ndim > 1}
    assert all(each.grad.abs().sum() > 0 for each in weights.values() if each.grad is not None)


def test_under_autocast_a_bias_is_of_the_type_of_its_product() -> None:
    """As in torch's own layers; LeNet-5 has one behind every convolution and product."""
    net, x = network("LeNet5", torch.float32), torch.randn(2, 1, 28, 28)
    theirs = reference.LeNet5()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = net(x)
        assert y.dtype == theirs(x).dtype == torch.bfloat16
    y.sum().backward()
    assert {each.grad.dtype for each in net.parameters() if each.grad is not None} == {
        torch.float32
    }
