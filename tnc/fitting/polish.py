"""All factors at once, after the sweeps: a quasi-Newton method on the error of the kernel."""

from __future__ import annotations

import torch
from torch import Tensor

from tnc.fitting.sweeps import Descent

STEPS, HISTORY = 500, 20


def polish(descent: Descent, steps: int = STEPS) -> float:
    """Lower ‖K − T‖² by L-BFGS in all factors together; the relative error after it. Where sweeps
    creep along a narrow valley it goes straight on. A result that is not better is not taken.

    Source: Sorber, Van Barel, De Lathauwer 2013, on optimisation for tensor decompositions.
    """
    system, before = descent.system, descent.error()
    names = system.network.names
    if not names:
        return before
    factors = {name: descent.tensors[name].clone().requires_grad_() for name in names}
    square = descent.target.square().sum()
    optimiser = torch.optim.LBFGS(
        list(factors.values()),
        max_iter=steps,
        max_eval=2 * steps,
        history_size=HISTORY,
        tolerance_grad=0.0,
        tolerance_change=1e-20,
        line_search_fn="strong_wolfe",
    )

    def loss() -> Tensor:
        optimiser.zero_grad()
        gap = system.kernel({**descent.tensors, **factors}) - descent.target
        value = gap.square().sum() / square
        value.backward()
        return value

    optimiser.step(loss)
    start = {name: descent.tensors[name] for name in names}
    descent.tensors.update({name: each.detach() for name, each in factors.items()})
    after = descent.error()
    if after < before:
        return after
    descent.tensors.update(start)
    return before
