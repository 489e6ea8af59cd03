"""What tuning has to say of itself."""

from __future__ import annotations

from tnc.record import record

FROZEN = "frozen"


@record
class UnitReport:
    """A part that was tuned by itself. `before`, `after`: ‖Ŷ − Y‖² / ‖Y‖² on the samples, Y being
    what comes out of the part in the teacher. `method`: `closed form`, `sgd`, or `frozen` for what
    was left as it is; `steps`: sweeps of least squares, or steps of the optimiser."""

    name: str
    method: str
    before: float
    after: float
    steps: int

    @property
    def how(self) -> str:
        """`closed form, 12 sweeps`."""
        if self.method == FROZEN:
            return FROZEN
        return f"{self.method}, {self.steps} {'steps' if self.method == 'sgd' else 'sweeps'}"


@record
class SequentialReport:
    """The parts in the order in which they were tuned. `norms`: batch normalisations whose
    statistics were estimated anew."""

    units: tuple[UnitReport, ...]
    norms: int

    def __str__(self) -> str:
        width = max([len(unit.name) for unit in self.units], default=0)
        return "\n".join(
            f"{unit.name:{width}}  {unit.before:.3g} -> {unit.after:.3g}  {unit.how}"
            for unit in self.units
        )


@record
class Epoch:
    """`loss`: the mean over the batches; `score`: what `evaluate` said after it, if anything."""

    loss: float
    score: float | None = None


@record
class EndToEndReport:
    """The epochs; `steps` of the optimiser in all."""

    epochs: tuple[Epoch, ...]
    steps: int

    def __str__(self) -> str:
        return "\n".join(
            f"epoch {number}  loss {each.loss:.4g}"
            + (f"  score {each.score:.4g}" if each.score is not None else "")
            for number, each in enumerate(self.epochs, 1)
        )
