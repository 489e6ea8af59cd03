"""`tnc.reestimate` against means and variances computed by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

import tnc

BATCHES, BATCH = 4, 6


def network() -> nn.Sequential:
    torch.manual_seed(0)
    norms = [nn.BatchNorm2d(3, momentum=0.3), nn.BatchNorm2d(5, momentum=None)]
    convs = [nn.Conv2d(2, 3, 3), nn.Conv2d(3, 5, 2)]
    layers = [convs[0], norms[0], nn.ReLU(), nn.Dropout(0.5), convs[1], norms[1]]
    return nn.Sequential(*layers, nn.InstanceNorm2d(5)).double()


def data(epoch: int) -> Iterator[tuple[Tensor, None]]:
    for _ in range(BATCHES):
        yield 1 + 2 * torch.randn(BATCH, 2, 7, 6).double(), None


def by_hand(net: nn.Sequential, batches: int) -> list[Tensor]:
    """Averages over the batches of means and unbiased variances; what a norm gives depends on the
    batch."""
    torch.manual_seed(0)
    found: list[list[list[Tensor]]] = [[[], []] for _ in range(2)]
    with torch.no_grad():
        for x, _ in list(data(0))[:batches]:
            for conv, norm, kept in zip((net[0], net[4]), (net[1], net[5]), found, strict=True):
                x = conv(x)
                rows = x.movedim(1, 0).flatten(1)
                mean, variance = rows.mean(1), rows.var(1, correction=0)
                kept[0].append(mean)
                kept[1].append(rows.var(1, correction=1))
                shape = (1, -1, 1, 1)
                x = (x - mean.view(shape)) / (variance.view(shape) + norm.eps).sqrt()
                x = (x * norm.weight.view(shape) + norm.bias.view(shape)).relu()
    return [torch.stack(each).mean(0) for kept in found for each in kept]


@pytest.mark.parametrize("batches", [None, 1, 3])
def test_plain_averages(batches: int | None) -> None:
    net = network().train()
    net[3].eval()
    weights = {name: tensor.clone() for name, tensor in net.named_parameters()}
    expected = by_hand(net, batches or BATCHES)
    assert tnc.reestimate(net, data, batches=batches) == 2
    found = [net[1].running_mean, net[1].running_var, net[5].running_mean, net[5].running_var]
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
    assert all(torch.equal(weights[name], tensor) for name, tensor in net.named_parameters())
    assert [each.training for each in net] == [True, True, True, False, True, True, True]
    assert [net[1].momentum, net[5].momentum] == [0.3, None]


def test_networks_without_norms_are_not_run() -> None:
    assert tnc.reestimate(nn.Linear(2, 2), data) == 0


def broken(epoch: int) -> Iterator[tuple[Tensor, None]]:
    yield from list(data(epoch))[:2]
    raise OSError("the disk is gone")


def test_nothing_changes_when_data_fail() -> None:
    net = network().train()
    tnc.reestimate(net, data)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    with pytest.raises(OSError, match="disk"):
        tnc.reestimate(net, broken)
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())
    assert [net[1].momentum, net[5].momentum] == [0.3, None]
    assert all(each.training for each in net.modules())


def test_no_batches_change_nothing() -> None:
    net = network()
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    with pytest.raises(ValueError, match="batches = 0"):
        tnc.reestimate(net, data, batches=0)
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())
