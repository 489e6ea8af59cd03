"""Normal equations of one factor, solved for all its batch modes at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from tnc.fitting.numbers import Overflow

SMALLEST = 1e-14
"""The proximal term has at least this weight."""

STRONGER = 100.0
"""By so much the proximal term grows where a Gram matrix is singular for it."""


@dataclass(frozen=True)
class Gram:
    """A Gram matrix [batch, c, c]."""

    matrix: Tensor

    @cached_property
    def spectrum(self) -> tuple[Tensor, Tensor]:
        """Its eigenvalues [batch, c], none below 0, and its eigenvectors."""
        values, vectors = torch.linalg.eigh(self.matrix)
        return values.clamp_min(0), vectors

    def finite(self) -> bool:
        """Whether its elements are, of which none is larger than those of the diagonal."""
        return bool(self.matrix.diagonal(dim1=1, dim2=2).isfinite().all())


def solve(grams: Sequence[Gram], wanted: Tensor, near: Tensor, weight: float) -> Tensor:
    """The X [batch, bonds, free] with least ‖J X − T‖² + weight·μ·‖X − near‖².

    JᵀJ is the Kronecker product of `grams`, `wanted` [batch, bonds, free] is JᵀT, and μ the mean
    eigenvalue of JᵀJ. Nothing that minimises the first term alone is moved by the second; so
    iterations converge to least squares, also where they are not unique. There is one such term
    for the product, not one for each of `grams`: where several are singular, that would leave next
    to nothing of it.

    Source: proximal alternating minimisation (Attouch et al. 2010); regularised alternating least
    squares (Li, Kindermann, Navasca 2013).

    Errors: Overflow.
    """
    if not (wanted.isfinite().all() and all(gram.finite() for gram in grams)):
        raise Overflow
    if len(grams) == 1:
        return _cholesky(grams[0].matrix, wanted, near, weight)
    return _kronecker(grams, wanted, near, weight)


def _cholesky(gram: Tensor, wanted: Tensor, near: Tensor, weight: float) -> Tensor:
    mean = gram.diagonal(dim1=1, dim2=2).mean(1)[:, None, None]
    mean = torch.where(mean > 0, mean, torch.ones_like(mean))
    weight = max(weight, SMALLEST)
    while True:
        shift = weight * mean
        shifted = gram + shift * torch.eye(gram.shape[1], dtype=gram.dtype, device=gram.device)
        root, failed = torch.linalg.cholesky_ex(shifted)
        if not failed.any():
            return torch.cholesky_solve(wanted + shift * near, root)
        weight *= STRONGER


def _kronecker(grams: Sequence[Gram], wanted: Tensor, near: Tensor, weight: float) -> Tensor:
    """In the basis of the eigenvectors of every Gram matrix JᵀJ is diagonal."""
    values, vectors = zip(*(gram.spectrum for gram in grams), strict=True)
    total = values[0]
    for each in values[1:]:
        total = (total[:, :, None] * each[:, None, :]).flatten(1)
    mean = total.mean(1)[:, None, None]
    shift = max(weight, SMALLEST) * torch.where(mean > 0, mean, torch.ones_like(mean))
    turned = times([each.mT for each in vectors], wanted + shift * near)
    return times(vectors, turned / (total[:, :, None] + shift))


def times(matrices: Sequence[Tensor], block: Tensor) -> Tensor:
    """The Kronecker product of matrices [batch, c, d] times a block [batch, d…, free]."""
    batch, _, free = block.shape
    before = 1
    for matrix in matrices:
        block = matrix[:, None] @ block.reshape(batch, before, matrix.shape[2], -1)
        before *= matrix.shape[1]
    return block.reshape(batch, -1, free)
