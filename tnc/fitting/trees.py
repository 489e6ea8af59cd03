"""Starts for networks that are trees: leaves are peeled off, one truncated SVD per edge.

On a chain this is the TT-SVD, on a star the sequentially truncated HOSVD, on a tree the truncation
to the hierarchical Tucker format.

Source: Oseledets 2011; Vannieuwenhoven, Vandebril, Meerbergen 2012; Grasedyck 2010.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import prod

import networkx as nx
import torch
from torch import Tensor

from tnc.fitting.network import Network, Product, length
from tnc.fitting.terms import Modes
from tnc.ir.tensor import Mode
from tnc.record import record


@record
class Tree:
    """The factors of a product as a tree: two that share bonds are joined by an edge, parts that
    share none by an edge without bonds. `batch`: modes of the kernel that every factor has."""

    product: Product
    edges: nx.Graph[str]
    batch: Modes


def tree_of(network: Network) -> Tree | None:
    """A kernel as a tree of trained factors; None where it is a sum, or has patterns, rings, modes
    that three factors share, or bonds of a single one."""
    if len(network.products) != 1:
        return None
    (product,) = network.products
    factors = product.factors
    if product.patterns or not all(each.trained for each in factors):
        return None
    own = [{mode for mode in each.modes if length(mode) > 1} for each in factors]
    shared = [mode for mode in network.modes if sum(mode in some for some in own) > 1]
    if any(mode not in some for mode in shared for some in own):
        return None
    bonds = set().union(*own) - set(network.modes)
    if any(sum(mode in some for some in own) != 2 for mode in bonds):
        return None
    names = [each.name for each in factors]
    edges: nx.Graph[str] = nx.Graph()
    edges.add_nodes_from(names)
    for left, right in combinations(range(len(factors)), 2):
        if own[left] & own[right] & bonds:
            edges.add_edge(names[left], names[right])
    first, *others = [min(part, key=names.index) for part in nx.connected_components(edges)]
    edges.add_edges_from((first, other) for other in others)
    return Tree(product, edges, tuple(shared)) if nx.is_tree(edges) else None


def peeled(tree: Tree, modes: Modes, target: Tensor, source: torch.Generator) -> dict[str, Tensor]:
    """The factors, each over its modes, of a truncated decomposition of the target, which has the
    axes `modes`. Where a bond is larger than the rank of its unfolding, the leaf has random columns
    for the rest, and what it is peeled off has zeros."""
    found: dict[str, Tensor] = {}
    own = {each.name: each.modes for each in tree.product.factors}
    edges = tree.edges.copy()
    left = _reduced(target, modes, [mode for some in own.values() for mode in some])
    while len(edges) > 1:
        leaves = [name for name in own if name in edges and edges.degree(name) == 1]
        name = min(leaves, key=lambda leaf: prod(map(length, left.rows(own[leaf], tree.batch))))
        (other,) = edges.neighbors(name)
        shared = [mode for mode in own[name] if mode in own[other] and mode not in modes]
        bonds = [mode for mode in shared if length(mode) > 1]
        found[name], left = left.split(own[name], tree.batch, bonds, source)
        edges.remove_node(name)
    (last,) = edges
    found[last] = left.over(own[last]) / tree.product.scale
    return found


@record
class _Named:
    """A tensor and the modes of its axes; modes of size 1 may lack."""

    tensor: Tensor
    modes: Modes

    def over(self, modes: Sequence[Mode]) -> Tensor:
        """The tensor with these axes: its own, and others of size 1."""
        order = [self.modes.index(mode) for mode in modes if mode in self.modes]
        return self.tensor.permute(order).reshape([length(mode) for mode in modes])

    def rows(self, own: Sequence[Mode], batch: Sequence[Mode]) -> Modes:
        """The modes that a factor has of this tensor."""
        return tuple(mode for mode in self.modes if mode in own and mode not in batch)

    def split(
        self,
        own: Sequence[Mode],
        batch: Sequence[Mode],
        bonds: Sequence[Mode],
        source: torch.Generator,
    ) -> tuple[Tensor, _Named]:
        """A factor with the modes `own`, and what is left with `bonds` in their place."""
        rows = self.rows(own, batch)
        columns = tuple(mode for mode in self.modes if mode not in (*rows, *batch))
        sizes = [prod(map(length, some)) for some in (batch, rows, columns, bonds)]
        matrix = self.over((*batch, *rows, *columns)).reshape(sizes[:3])
        basis = leading(matrix, sizes[3])
        rest = basis.mT @ matrix
        more = sizes[3] - basis.shape[2]
        spare = normal((sizes[0], sizes[1], more), source, matrix) / max(sizes[1], 1) ** 0.5
        factor = _Named(
            torch.cat([basis, spare], 2).reshape([length(m) for m in (*batch, *rows, *bonds)]),
            (*batch, *rows, *bonds),
        )
        rest = torch.cat([rest, rest.new_zeros(sizes[0], more, sizes[2])], 1)
        modes = (*batch, *bonds, *columns)
        return factor.over(own), _Named(rest.reshape([length(mode) for mode in modes]), modes)


def _reduced(target: Tensor, modes: Modes, carried: Sequence[Mode]) -> _Named:
    """The mean over modes that no factor has; nothing else of the target can be met."""
    away = [k for k, mode in enumerate(modes) if mode not in carried]
    tensor = target.mean(away) if away else target
    kept = [mode for mode in modes if mode in carried]
    shape = [length(mode) for mode in kept if length(mode) > 1]
    return _Named(tensor.reshape(shape), tuple(mode for mode in kept if length(mode) > 1))


def leading(matrix: Tensor, count: int) -> Tensor:
    """The leading left singular vectors of matrices [batch, rows, columns], at most `count`, with
    signs that make the largest element of each positive.

    From the Gram matrix of the shorter side: precise enough to start from.
    """
    count = min(count, *matrix.shape[1:])
    if matrix.shape[1] <= matrix.shape[2]:
        _, vectors = torch.linalg.eigh(matrix @ matrix.mT)
        basis = vectors.flip(2)[:, :, :count]
    else:
        _, vectors = torch.linalg.eigh(matrix.mT @ matrix)
        basis, _ = torch.linalg.qr(matrix @ vectors.flip(2)[:, :, :count])
    largest = basis.abs().argmax(1, keepdim=True)
    signed: Tensor = basis * basis.gather(1, largest).sign()
    return signed


def normal(shape: Sequence[int], source: torch.Generator, like: Tensor) -> Tensor:
    """Normal numbers from a generator of the CPU, hence the same for every device."""
    return torch.randn(tuple(shape), generator=source, dtype=like.dtype).to(like.device)
