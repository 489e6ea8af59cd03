"""How long fits take beside tensorly's decompositions: `python -m benchmarks.decompositions`.

Both have equally many sweeps on the same kernel [t, s, 3, 3] in float64, on one thread. CP starts
at random, Tucker and the tensor train at truncated SVDs; of the tensor train tensorly has no sweeps
at all, so neither has the fit.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Iterator
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
    parser.add_argument("--rounds", type=int, default=3, help="the best of (default: 3)")
    parser.add_argument("--sweeps", type=int, default=20, help="of CP and Tucker (default: 20)")
    parser.add_argument("--channels", type=int, nargs="*", default=CHANNELS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    tensorly.set_backend("pytorch")
    warnings.filterwarnings("ignore", message="Trying to compute SVD")
    print("channels  rank  format     tensorly          tnc               time")
    for channels in given.channels:
        kernel = torch.randn(channels, channels, 3, 3, dtype=torch.float64)
        for name, theirs, ours in cases(kernel, channels // SHARE, given.sweeps):
            (first, one), (second, two) = (measured(run, given.rounds) for run in (theirs, ours))
            errors = [float((each - kernel).norm() / kernel.norm()) for each in (one, two)]
            row = f"{channels:>8}{channels // SHARE:>6}  {name:<11}"
            row += f"{first:.3f} s ({errors[0]:.4f})  {second:.3f} s ({errors[1]:.4f})"
            print(f"{row}{second / first:>8.2f}")


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


def measured(run: Run, rounds: int) -> tuple[float, Tensor]:
    """The least time of a run that is not the first, and its result."""
    result, times = run(), []
    for _ in range(rounds):
        begun = perf_counter()
        result = run()
        times.append(perf_counter() - begun)
    return min(times), result


if __name__ == "__main__":
    main()
