"""Where the descent begins: at truncated SVDs, at singular vectors of unfoldings, at random."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import Literal

import torch
from torch import Tensor

from tnc.fitting.blocks import Block, System
from tnc.fitting.equations import TARGET
from tnc.fitting.network import length
from tnc.fitting.numbers import widened
from tnc.fitting.roles import having, modes_in
from tnc.fitting.trees import leading, normal, peeled, tree_of

Start = Literal["auto", "random", "current"]
Tensors = dict[str, Tensor]


def starts(
    system: System,
    given: Mapping[str, Tensor],
    weights: Mapping[str, Tensor],
    start: Start,
    count: int,
    seed: int,
) -> Iterator[Tensors]:
    """The factors of each start, in float64: one of the given kind, and then random ones.

    Errors: for a start at the weights, those of `widened`.
    """
    for number in range(count if system.network.names else 1):
        source = torch.Generator().manual_seed(seed + number)
        if number == 0 and start == "current":
            yield {
                name: widened(f"`{name}` of the layer has", each) for name, each in weights.items()
            }
        elif number == 0 and start == "auto":
            yield _decomposed(system, given, source)
        else:
            yield _scaled(system, given, _drawn(system, given[TARGET], source))


def _decomposed(system: System, given: Mapping[str, Tensor], source: torch.Generator) -> Tensors:
    """Truncated SVDs where the network is a tree, else the leading singular vectors of each
    factor's unfolding of the target, beside random columns where there are too few."""
    network, target = system.network, given[TARGET]
    tree = tree_of(network)
    whole = target.reshape([mode.size.value or 1 for mode in network.modes])
    if tree is not None:
        found = peeled(tree, network.modes, whole, source)
        return {name: found[name].reshape(shape) for name, shape in network.sizes.items()}
    made = {each.name: _unfolded(system, each, whole, source) for each in system.blocks}
    return _scaled(system, given, made)


def _unfolded(system: System, block: Block, whole: Tensor, source: torch.Generator) -> Tensor:
    """One factor: for each of its bonds a singular vector over its free modes."""
    batch, bonds, free = block.sizes
    own = modes_in(having(system.network, block.name)[0], block.name)
    first = [own[k] for k in block.order if own[k] in system.network.modes]
    if prod(map(length, first)) != batch * free:  # a tap that is embedded in a mode of the kernel
        return normal(block.physical, source, whole)
    rest = [mode for mode in system.network.modes if mode not in first]
    axes = [system.network.modes.index(mode) for mode in (*first, *rest)]
    matrix = whole.permute(axes).reshape(batch, free, -1)
    basis = leading(matrix, prod(bonds)) if free > 1 else matrix.new_zeros(batch, free, 0)
    spare = normal((batch, free, prod(bonds) - basis.shape[2]), source, whole) / free**0.5
    return block.weight(torch.cat([basis, spare], 2).mT)


def _drawn(system: System, target: Tensor, source: torch.Generator) -> Tensors:
    return {name: normal(shape, source, target) for name, shape in system.network.sizes.items()}


def _scaled(system: System, given: Mapping[str, Tensor], factors: Tensors) -> Tensors:
    """The factors with a kernel as large as the target."""
    own = torch.linalg.vector_norm(system.kernel({**given, **factors}))
    wanted = torch.linalg.vector_norm(given[TARGET])
    if own == 0 or wanted == 0 or not factors:
        return factors
    number = float(wanted / own) ** (1 / len(factors))
    return {name: each * number for name, each in factors.items()}
