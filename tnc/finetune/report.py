"""What tuning has to say of itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Epoch:
    """`loss`: the mean over the batches; `score`: what `evaluate` said after it, if anything."""

    loss: float
    score: float | None = None


@dataclass(frozen=True, slots=True)
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
