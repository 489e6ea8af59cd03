"""What tuning has to say of itself."""

from __future__ import annotations

from tnc.record import record


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
