"""How long fits take beside tensorly's decompositions: `python -m benchmarks.decompositions`.

Both have equally many sweeps on the same kernel [t, s, 3, 3] in float64, on one thread, in turns.
CP starts at random, Tucker and the tensor train at truncated SVDs; of the tensor train tensorly has
no sweeps at all, so neither has the fit. Kernels are normal numbers, or have a structure: a sum of
outer products of decreasing size, and a tenth of such numbers.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from statistics import median
from time import perf_counter

import tensorly
import torch
from tensorly.decomposition import parafac, partial_tucker, tensor_train
from torch import Tensor

import tnc

Run = Callable[[], Tensor]
"""Decomposes a kernel, and gives what it then is."""

CHANNELS = (64, 128)
SHARE = 4
"""Ranks are the channels divided by it."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="the median of (default: 5)")
    parser.add_argument("--sweeps", type=int, default=20, help="of CP and Tucker (default: 20)")
    parser.add_argument("--channels", type=int, nargs="*", default=CHANNELS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    tensorly.set_backend("pytorch")
    warnings.filterwarnings("ignore", message="Trying to compute SVD")
    torch.manual_seed(0)
    print("channels  rank  kernel      format     tensorly          tnc               time")
    for channels, (kind, make) in product(given.channels, KERNELS.items()):
        kernel, rank = make(channels), channels // SHARE
        for name, theirs, ours in cases(kernel, rank, given.sweeps):
            (first, one), (second, two) = measured((theirs, ours), given.rounds)
            errors = [float((each - kernel).norm() / kernel.norm()) for each in (one, two)]
            row = f"{channels:>8}{rank:>6}  {kind:<12}{name:<11}"
            row += f"{first:.3f} s ({errors[0]:.4f})  {second:.3f} s ({errors[1]:.4f})"
            print(f"{row}{second / first:>8.2f}")


def normal(size: int) -> Tensor:
    """[t, s, i, j], all of one variance."""
    return torch.randn(size, size, 3, 3, dtype=torch.float64)


def structured(size: int) -> Tensor:
    """[t, s, i, j]: component r of `size` has the weight 1/r."""
    parts = [torch.randn(each, size, dtype=torch.float64) for each in (size, size, 3, 3)]
    weights = torch.arange(1, size + 1, dtype=torch.float64).reciprocal()
    return torch.einsum("tr,sr,ir,jr,r->tsij", *parts, weights) + 0.1 * normal(size)


KERNELS = {"normal": normal, "structured": structured}


def cases(kernel: Tensor, rank: int, sweeps: int) -> Iterator[tuple[str, Run, Run]]:
    """The name of a format, what tensorly does, and what tnc does."""
    size = kernel.shape[0]
    sizes = {"S": size, "T": size, "R": rank, "dtype": torch.float64}
    conv = tnc.load("std.convolution")

    def fitted(layer: torch.nn.Module, count: int, **options: str) -> Run:
        def run() -> Tensor:
            tnc.fit(layer, kernel, iterations=count, tolerance=0, **options)  # type: ignore[arg-type]
            return tnc.expand(layer).detach()

        return run

    def cp() -> Tensor:
        start = [torch.randn(each, rank, dtype=torch.float64) for each in kernel.shape]
        init = (torch.ones(rank, dtype=torch.float64), start)
        found: Tensor = tensorly.cp_to_tensor(
            parafac(kernel, rank, n_iter_max=sweeps, init=init, tol=0)
        )
        return found

    def tucker() -> Tensor:
        (core, factors), _ = partial_tucker(
            kernel, rank=[rank, rank], modes=[0, 1], n_iter_max=sweeps, tol=0
        )
        found: Tensor = tensorly.tenalg.multi_mode_dot(core, factors, modes=[0, 1])
        return found

    def train() -> Tensor:
        chain = tensor_train(kernel.permute(1, 2, 3, 0), rank=[1, rank, rank, rank, 1])
        found: Tensor = tensorly.tt_to_tensor(chain).permute(3, 0, 1, 2)
        return found

    yield "CP", cp, fitted(conv.CP4(**sizes), sweeps, start="random")
    yield "Tucker-2", tucker, fitted(conv.TK(**sizes), sweeps)
    yield "TT-SVD", train, fitted(conv.TT(**sizes), 0)


def measured(runs: Sequence[Run], rounds: int) -> list[tuple[float, Tensor]]:
    """The median time of each of some runs, which take turns, and its result; the first does not
    count."""
    results, times = [run() for run in runs], [[0.0] * rounds for _ in runs]
    for number, (kind, run) in product(range(rounds), enumerate(runs)):
        begun = perf_counter()
        results[kind] = run()
        times[kind][number] = perf_counter() - begun
    return [(median(each), result) for each, result in zip(times, results, strict=True)]


if __name__ == "__main__":
    main()
