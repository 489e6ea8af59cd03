"""What can change without changing the kernel: how its size is shared out between factors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod

import torch
from torch import Tensor

from tnc.fitting.blocks import Block, System
from tnc.fitting.least_squares import Gram
from tnc.fitting.network import length
from tnc.fitting.roles import having
from tnc.ir.tensor import Mode
from tnc.record import record


@record
class Bond:
    """A mode that is summed over, with the factors that have it, and its position in each."""

    size: int
    ends: tuple[tuple[Block, int], ...]


@dataclass(frozen=True)
class Gauge:
    """The bonds of a kernel whose slices can be rescaled: several trained factors of a single term
    have them, and no pattern does."""

    system: System

    @cached_property
    def bonds(self) -> tuple[Bond, ...]:
        return tuple(self._bonds())

    def _bonds(self) -> Iterator[Bond]:
        network = self.system.network
        blocks = {each.name: each for each in self.system.blocks}
        for product in network.products:
            legs = {leg for pattern in product.patterns for leg in pattern.legs}
            ends: dict[Mode, list[tuple[Block, int]]] = {}
            for factor in product.factors:
                if factor.name in blocks and len(having(network, factor.name)) == 1:
                    for k, mode in enumerate(factor.modes):
                        ends.setdefault(mode, []).append((blocks[factor.name], k))
            for mode, some in ends.items():
                if len(some) > 1 and mode not in legs and mode not in network.modes:
                    yield Bond(length(mode), tuple(some))

    def balance(self, tensors: dict[str, Tensor]) -> None:
        """Let the slices of each bond have equal norms in all factors that have it."""
        for bond in self.bonds:
            norms = [_slices(block, k, tensors).square().sum(1).sqrt() for block, k in bond.ends]
            if not all((norm > 0).all() for norm in norms):
                continue
            logs = [norm.log() for norm in norms]
            mean = sum(logs) / len(logs)
            for (block, k), log in zip(bond.ends, logs, strict=True):
                shape = [size if at == k else 1 for at, size in enumerate(block.shape)]
                weight = tensors[block.name].reshape(block.shape)
                scaled = weight * (mean - log).exp().reshape(shape)
                tensors[block.name] = scaled.reshape(block.physical)

    def largest(self, tensors: Mapping[str, Tensor]) -> float:
        """The largest norm of a component: of the kernel with one bond held at one position."""
        largest = 0.0
        for bond in self.bonds:
            block, k = bond.ends[0]
            largest = max(largest, float(_energies(block, k, tensors).max().clamp_min(0).sqrt()))
        return largest


def _slices(block: Block, k: int, tensors: Mapping[str, Tensor]) -> Tensor:
    """A factor as [position, all else]."""
    weight = tensors[block.name].reshape(block.shape)
    return weight.movedim(k, 0).reshape(block.shape[k], -1)


def _energies(block: Block, k: int, tensors: Mapping[str, Tensor]) -> Tensor:
    """‖K‖² with the bond at position `k` of a factor held, for each of its positions.

    That is XᵀGX with all of X but a slice zero: of the Gram matrix that has the bond, only the
    blocks on the diagonal count.
    """
    batch, bonds, _ = block.sizes
    grams = block.gram_matrices(tensors)
    number = next(n for n, group in enumerate(block.groups) if k in group)
    group = block.groups[number]
    at = group.index(k)
    inner = [block.shape[position] for position in group]
    before, size, after = prod(inner[:at]), inner[at], prod(inner[at + 1 :])
    own = grams[number].matrix
    one = torch.eye(bonds[number], dtype=own.dtype, device=own.device)
    grams[number] = Gram(one.expand_as(own))
    left = block.matrix(tensors[block.name])
    right = block.applied(grams, left)

    def slices(matrix: Tensor) -> Tensor:
        split = matrix.reshape(batch, prod(bonds[:number]), before, size, after, -1)
        return split.permute(3, 0, 2, 4, 1, 5).reshape(size, batch, before * after, -1)

    blocks = own.reshape(batch, before, size, after, before, size, after)
    held = blocks.diagonal(dim1=2, dim2=5).permute(5, 0, 1, 2, 3, 4)
    held = held.reshape(size, batch, before * after, before * after)
    return (slices(left) @ slices(right).mT * held).sum((1, 2, 3))
