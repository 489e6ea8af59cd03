"""`tnc.fit`."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from tnc.fitting.activations import Activations
from tnc.fitting.numbers import Overflow
from tnc.fitting.polish import polish as polished
from tnc.fitting.problems import Problem, problem_of
from tnc.fitting.report import FitReport
from tnc.fitting.starts import Start
from tnc.fitting.sweeps import ZERO, Descent, descend

Progress = Callable[[int, float], object]

CLIPPED = "near the borders the layer is no single convolution"
"""Said of a layer that pads between its convolutions."""


def fit(
    layer: nn.Module,
    target: Tensor | nn.Module | Activations,
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
    their own device; computed is in float64. Frozen ones (`requires_grad=False`), and a frozen
    bias, are held, and the others fitted beside them. Where anything fails, nothing is changed.
    `target`: a kernel in PyTorch's layout ([t, s] of `nn.Linear`, [t, s/groups, i, …] of
    convolutions; output modes, input modes, taps), an `nn.Linear`, `nn.Conv1d`, `2d` or `3d`, a
    `Conv1D` of transformers, or another layer of tnc; the bias of a module is copied. Or
    `tnc.Activations`: then the outputs for these samples are fitted, not the kernel, and the bias.
    `iterations`: the most sweeps over all factors; they end when one lowers the error by less than
    `tolerance` of itself. `restarts`: how many starts are tried, until one is exact; the best is
    taken. `polish`: whether L-BFGS goes on from where the sweeps end. `start`: `auto` (singular
    vectors, then random ones), `random`, or `current`, the weights as they are. `progress` is
    called with the number of the sweep and the error after it.

    Method: alternating least squares, whose normal equations are derived from the network as
    equations of the language and planned like every other.

    Errors: CompileError with E0503 for a layer that is no such network; ValueError for a target of
    another shape, for numbers that are not finite or overflow, or where all is frozen; TypeError
    for a module that is neither dense nor made by tnc.
    """
    problem = problem_of(layer, target)
    weights = {name: getattr(layer, name) for name in problem.system.network.names}
    begun = problem.descents(weights, start, restarts, seed)
    runs = _runs(begun, iterations, tolerance, polish, _told(problem, progress))
    best = min(runs, key=lambda run: run.errors[-1])
    with torch.no_grad():
        for name, weight in weights.items():
            weight.copy_(best.descent.tensors[name])
        bias = problem.set_bias(best.descent.tensors)
    return FitReport(
        error=problem.told(best.errors[-1]),
        errors=tuple(map(problem.told, best.errors)),
        iterations=best.sweeps,
        restarts=tuple(problem.told(run.errors[-1]) for run in runs),
        converged=best.converged,
        largest_norm=best.descent.largest(),
        bias=bias,
        notes=_notes(problem),
    )


def _notes(problem: Problem) -> tuple[str, ...]:
    network = problem.system.network
    weights = {each.name for each in network.layer.weights if each.trained}
    held = [f"`{name}`" for name in network.constants if name in weights]
    said = [f"{', '.join(held)} frozen, hence held"] if held else []
    return (*said, CLIPPED) if network.clipped else tuple(said)


def _told(problem: Problem, progress: Progress | None) -> Progress:
    def told(number: int, error: float) -> None:
        if progress is not None:
            progress(number, problem.told(error))

    return told


class _Run:
    """One start, and what became of it: the error before each sweep, after the last, and after
    polishing."""

    def __init__(
        self, descent: Descent, iterations: int, tolerance: float, polish: bool, told: Progress
    ) -> None:
        self.descent = descent
        with torch.no_grad():
            self.errors, self.converged = descend(descent, iterations, tolerance, told)
        self.sweeps = len(self.errors) - 1
        if polish:
            self.errors.append(polished(descent))


def _runs(
    begun: Iterable[Descent], iterations: int, tolerance: float, polish: bool, told: Progress
) -> list[_Run]:
    """What became of each start, up to the first that is exact. Errors: Overflow of all."""
    runs: list[_Run] = []
    failed: Overflow | None = None
    for descent in begun:
        try:
            runs.append(_Run(descent, iterations, tolerance, polish, told))
        except Overflow as error:
            failed = error
            continue
        if runs[-1].errors[-1] < ZERO:
            break
    if failed and not runs:
        raise failed
    return runs
