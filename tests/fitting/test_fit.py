"""`tnc.fit` as users call it: what it sets, what it leaves alone, what it refuses."""

from __future__ import annotations

import torch
from torch import nn

import tnc

CONVOLUTION = tnc.load("std.convolution")
DENSE = tnc.load("std.dense")


def test_a_fitted_layer_is_the_dense_one_where_its_rank_is_full() -> None:
    dense = nn.Conv2d(6, 4, 3, stride=2, padding=1)
    layer = CONVOLUTION.SVD(S=6, T=4, stride=2, bias=True, R=12)
    report = tnc.fit(layer, dense)
    x = torch.randn(2, 6, 9, 7)
    assert report.error < 1e-9
    assert report.bias == "copied"
    torch.testing.assert_close(layer(x), dense(x))


def test_a_layer_inside_of_a_network_is_fitted() -> None:
    net = tnc.load("std.nets").LeNet5(Conv=CONVOLUTION.CP.given(R=4))
    layer = next(each for each in net.children() if "CP" in type(each).__name__)
    kernel = tnc.expand(layer).detach()
    assert tnc.fit(layer, torch.randn_like(kernel)).error < 1
