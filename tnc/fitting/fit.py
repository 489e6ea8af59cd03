"""`tnc.fit`."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from tnc.fitting.equations import TARGET
from tnc.fitting.kernels import constants, system_of
from tnc.fitting.report import FitReport
from tnc.fitting.starts import Start, starts
from tnc.fitting.sweeps import Descent, descend
from tnc.fitting.targets import Bias, laid_out, target_of
from tnc.record import record

Progress = Callable[[int, float], object]

PROXIMAL = 1e-12
"""Weight of the proximal term."""


def fit(
    layer: nn.Module,
    target: Tensor | nn.Module,
    *,
    iterations: int = 200,
    tolerance: float = 1e-6,
    restarts: int = 1,
    polish: bool = False,
    start: Start = "auto",
    seed: int = 0,
    progress: Progress | None = None,
) -> FitReport:
    """Set the weights of a layer so that its kernel is as near to the target as can be.

    `layer`: a module that tnc made in this process, linear in its input and in each of its weights:
    CP, Tucker, tensor trains and rings, block terms, trees, reshaped or not, with groups, and
    whatever network a `.tnn` describes. Its weights are set in place, in their own type and on
    their own device; computed is in float64. Where anything fails, nothing is changed.
    `target`: a kernel in PyTorch's layout ([t, s] of `nn.Linear`, [t, s/groups, i, …] of
    convolutions; output modes, input modes, taps), an `nn.Linear`, `nn.Conv1d`, `2d` or `3d`, a
    `Conv1D` of transformers, or another layer of tnc. The bias of a module is copied.
    `iterations`: the most sweeps over all factors; they end when one lowers the error by less than
    `tolerance` of itself. `restarts`: how many starts are tried; the best is taken. `start`:
    `auto` (singular vectors, then random ones), `random`, or `current`, the weights as they are.
    `progress` is called with the number of the sweep and the error after it.

    Method: alternating least squares, whose normal equations are derived from the network as
    equations of the language and planned like every other.

    Errors: CompileError with E0503 for a layer that is no such network; ValueError for a target of
    another shape; TypeError for a module that is neither dense nor made by tnc.
    """
    system = system_of(layer)
    aim = target_of(target)
    bias = Bias(system.network, layer, aim)
    weights = {name: getattr(layer, name) for name in system.network.names}
    device = weights[system.network.names[0]].device
    given = {**constants(system, layer), TARGET: laid_out(system.network, aim.kernel).to(device)}
    runs = [
        _run(Descent(system, {**given, **begun}, PROXIMAL), iterations, tolerance, progress)
        for begun in starts(system, given, weights, start, restarts, seed)
    ]
    best = min(runs, key=lambda run: run.errors[-1])
    with torch.no_grad():
        for name, weight in weights.items():
            weight.copy_(best.factors[name])
        said = bias.set()
    return FitReport(
        error=best.errors[-1],
        errors=tuple(best.errors),
        iterations=len(best.errors) - 1,
        restarts=tuple(run.errors[-1] for run in runs),
        converged=best.converged,
        largest_norm=1.0,
        bias=said,
    )


@record
class _Run:
    """One start, and what became of it."""

    factors: dict[str, Tensor]
    errors: list[float]
    converged: bool


def _run(descent: Descent, iterations: int, tolerance: float, progress: Progress | None) -> _Run:
    errors, converged = descend(descent, iterations, tolerance, progress or _silent)
    names = descent.system.network.names
    return _Run({name: descent.tensors[name] for name in names}, errors, converged)


def _silent(number: int, error: float) -> None:
    return None
