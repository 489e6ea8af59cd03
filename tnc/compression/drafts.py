"""Modules that have the tensors of a layer and none of its code, which is all that fitting and
expanding need: nothing is planned for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from types import ModuleType

import torch
from torch import Tensor, nn

from tnc.driver.front import Unit
from tnc.driver.options import Request
from tnc.driver.origin import remember
from tnc.ir.layer import Layer, Weight

WIDE = torch.float64
"""The type in which factors are fitted and kernels expanded."""


@dataclass(frozen=True)
class Draft:
    """The layer `name` of a text; `made` is a class of which `tnc.fit` and `tnc.expand` know what
    it computes."""

    layer: Layer
    made: type[nn.Module]

    def module(self, device: torch.device, values: Mapping[str, Tensor] | None = None) -> nn.Module:
        """A module with these tensors, zero where there is none, in float64."""
        found = self.made()
        for weight in self.layer.weights:
            tensor = torch.zeros(shape(weight), dtype=WIDE, device=device)
            if values is not None and weight.name in values:
                tensor.copy_(values[weight.name])
            if weight.trained:
                found.register_parameter(weight.name, nn.Parameter(tensor))
            else:
                found.register_buffer(weight.name, tensor)
        return found


def draft(unit: Unit, name: str, layer: Layer) -> Draft:
    """A draft of a layer that was elaborated from a text."""
    made: type[nn.Module] = type(name, (nn.Module,), {"__module__": f"{__name__}.{name}"})
    home = ModuleType(made.__module__)
    setattr(home, name, made)
    remember(home, unit, [Request(name)])
    return Draft(layer, made)


def shape(weight: Weight) -> tuple[int, ...]:
    """The shape of the parameter; its sizes are known, as all parameters of the layer are set."""
    sizes = [[mode.size.value for mode in axis] for axis in weight.axes]
    return tuple(prod(each for each in axis if each is not None) for axis in sizes)
