"""How small a model is to become: the one thing of several that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields

from torch import nn

from tnc.compression.budget import shared
from tnc.compression.dense import Unfit, size_of
from tnc.compression.fitter import Fitter
from tnc.compression.jobs import Job
from tnc.compression.ranks import part_of
from tnc.compression.spec import Candidate
from tnc.record import record

KEPT = "with this budget it is best left dense"


@record
class Request:
    """At most one is given; without any, ranks are those that the family has by itself.

    `ratio`: parameters of the factors of every layer, in terms of its dense kernel. `rank`: of all
    bonds. `error`: the relative error of every layer's kernel, in the Frobenius norm. `budget`:
    parameters of the whole model, as a number, or, below or at 1.0, in terms of the dense model.
    """

    ratio: float | None = None
    rank: int | None = None
    error: float | None = None
    budget: float | None = None

    def __post_init__(self) -> None:
        given = [each.name for each in fields(self) if getattr(self, each.name) is not None]
        if len(given) > 1:
            raise ValueError(
                f"give one of ratio, rank, error and budget, not {' and '.join(given)}"
            )
        for name in ("ratio", "error"):
            value = getattr(self, name)
            if value is not None and not 0 < value <= 1:
                raise ValueError(f"{name} is {value}; it must be above 0 and at most 1")
        if self.rank is not None and self.rank < 1:
            raise ValueError(f"rank is {self.rank}; it must be at least 1")
        if self.budget is not None and not self.budget > 0:
            raise ValueError(f"budget is {self.budget}; it must be above 0")
        if self.budget is not None and self.budget > 1 and self.budget != int(self.budget):
            raise ValueError(
                f"budget is {self.budget}; give parameters, a whole number, "
                "or a part of the model, at most 1.0"
            )

    def chosen(
        self, model: nn.Module, jobs: Sequence[Job], fitter: Fitter
    ) -> dict[Job, Candidate | str]:
        """What every job gets, or why it gets nothing.

        Errors: Infeasible.
        """
        if self.budget is not None:
            return self._shared(model, jobs, fitter)
        return {job: _or_reason(self._one, job, fitter) for job in jobs}

    def _one(self, job: Job, fitter: Fitter) -> Candidate:
        choices = job.first
        if self.ratio is not None:
            return choices.with_ratio(self.ratio)
        if self.rank is not None:
            return choices.with_rank(self.rank)
        if self.error is not None:
            return choices.within(self.error, lambda found: fitter.error(job, found))
        return choices.as_given()

    def _shared(
        self, model: nn.Module, jobs: Sequence[Job], fitter: Fitter
    ) -> dict[Job, Candidate | str]:
        assert self.budget is not None
        whole = size_of(model.parameters())
        budget = part_of(self.budget, whole) if self.budget <= 1 else int(self.budget)
        fixed = whole - sum(job.first.dense.kernel for job in jobs)
        found = shared(jobs, budget, fixed, fitter.error)
        return {job: KEPT if chosen is None else chosen for job, chosen in found.items()}


def _or_reason(
    choose: Callable[[Job, Fitter], Candidate], job: Job, fitter: Fitter
) -> Candidate | str:
    try:
        return choose(job, fitter)
    except Unfit as error:
        return str(error)
