"""What a fit minimises, whatever its target is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from math import sqrt

from torch import Tensor, nn

from tnc.fitting.activations import ROOT, Activations, whitened
from tnc.fitting.blocks import System
from tnc.fitting.equations import TARGET
from tnc.fitting.kernels import CACHED, constants, frozen, system_of
from tnc.fitting.starts import Start, Tensors, starts
from tnc.fitting.sweeps import Descent, descend
from tnc.fitting.targets import Bias, bias_of, check_slides, laid_out, target_of

PROXIMAL = 1e-14
"""Weight of the proximal term."""

WARM = 10
"""Sweeps on the dense kernel before those on activations, which are not started from an SVD."""

THAW = "`requires_grad_()` lets it be fitted"


class KernelProblem:
    """Least squares in the elements of a kernel. Weights that are frozen are held. Errors as those
    of `tnc.fit`."""

    def __init__(self, layer: nn.Module, target: Tensor | nn.Module) -> None:
        self.system = system_of(layer, frozen(layer))
        network = self.system.network
        if not network.names:
            raise ValueError(f"every factor of {network.layer.name} is frozen: {THAW}")
        aim = target_of(target)
        check_slides(network, aim.slides)
        self._bias = Bias(network, layer, aim)
        device = getattr(layer, network.names[0]).device
        kernel = laid_out(network, aim.kernel).to(device)
        self._given = {**constants(self.system, layer), TARGET: kernel}

    def descents(
        self, weights: Mapping[str, Tensor], start: Start, restarts: int, seed: int
    ) -> Iterator[Descent]:
        """Where it may start."""
        for begun in starts(self.system, self._given, weights, start, restarts, seed):
            yield Descent(self.system, {**self._given, **begun}, PROXIMAL)

    def told(self, error: float) -> float:
        """The error that a descent's is for the user."""
        return error

    def set_bias(self, factors: Tensors) -> str:
        return self._bias.set()


@lru_cache(maxsize=CACHED)
def _whitened(system: System) -> tuple[System, tuple[int, ...]]:
    """The equations of a fit to samples, compiled once, and the shape of their root."""
    network, shape = whitened(system.network)
    return System(network), shape


class SampleProblem:
    """Least squares in the outputs of samples. Weights that are frozen are held."""

    def __init__(self, layer: nn.Module, activations: Activations) -> None:
        if system_of(layer) is not activations.system:
            raise ValueError("the activations are those of another layer")
        held = frozen(layer)
        self._dense, self._activations = system_of(layer, held), activations
        self.system, shape = _whitened(self._dense)
        network = self.system.network
        own = bias_of(self._dense.network)
        self._bias = None if own is None else getattr(layer, own.name)
        self._held = own is None or own.name in held
        if not network.names and self._held:
            raise ValueError(f"every weight of {network.layer.name} is frozen: {THAW}")
        self._found = found = activations.problem(self._bias if self._held else None)
        self._fixed = constants(self._dense, layer)
        given = {ROOT: found.root.reshape(shape), TARGET: found.target.reshape(network.shape)}
        self._given = {**self._fixed, **given}

    def descents(
        self, weights: Mapping[str, Tensor], start: Start, restarts: int, seed: int
    ) -> Iterator[Descent]:
        """Where it may start: near a dense kernel that does nearly as well as can be."""
        near = {**self._fixed, TARGET: self._found.dense}
        for number, begun in enumerate(starts(self._dense, near, weights, start, restarts, seed)):
            first = Descent(self._dense, {**near, **begun}, PROXIMAL)
            if number or start != "current":
                descend(first, WARM, 0.0, lambda *_: None)
            factors = {name: first.tensors[name] for name in self._dense.network.names}
            yield Descent(self.system, {**self._given, **factors}, PROXIMAL)

    def told(self, error: float) -> float:
        """‖Y − K X‖ / ‖Y‖ of what a descent calls its error."""
        square = float(self._found.target.square().sum())
        return sqrt((self._found.beyond + error**2 * square) / self._found.total)

    def set_bias(self, factors: Tensors) -> str:
        if self._bias is None:
            return "none"
        if self._held:
            return "kept"
        kernel = self._dense.kernel({**self._fixed, **factors})
        self._bias.copy_(self._activations.bias(kernel).reshape(self._bias.shape))
        return "fitted"


Problem = KernelProblem | SampleProblem


def problem_of(layer: nn.Module, target: Tensor | nn.Module | Activations) -> Problem:
    """The problem that a target poses. Errors as those of `tnc.fit`."""
    if isinstance(target, Activations):
        return SampleProblem(layer, target)
    return KernelProblem(layer, target)
