"""The kernels of layers that tnc made: `tnc.expand`."""

from __future__ import annotations

from functools import lru_cache

from torch import Tensor, nn

from tnc.driver.origin import layer_of
from tnc.fitting.blocks import System
from tnc.fitting.numbers import widened
from tnc.fitting.reading import network_of
from tnc.ir.layer import Layer

CACHED = 256
"""Layers whose equations are kept."""


def expand(layer: nn.Module) -> Tensor:
    """The dense kernel of a layer that tnc made, laid out as PyTorch's own weights are: [t, s] of
    `nn.Linear`, [t, s/groups, i, …] of convolutions, in general output modes, input modes, taps;
    modes that share an axis of the layer's input or output share one here. It is differentiable.

    Errors: CompileError with E0503 for a layer that is not linear in its input and in each of its
    weights; TypeError for a module that tnc did not make.
    """
    system = system_of(layer)
    network = system.network
    tensors = {name: getattr(layer, name) for name in (*network.names, *network.constants)}
    return system.kernel(tensors)


def system_of(layer: nn.Module, held: frozenset[str] = frozenset()) -> System:
    """The equations of a layer of which the weights `held` are not fitted, compiled once. Errors as
    those of `expand`."""
    found = layer_of(type(layer))
    if found is None:
        raise TypeError(
            f"{type(layer).__name__} was not made by tnc in this process: "
            "give a layer of `tnc.load`, `tnc.compile` or `tnc.layer`"
        )
    whole = _system(found, frozenset())
    own = held.intersection(whole.network.names)
    return _system(found, own) if own else whole


@lru_cache(maxsize=CACHED)
def _system(layer: Layer, held: frozenset[str]) -> System:
    return System(network_of(layer).holding(held))


def frozen(layer: nn.Module) -> frozenset[str]:
    """The parameters that are not to be trained."""
    own = layer.named_parameters(recurse=False)
    return frozenset(name for name, each in own if not each.requires_grad)


def constants(system: System, layer: nn.Module) -> dict[str, Tensor]:
    """The factors of a kernel that are not fitted, in float64. Errors: as `widened`."""
    return {
        name: widened(f"`{name}` of the layer has", getattr(layer, name))
        for name in system.network.constants
    }
