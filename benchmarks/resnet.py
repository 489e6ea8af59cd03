"""Residual networks as users have them: plain PyTorch, with the names of torchvision's checkpoints.

Source: He et al. 2016 (arXiv 1512.03385), figure 5 and table 1; the stride stands in the 3×3
convolution of a bottleneck, as in torchvision.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Bottleneck(nn.Module):
    """1×1, 3×3 and 1×1 convolutions beside a shortcut; the last has four times the channels."""

    def __init__(self, S: int, width: int, stride: int = 1, expansion: int = 4) -> None:
        super().__init__()
        T = expansion * width
        self.conv1 = nn.Conv2d(S, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, T, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(T)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride != 1 or S != T:
            self.downsample = nn.Sequential(
                nn.Conv2d(S, T, 1, stride=stride, bias=False), nn.BatchNorm2d(T)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        shortcut = x if self.downsample is None else self.downsample(x)
        return self.relu(y + shortcut)


class ResNet(nn.Module):
    """`blocks` bottlenecks in each stage; stages have `width`, 2, 4, … times `width` channels."""

    def __init__(self, blocks: Sequence[int], width: int = 64, classes: int = 1000) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        S = width
        self.stages = len(blocks)
        for stage, count in enumerate(blocks):
            inner = width << stage
            made = [Bottleneck(S, inner, 1 if stage == 0 else 2)]
            S = 4 * inner
            made += [Bottleneck(S, inner) for _ in range(count - 1)]
            self.add_module(f"layer{stage + 1}", nn.Sequential(*made))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(S, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for stage in range(self.stages):
            x = getattr(self, f"layer{stage + 1}")(x)
        return self.fc(torch.flatten(self.avgpool(x), 1))


def resnet50() -> ResNet:
    """ResNet-50 with random weights: 25,557,032 parameters."""
    return ResNet([3, 4, 6, 3])


def small() -> ResNet:
    """A network of the same kinds of layers, of some 100,000 parameters."""
    return ResNet([1, 2], width=16, classes=10)
