"""Kernels and their Jacobians by running a layer on unit inputs: shares no code with the fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

Weights = Mapping[str, Tensor]


def kernel(
    layer: nn.Module,
    weights: Weights,
    channels: int,
    taps: Sequence[int] = (),
    *,
    left: Sequence[int] = (),
    dilation: int = 1,
    groups: int = 1,
) -> Tensor:
    """The kernel [t, s/groups, taps…] of a layer without bias and with stride 1.

    The input is one at one channel and at the position c of a signal that is long enough, so the
    output at c + left - dilation·a is the kernel at tap a.
    """
    reach = [dilation * (size - 1) for size in taps]
    x = torch.zeros(channels, channels, *(4 * each + 1 for each in reach), dtype=torch.float64)
    centre = [2 * each for each in reach]
    x[(range(channels), range(channels), *centre)] = 1
    y = torch.func.functional_call(layer, dict(weights), (x,))
    left = left or [each // 2 for each in reach]
    for axis, size in enumerate(taps):
        places = [centre[axis] + left[axis] - dilation * a for a in range(size)]
        y = y.index_select(axis + 2, torch.tensor(places))
    whole = y.movedim(1, 0)  # t s taps, with zeros where groups differ
    if groups == 1:
        return whole
    t, s = whole.shape[0] // groups, channels // groups
    parts = [whole[q * t : (q + 1) * t, q * s : (q + 1) * s] for q in range(groups)]
    return torch.cat(parts)


def weights_of(layer: nn.Module) -> dict[str, Tensor]:
    """The weights of a layer, as they are now."""
    return {name: each.detach().clone() for name, each in layer.named_parameters()}
