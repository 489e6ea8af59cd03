"""The convolutional networks of `std.nets` against the same networks in plain PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.oracle import close, leaf
from tests.std import reference
from tests.std.built import compiled, network, parameters


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


def cifar(name: str, blocks: int, count: int, **settings: Any) -> Net:
    option = settings.pop("option", "A")
    if option == "B":
        settings["Shortcut"] = "Projected"

    def made() -> nn.Module:
        return reference.CifarResNet(blocks, option)

    return Net(name, "CifarResNet", made, count, (2, 3, 9, 12), {"blocks": blocks, **settings})


def large(name: str, blocks: list[int], count: int, *, deep: bool = False) -> Net:
    settings: dict[str, Any] = {"blocks": blocks}
    if deep:
        settings |= {"Block": "Bottleneck", "expansion": 4}

    def made() -> nn.Module:
        return reference.ImageNetResNet(blocks, deep)

    return Net(name, "ImageNetResNet", made, count, (2, 3, 33, 40), settings)


NETS = [
    Net("lenet5", "LeNet5", reference.LeNet5, 61_706, (3, 1, 28, 28)),
    cifar("resnet20", 3, 269_722),
    cifar("resnet20-b", 3, 272_474, option="B"),
    pytest.param(cifar("resnet32", 5, 464_154), marks=pytest.mark.slow),
    pytest.param(large("resnet18", [2, 2, 2, 2], 11_689_512), marks=pytest.mark.slow),
    pytest.param(large("resnet34", [3, 4, 6, 3], 21_797_672), marks=pytest.mark.slow),
    pytest.param(large("resnet50", [3, 4, 6, 3], 25_557_032, deep=True), marks=pytest.mark.slow),
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
    net = cifar("resnet20", 3, 269_722)
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
    net = network("CifarResNet", blocks=5, Shortcut="Projected")
    shapes = {name: each for name, each in net.named_parameters() if each.ndim == 4}
    assert sum(each.numel() for name, each in shapes.items() if name != "conv1.W") == 463_360


@pytest.mark.parametrize(("blocks", "count"), [(7, 658_586), (9, 853_018), (18, 1_727_962)])
def test_deeper_networks_share_the_classes(blocks: int, count: int) -> None:
    """ResNet-44, 56 and 110 have the parameters of He et al., and no more text than ResNet-20."""
    made = compiled("nets", "CifarResNet", blocks=blocks)
    assert parameters(made.module.CifarResNet(device="meta")) == count
    few = compiled("nets", "CifarResNet", blocks=3)
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
    keys = list(network("CifarResNet", blocks=3, Shortcut="Projected").state_dict())
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
    from tnc import CompileError

    with pytest.raises(CompileError, match="12 × 12 pixels"):
        network("LeNet5", size=11)


# ---------------------------------------------------------------- factored layers


FACTORED = [
    ("CifarResNet", {"blocks": 3, "Conv": "CP(R: 4)"}, (4, 3, 8, 8)),
    ("CifarResNet", {"blocks": 3, "Conv": "CP(ratio: 0.1)"}, (4, 3, 8, 8)),
    ("LeNet5", {"Conv": "CP(R: 4)"}, (4, 1, 28, 28)),
]


@pytest.mark.parametrize(("layer", "settings", "shape"), FACTORED)
def test_a_factored_network_learns(
    layer: str, settings: dict[str, Any], shape: tuple[int, ...]
) -> None:
    """Fifteen steps on one batch lower the loss; all weights take part."""
    torch.manual_seed(0)
    net = network(layer, torch.float32, **settings)
    rest = {name: value for name, value in settings.items() if name != "Conv"}
    assert parameters(net) < parameters(network(layer, torch.float32, **rest))
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
