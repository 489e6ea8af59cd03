"""`tnc.Activations`: what a layer is to do to samples, summed up in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod

import torch
from torch import Tensor, nn

from tnc.fitting.kernels import system_of
from tnc.fitting.network import Factor, Network, length
from tnc.fitting.numbers import widened
from tnc.fitting.refusal import Unfit
from tnc.fitting.samples import Sampler
from tnc.fitting.targets import bias_of
from tnc.fitting.terms import Modes
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.record import record

ROOT = "√"
"""The name, beside those of factors, of the root of the inputs' second moments."""

RIDGE, ROUGH = 1e-10, 1e-3
"""What is added to the second moments, relative to their mean: to have a root where inputs depend
on each other; and for the dense kernel from which a fit starts, to be near zero where they say
nothing."""


class Activations:
    """Inputs of a layer with the outputs that it shall have, as a target of `tnc.fit`.

        teacher = torch.nn.Linear(64, 32)
        layer = tnc.load("std.dense").SVD(S=64, T=32, R=8)
        activations = tnc.Activations(layer)
        for _ in range(10):
            batch = torch.randn(100, 64)
            activations.add(batch, teacher(batch))
        tnc.fit(layer, activations)

    What is kept are the second moments of the patches that the kernel meets, and their products
    with the outputs; so memory depends on the layer alone, and the fit takes as long for many
    samples as for few. With a bias both are taken about their means, and the bias is fitted, too.

    `samples` is how many patches were added.

    Errors: CompileError with E0503 for a layer that cannot be fitted; TypeError for a module that
    tnc did not make.
    """

    def __init__(self, layer: nn.Module) -> None:
        self.system = system_of(layer)
        network = self.system.network
        if network.transposed:
            raise Unfit("its convolution is transposed", network.layer.origin).refusal(
                network.layer
            )
        self.samples = 0
        self._sampler = Sampler(network)
        self._centred = bias_of(network) is not None
        device = getattr(layer, network.names[0]).device
        groups, rows, columns = self._sampler.sizes

        def zeros(*shape: int) -> Tensor:
            return torch.zeros(shape, dtype=torch.float64, device=device)

        self._means = zeros(groups, 1, columns), zeros(groups, 1, rows)
        self._square, self._crossed = zeros(groups, columns, columns), zeros(groups, rows, columns)
        self._total = 0.0

    @torch.no_grad()
    def add(self, x: Tensor, y: Tensor) -> None:
        """Add a batch: inputs `x` of the layer, and the outputs `y` that are wanted.

        Errors: ValueError where they have not the shapes of the layer, are not finite, or have no
        squares.
        """
        for each in (x, y):
            widened("the activations have", each)
        for patches, wanted in self._sampler.pieces(x, y):
            self._merge(patches.to(self._square.device), wanted.to(self._square.device))

    def _merge(self, x: Tensor, y: Tensor) -> None:
        """Moments about the mean of both parts (Chan, Golub, LeVeque 1983)."""
        count = x.shape[1]
        total = self.samples + count
        here = (x.mean(1, keepdim=True), y.mean(1, keepdim=True)) if self._centred else self._means
        x, y = x - here[0], y - here[1]
        shift_x, shift_y = here[0] - self._means[0], here[1] - self._means[1]
        weight = self.samples * count / max(total, 1)
        self._square += x.mT @ x + weight * shift_x.mT @ shift_x
        self._crossed += y.mT @ x + weight * shift_y.mT @ shift_x
        self._total += float(y.square().sum() + weight * shift_y.square().sum())
        part = count / max(total, 1)
        self._means = self._means[0] + part * shift_x, self._means[1] + part * shift_y
        self.samples = total

    @torch.no_grad()
    def share(self, add_up: Callable[[Sequence[Tensor]], object]) -> None:
        """Add what other processes have added, so that all have the same. `add_up` sums each of the
        tensors over the processes, in place."""
        own = self.samples
        count = self._square.new_tensor([own])
        sums = [count, *(own * mean for mean in self._means)]
        add_up(sums)
        means = tuple(each / count.clamp_min(1) for each in sums[1:])
        shift_x, shift_y = (mine - mean for mine, mean in zip(self._means, means, strict=True))
        total = self._square.new_tensor([self._total]) + own * shift_y.square().sum()
        self._square += own * shift_x.mT @ shift_x
        self._crossed += own * shift_y.mT @ shift_x
        add_up([self._square, self._crossed, total])
        self.samples, self._total = int(count), float(total)
        self._means = means[0], means[1]

    def problem(self, held: Tensor | None = None) -> Whitened:
        """Least squares on the samples as a fit of a kernel, beside the best bias, if the layer has
        one, or the bias `held`. ValueError without samples."""
        if not self.samples:
            raise ValueError("no activations were added")
        square, crossed, total = self._moments(held)
        mean = square.diagonal(dim1=1, dim2=2).mean(1)[:, None, None].clamp_min(1e-300)
        one = torch.eye(square.shape[1], dtype=mean.dtype, device=mean.device)
        root = torch.linalg.cholesky(square + RIDGE * mean * one)
        target = torch.linalg.solve_triangular(root, crossed.mT, upper=False).mT
        rough = torch.linalg.cholesky(square + ROUGH * mean * one)
        dense = torch.cholesky_solve(crossed.mT, rough).mT
        beyond = max(total - float(target.square().sum()), 0.0)
        whole = self._total + self.samples * float(self._means[1].square().sum())
        return Whitened(self._laid_out(dense), target, root, beyond, whole or 1.0)

    def _moments(self, held: Tensor | None) -> tuple[Tensor, Tensor, float]:
        """XXᵀ, YXᵀ and ‖Y‖²: about the means, or of what a bias that is held leaves of Y."""
        if held is None:
            return self._square, self._crossed, self._total
        modes = self._modes
        outputs = [mode for axis in self.system.network.outputs for mode in axis]
        whole = held.detach().double().reshape([length(mode) for mode in outputs])
        rows = whole.permute([outputs.index(mode) for mode in modes[: len(outputs)]])
        x, y = self._means
        y = y - rows.reshape(y.shape)
        square = self._square + self.samples * x.mT @ x
        crossed = self._crossed + self.samples * y.mT @ x
        return square, crossed, self._total + self.samples * float(y.square().sum())

    @property
    def _modes(self) -> Modes:
        """Those of the kernel, in the order of the moments' axes."""
        sampler = self._sampler
        return (*sampler.groups, *sampler.rows, *sampler.columns)

    def _laid_out(self, dense: Tensor) -> Tensor:
        """A kernel [group, row, column] with the axes of the layer's."""
        modes, network = self._modes, self.system.network
        whole = dense.reshape([length(mode) for mode in modes])
        return whole.permute([modes.index(mode) for mode in network.modes]).reshape(network.shape)

    def bias(self, kernel: Tensor) -> Tensor:
        """The best bias beside a kernel, over the output modes of the kernel."""
        modes, network = self._modes, self.system.network
        whole = kernel.reshape([length(mode) for mode in network.modes])
        rows = whole.permute([network.modes.index(mode) for mode in modes])
        x, y = self._means
        found = y - x @ rows.reshape(x.shape[0], -1, x.shape[2]).mT
        outputs = [mode for axis in network.outputs for mode in axis]
        order = [modes.index(mode) for mode in outputs]
        return found.reshape([length(mode) for mode in modes[: len(outputs)]]).permute(order)


