"""Normal equations of one factor, solved for all its batch modes at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

SMALLEST = 1e-14
"""The proximal term has at least this weight."""

STRONGER = 100.0
"""By so much the proximal term grows where a Gram matrix is singular for it."""


def solve(grams: Sequence[Tensor], wanted: Tensor, near: Tensor, weight: float) -> Tensor:
    """The X [batch, bonds, free] with least ‖J X − T‖² + ‖X − near‖²_P.

    `grams` [batch, bond, bond]: JᵀJ is their Kronecker product ⊗ G; `wanted` [batch, bonds, free]:
    JᵀT. P = ⊗ (G + weight·μ) − ⊗ G, μ being the mean eigenvalue of each G: with one of them a
    multiple of the identity, with several a form for which they need not be solved together.
    Nothing that minimises the first term alone is moved by the second; so iterations converge to
    least squares, also where they are not unique.

    Source: proximal alternating minimisation (Attouch et al. 2010); regularised alternating least
    squares (Li, Kindermann, Navasca 2013).
    """
    roots = [_root(gram, weight) for gram in grams]
    return near + _each(_divided, roots, wanted - times(grams, near))


def _root(gram: Tensor, weight: float) -> Tensor:
    """The Cholesky factor of a Gram matrix [batch, c, c] and the least that must be added to it."""
    mean = gram.diagonal(dim1=1, dim2=2).mean(1)[:, None, None]
    mean = torch.where(mean > 0, mean, torch.ones_like(mean))
    one = torch.eye(gram.shape[1], dtype=gram.dtype, device=gram.device)
    weight = max(weight, SMALLEST)
    while True:
        root, failed = torch.linalg.cholesky_ex(gram + weight * mean * one)
        if not failed.any():
            return root
        weight *= STRONGER


def times(matrices: Sequence[Tensor], block: Tensor) -> Tensor:
    """The Kronecker product of matrices [batch, c, c] times a block [batch, bonds, free]."""
    return _each(torch.matmul, matrices, block)


def _divided(root: Tensor, block: Tensor) -> Tensor:
    return torch.cholesky_solve(block, root)


def _each(
    act: Callable[[Tensor, Tensor], Tensor], matrices: Sequence[Tensor], block: Tensor
) -> Tensor:
    """Each matrix [batch, c, c] acts on its own group of the bonds of a block."""
    shape, before = block.shape, 1
    for matrix in matrices:
        size = matrix.shape[1]
        parts = block.reshape(shape[0], before, size, -1).movedim(2, 1).flatten(2)
        block = act(matrix, parts).reshape(shape[0], size, before, -1).movedim(1, 2)
        before *= size
    return block.reshape(shape)
