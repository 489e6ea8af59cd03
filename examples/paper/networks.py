"""The networks of the tables, in plain PyTorch."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d


class LeNet5(nn.Sequential):
    """LeCun et al. 1998, with rectifiers: two convolutions and three dense layers, for 32×32."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__(
            nn.Conv2d(channels, 6, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
            nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, classes),
        )  # fmt: skip


class LeNet300(nn.Sequential):
    """LeNet-300-100: three dense layers for 32×32."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__(
            nn.Flatten(), nn.Linear(1024 * channels, 300), nn.ReLU(),
            nn.Linear(300, 100), nn.ReLU(), nn.Linear(100, classes),
        )  # fmt: skip


class Block(nn.Module):
    """Two convolutions of 3×3, and what comes in added (He et al. 2016, arXiv 1512.03385)."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(after)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or before != after:
            conv = nn.Conv2d(before, after, 1, stride, bias=False)
            self.shortcut = nn.Sequential(conv, nn.BatchNorm2d(after))

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm1(self.conv1(x)).relu()
        return (self.norm2(self.conv2(y)) + self.shortcut(x)).relu()


class ResNet(nn.Module):
    """6 · `blocks` + 2 layers in three stages: ResNet-32 has 5 blocks and 16 channels."""

    def __init__(self, channels: int, classes: int, blocks: int, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, width, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        found, before = [], width
        for stage in range(3):
            for number in range(blocks):
                after = width << stage
                found.append(Block(before, after, 2 if stage and not number else 1))
                before = after
        self.blocks = nn.Sequential(*found)
        self.classifier = nn.Linear(before, classes)

    def forward(self, x: Tensor) -> Tensor:
        y = self.blocks(self.norm(self.conv(x)).relu())
        out: Tensor = self.classifier(y.mean((2, 3)))
        return out


class ResNet8(nn.Module):
    """A narrow one: a block of 8, 16 and 32 channels each, on images of half the side."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.body = ResNet(channels, classes, 1, 8)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.body(avg_pool2d(x, 2))
        return out


class ResNet32(ResNet):
    """The network of the paper's second table."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__(channels, classes, 5, 16)


class Bottleneck(nn.Module):
    """1×1, 3×3, 1×1: four times as many channels come out as are inside."""

    def __init__(self, before: int, inside: int, stride: int) -> None:
        super().__init__()
        sizes = [(before, inside, 1, 1), (inside, inside, 3, stride), (inside, 4 * inside, 1, 1)]
        self.convs = nn.ModuleList(
            nn.Conv2d(s, t, k, stride, k // 2, bias=False) for s, t, k, stride in sizes
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(t) for _, t, _, _ in sizes)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or before != 4 * inside:
            conv = nn.Conv2d(before, 4 * inside, 1, stride, bias=False)
            self.shortcut = nn.Sequential(conv, nn.BatchNorm2d(4 * inside))

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for number, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            y = norm(conv(y))
            y = y.relu() if number < 2 else y
        return (y + self.shortcut(x)).relu()


class ResNet50(nn.Module):
    """For images of 224×224."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, 64, 7, 2, 3, bias=False)
        self.norm, self.pool = nn.BatchNorm2d(64), nn.MaxPool2d(3, 2, 1)
        found, before = [], 64
        for stage, blocks in enumerate((3, 4, 6, 3)):
            for number in range(blocks):
                inside = 64 << stage
                found.append(Bottleneck(before, inside, 2 if stage and not number else 1))
                before = 4 * inside
        self.blocks = nn.Sequential(*found)
        self.classifier = nn.Linear(before, classes)

    def forward(self, x: Tensor) -> Tensor:
        y = self.blocks(self.pool(self.norm(self.conv(x)).relu()))
        out: Tensor = self.classifier(y.mean((2, 3)))
        return out


NETWORKS: dict[str, Callable[[int, int], nn.Module]] = {
    "lenet5": LeNet5,
    "lenet300": LeNet300,
    "resnet8": ResNet8,
    "resnet32": ResNet32,
    "resnet50": ResNet50,
}
