"""The networks of `std.nets` as one would write them in PyTorch, and their weights for ours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn


class LeNet5(nn.Module):
    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(400, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.max_pool2d(self.conv1(x).relu(), 2)
        x = nn.functional.max_pool2d(self.conv2(x).relu(), 2)
        x = self.fc1(x.flatten(1)).relu()
        return self.fc3(self.fc2(x).relu())


class Padded(nn.Module):
    """Option A: every other pixel, new channels of zeros on both sides."""

    def __init__(self, more: int, stride: int) -> None:
        super().__init__()
        self.more = more
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        before = self.more // 2
        x = x[:, :, :: self.stride, :: self.stride]
        return nn.functional.pad(x, (0, 0, 0, 0, before, self.more - before))


def projected(channels: int, width: int, stride: int) -> nn.Module:
    conv = nn.Conv2d(channels, width, 1, stride, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(width))


class Block(nn.Module):
    """`shapes`: channels, size of the filter and stride of each convolution."""

    def __init__(
        self, channels: int, shapes: Sequence[tuple[int, int, int]], shortcut: nn.Module | None
    ) -> None:
        super().__init__()
        self.depth = len(shapes)
        for k, (width, size, stride) in enumerate(shapes, 1):
            conv = nn.Conv2d(channels, width, size, stride, size // 2, bias=False)
            self.add_module(f"conv{k}", conv)
            self.add_module(f"bn{k}", nn.BatchNorm2d(width))
            channels = width
        self.downsample = shortcut

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for k in range(1, self.depth + 1):
            y = self.get_submodule(f"bn{k}")(self.get_submodule(f"conv{k}")(y))
            y = y.relu() if k < self.depth else y
        return (y + (x if self.downsample is None else self.downsample(x))).relu()


def basic(channels: int, width: int, stride: int, option: Literal["A", "B"] = "B") -> Block:
    shortcut = None
    if channels != width or stride != 1:
        padded = Padded(width - channels, stride)
        shortcut = padded if option == "A" else projected(channels, width, stride)
    return Block(channels, [(width, 3, stride), (width, 3, 1)], shortcut)


def bottleneck(channels: int, width: int, stride: int) -> Block:
    inner = width // 4
    changes = channels != width or stride != 1
    shortcut = projected(channels, width, stride) if changes else None
    return Block(channels, [(inner, 1, 1), (inner, 3, stride), (width, 1, 1)], shortcut)


class CifarResNet(nn.Module):
    def __init__(self, blocks: int, option: Literal["A", "B"] = "A", classes: int = 10) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = self._stage(16, 16, blocks, 1, option)
        self.layer2 = self._stage(16, 32, blocks, 2, option)
        self.layer3 = self._stage(32, 64, blocks, 2, option)
        self.fc = nn.Linear(64, classes)

    @staticmethod
    def _stage(
        channels: int, width: int, blocks: int, stride: int, option: Literal["A", "B"]
    ) -> nn.Module:
        first = basic(channels, width, stride, option)
        return nn.Sequential(first, *(basic(width, width, 1, option) for _ in range(blocks - 1)))

    def forward(self, x: Tensor) -> Tensor:
        x = self.bn1(self.conv1(x)).relu()
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(x.mean((2, 3)))


class ImageNetResNet(nn.Module):
    def __init__(self, blocks: Sequence[int], deep: bool, classes: int = 1000) -> None:
        super().__init__()
        block = bottleneck if deep else basic
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        channels = 64
        for k, count in enumerate(blocks):
            width = (256 if deep else 64) * 2**k
            first = block(channels, width, 1 if k == 0 else 2)
            rest = (block(width, width, 1) for _ in range(count - 1))
            self.add_module(f"layer{k + 1}", nn.Sequential(first, *rest))
            channels = width
        self.fc = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.max_pool2d(self.bn1(self.conv1(x)).relu(), 3, 2, 1)
        for k in range(1, 5):
            x = self.get_submodule(f"layer{k}")(x)
        return self.fc(x.mean((2, 3)))


class TransformerBlock(nn.Module):
    """Self-attention and two dense layers, each beside a shortcut; the norms before or after."""

    def __init__(self, width: int, heads: int, hidden: int, *, pre: bool, causal: bool) -> None:
        super().__init__()
        self.heads, self.pre, self.causal = heads, pre, causal
        for name in ("query", "key", "value", "out"):
            self.add_module(name, nn.Linear(width, width))
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)

    def attend(self, x: Tensor) -> Tensor:
        split = (x.shape[0], x.shape[1], self.heads, -1)
        q, k, v = (
            self.get_submodule(name)(x).reshape(split).transpose(1, 2)
            for name in ("query", "key", "value")
        )
        y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        out: Tensor = self.get_submodule("out")(y.transpose(1, 2).flatten(2))
        return out

    def feed(self, x: Tensor) -> Tensor:
        return self.fc2(nn.functional.gelu(self.fc1(x)))

    def forward(self, x: Tensor) -> Tensor:
        if self.pre:
            x = x + self.attend(self.norm1(x))
            return x + self.feed(self.norm2(x))
        x = self.norm1(x + self.attend(x))
        return self.norm2(x + self.feed(x))


# ---------------------------------------------------------------- weights


def reference_name(name: str) -> str:
    """The name of a generated module's tensor in the reference."""
    name = re.sub(r"Block_(\d+)\.", lambda found: f"{int(found[1]) - 1}.", name)
    name = name.replace("shortcut.conv1", "downsample.0").replace("shortcut.bn1", "downsample.1")
    name = name.removeprefix("attention.").replace(".attention.", ".")
    return re.sub(r"\bW$", "weight", re.sub(r"\bb$", "bias", name))


def carried(value: Tensor, name: str) -> Tensor:
    """A tensor between the two layouts: ours of dense layers is [in, out]."""
    return value.T if name.rpartition(".")[2] == "W" and value.ndim == 2 else value


def share(module: nn.Module, reference: nn.Module) -> None:
    """Give the generated module the weights of the reference, every one of them."""
    theirs = reference.state_dict()
    names = {name: reference_name(name) for name in module.state_dict()}
    assert sorted(names.values()) == sorted(theirs)
    module.load_state_dict({ours: carried(theirs[name], ours) for ours, name in names.items()})


def gradients(module: nn.Module) -> dict[str, Tensor]:
    """The gradients of a generated module, in the names and layouts of the reference."""
    found = {}
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None, name
        found[reference_name(name)] = carried(parameter.grad, name)
    return found


def stirred(module: nn.Module) -> nn.Module:
    """Norms that do not start as the identity, so that nothing hides behind ones and zeros."""
    generator = torch.Generator().manual_seed(1)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d | nn.LayerNorm):
            nn.init.uniform_(part.weight, 0.5, 1.5, generator=generator)
            nn.init.uniform_(part.bias, -0.5, 0.5, generator=generator)
        if isinstance(part, nn.BatchNorm2d):
            assert part.running_mean is not None
            assert part.running_var is not None
            part.running_mean.uniform_(-0.5, 0.5, generator=generator)
            part.running_var.uniform_(0.5, 1.5, generator=generator)
    return module