@record
class Whitened:
    """‖Y − K X‖² = ‖K L − T‖² + beyond, with L Lᵀ = X Xᵀ and T = Y Xᵀ L⁻ᵀ.

    `dense`: a dense kernel that does nearly as well as can be, laid out as the layer's. `target`:
    T [group, row, ·], `root`: L [group, column, ·]. `beyond`: what no kernel reaches. With a bias,
    X and Y are about their means, or Y is what a bias that is held leaves of it; `total` is ‖Y‖² of
    the outputs as they were given.
    """

    dense: Tensor
    target: Tensor
    root: Tensor
    beyond: float
    total: float


def whitened(network: Network) -> tuple[Network, tuple[int, ...]]:
    """The network of K L, and the shape of L in it: the root is one more factor, which is not
    fitted. The axes of K L are groups, rows, and the columns of the root."""
    sampler = Sampler(network)
    last = Mode("·", Size.of(sampler.sizes[2]))
    axes = tuple(axis for axis in (sampler.groups, sampler.columns, (last,)) if axis)
    root = Factor(ROOT, False, axes, tuple(mode for axis in axes for mode in axis))
    products = tuple(replace(each, factors=(*each.factors, root)) for each in network.products)
    made = replace(
        network,
        products=products,
        outputs=tuple(axis for axis in (sampler.groups, sampler.rows) if axis),
        inputs=((last,),),
        windows=(),
    )
    return made, tuple(prod(map(length, axis)) for axis in axes)
