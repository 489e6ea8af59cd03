"""Random, lattice and tree equations, as cotengra draws them, with many operands."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

import cotengra
import numpy as np
import opt_einsum
import pytest
import torch

import tnc
from tests.oracle import close, leaf


def words(inputs: Sequence[Sequence[str]], output: Sequence[str]) -> str:
    """The equation with a space between modes, so that there are names enough."""
    names: dict[str, str] = {}
    for mode in (mode for each in (*inputs, output) for mode in each):
        number = len(names)
        names.setdefault(mode, string.ascii_letters[number % 52] + str(number))
    operands = ", ".join(" ".join(names[mode] for mode in each) for each in inputs)
    return f"{operands} -> {' '.join(names[mode] for mode in output)}"


def check(network: Any) -> None:
    inputs, output, shapes, _ = network
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape) for shape in shapes]
    sublists = [part for pair in zip(arrays, inputs, strict=True) for part in pair]
    expected = torch.as_tensor(opt_einsum.contract(*sublists, output))
    tensors = [leaf(torch.as_tensor(array)) for array in arrays]
    found = tnc.einsum(words(inputs, output), *tensors)
    close(found, expected, str(inputs))
    # Euler: a product of m tensors is linear in each, so every ⟨gradient, tensor⟩ is the value.
    found.sum().backward()
    for tensor in tensors:
        close((tensor.grad * tensor).sum(), expected.sum(), "gradient", 1e-8)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("operands", "outer"), [(5, 2), (8, 1), (11, 2)])
def test_random_equations(operands: int, outer: int, seed: int) -> None:
    check(cotengra.utils.rand_equation(operands, 3, n_out=outer, d_max=3, seed=seed))


@pytest.mark.parametrize("seed", range(2))
def test_random_equations_with_hyperedges(seed: int) -> None:
    check(
        cotengra.utils.rand_equation(
            *(8, 3), n_out=1, n_hyper_in=2, n_hyper_out=1, d_max=2, seed=seed
        )
    )


@pytest.mark.parametrize("dims", [(4, 4), (2, 3, 3), (5, 5)], ids=str)
def test_lattices(dims: tuple[int, ...]) -> None:
    check(cotengra.utils.lattice_equation(dims, d_max=2, seed=0))


@pytest.mark.parametrize("order", [12, 30])
def test_trees(order: int) -> None:
    check(cotengra.utils.tree_equation(order, n_outer=2, d_max=3, seed=1))
