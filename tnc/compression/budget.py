"""A budget of parameters for a whole model, shared among its layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tnc.compression.jobs import Job
from tnc.compression.spec import Candidate

STEP = 1.5
"""How much larger the next ranks are that are tried for a layer."""

NEGLIGIBLE = 1e-10
"""A squared relative error that is not worth a parameter."""

Fitted = Callable[[Job, Candidate], float]
"""The relative error with which a candidate is fitted to the kernel of a job."""


class Infeasible(ValueError):
    """A budget is too small; with the least ranks the model has `least` parameters."""

    def __init__(self, least: int, dense: int) -> None:
        super().__init__(
            f"the least possible is {least:,} parameters, {least / dense:.3g} of the model"
        )
        self.least = least


@dataclass
class _Share:
    """What one job has of the budget: a candidate, or None for the dense layer, and its squared
    relative error; `next` is what it would have with more."""

    job: Job
    growing: Iterator[Candidate]
    chosen: Candidate | None = None
    loss: float = 1.0
    next: Candidate | None = None
    next_loss: float = 1.0
    done: bool = field(default=False)

    @property
    def kernel(self) -> int:
        return self.job.first.dense.kernel if self.chosen is None else self.chosen.kernel

    @property
    def more(self) -> int:
        dense = self.job.first.dense.kernel
        return (dense if self.next is None else self.next.kernel) - self.kernel

    @property
    def worthwhile(self) -> bool:
        """Whether there is more to be had."""
        return not self.done and self.loss > NEGLIGIBLE

    @property
    def gain(self) -> float:
        """Loss that a parameter more takes away."""
        return (self.loss - self.next_loss) / self.more

    def look(self, fitted: Fitted) -> None:
        """Fit what comes next; behind the largest candidate that is the dense layer."""
        self.next = next(self.growing, None)
        told = 0.0 if self.next is None else fitted(self.job, self.next) ** 2
        self.next_loss = min(told, self.loss)  # what larger ranks represent includes the smaller

    def grow(self, fitted: Fitted) -> None:
        """Take what comes next."""
        self.chosen, self.loss = self.next, self.next_loss
        self.done = self.chosen is None
        if not self.done:
            self.look(fitted)

    def fill(self, left: int) -> None:
        """Take what so many parameters more allow, for the last time."""
        found = self.job.first.at_most(self.kernel + left)
        if found is not None and found.kernel > self.kernel:
            self.chosen = found
        self.done = True


def shared(
    jobs: Sequence[Job], budget: int, fixed: int, fitted: Fitted
) -> dict[Job, Candidate | None]:
    """What every job gets, None being its dense layer, so that the model has at most `budget`
    parameters, of which `fixed` are not in the kernels of the jobs.

    Every layer begins with its least ranks. Again and again the ranks grow whose growth takes away
    most squared relative error for a parameter, each time to about one and a half times as many
    parameters, up to the dense layer; where that is more than is left, as far as they can.

    Errors: Infeasible.
    """
    shares = [_Share(job, job.first.growing(STEP)) for job in jobs]
    for share in shares:
        share.chosen = next(share.growing, None)
        share.done = share.chosen is None
    left = budget - fixed - sum(share.kernel for share in shares)
    if left < 0:
        dense = fixed + sum(job.first.dense.kernel for job in jobs)
        raise Infeasible(budget - left, dense)
    open_ = [share for share in shares if not share.done]
    for share in open_:
        assert share.chosen is not None
        share.loss = fitted(share.job, share.chosen) ** 2
        share.look(fitted)
    while open_ := [share for share in open_ if share.worthwhile]:
        best = max(open_, key=lambda share: share.gain)
        before = best.kernel
        if best.more <= left:
            best.grow(fitted)
        else:
            best.fill(left)
        left -= best.kernel - before
    return {share.job: share.chosen for share in shares}
