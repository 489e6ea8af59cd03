"""What a fit has to say of itself."""

from __future__ import annotations

from tnc.record import record

DEGENERATE = 10.0
"""Terms so much larger than their sum cancel each other."""


@record
class FitReport:
    """How well a layer was fitted.

    `error`: ‖K − T‖ / ‖T‖, K being the kernel of the layer and T the target; of activations
    ‖Ŷ − Y‖ / ‖Y‖ on the samples; in float64, before a layer of a coarser type rounds its weights,
    which matters where components cancel each other. `errors`: the same after each sweep of the
    best start, the start itself first. `iterations`: its sweeps. `restarts`: the final error of
    every start. `converged`: whether a sweep changed the error by less than the tolerance.
    `largest_norm`: the largest norm of a component, in norms of the target; far above 1, components
    cancel each other. `bias`: `none`, `kept` as it was, `copied` from the target, `zeroed` or
    `fitted`. `notes`: what else is worth knowing.
    """

    error: float
    errors: tuple[float, ...]
    iterations: int
    restarts: tuple[float, ...]
    converged: bool
    largest_norm: float
    bias: str
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        how = "converged" if self.converged else "stopped"
        said = [f"relative error {self.error:.3g}", f"{how} after {self.iterations} sweeps"]
        if len(self.restarts) > 1:
            said.append(f"best of {len(self.restarts)} starts")
        if self.largest_norm > DEGENERATE:
            said.append(f"components of {self.largest_norm:.1g} times the norm cancel each other")
        if self.bias != "none":
            said.append(f"bias {self.bias}")
        return ", ".join((*said, *self.notes))
