"""Fits factors to the kernels of dense layers; each candidate of a job once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import Tensor

from tnc.compression.drafts import Draft, draft
from tnc.compression.jobs import Job
from tnc.compression.spec import Candidate
from tnc.fitting.fit import fit
from tnc.fitting.report import FitReport
from tnc.record import record

Telling = Callable[[str], object]
"""Is told what is done next."""


@record
class Settings:
    """How `tnc.fit` is called."""

    iterations: int
    tolerance: float
    restarts: int
    seed: int


@record
class Fitted:
    """The factors of a fitted candidate, and how near they are."""

    state: Mapping[str, Tensor]
    report: FitReport


@dataclass
class Fitter:
    """Remembers what was fitted, as budgets and errors try several ranks for each weight."""

    settings: Settings
    tell: Telling
    _drafts: dict[tuple[object, ...], Draft] = field(default_factory=dict)
    _fitted: dict[tuple[object, ...], Fitted] = field(default_factory=dict)

    def error(self, job: Job, candidate: Candidate) -> float:
        """The relative error with which a candidate represents the kernel of a job."""
        return self.fitted(job, candidate).report.error

    def fitted(self, job: Job, candidate: Candidate) -> Fitted:
        """The factors of a candidate, fitted to the kernel of a job. Errors: as `tnc.fit`."""
        key = (job, *candidate.call.key)
        if key not in self._fitted:
            self.tell(f"fit {job.name}")
            self._fitted[key] = self._fit(job, candidate)
        return self._fitted[key]

    def _fit(self, job: Job, candidate: Candidate) -> Fitted:
        if job.kernel.is_meta:
            raise ValueError(f"`{job.name}` has no values: it is on the device `meta`")
        layer = self._draft(candidate).module(job.kernel.device)
        given = self.settings
        try:
            report = fit(
                layer,
                job.kernel,
                iterations=given.iterations,
                tolerance=given.tolerance,
                restarts=given.restarts,
                seed=given.seed,
            )
        except ValueError as error:
            raise ValueError(f"`{job.name}`: {error}") from error
        state = {each.name: getattr(layer, each.name).detach() for each in candidate.factors}
        return Fitted(state, report)

    def _draft(self, candidate: Candidate) -> Draft:
        key = candidate.call.key
        if key not in self._drafts:
            call = candidate.call
            self._drafts[key] = draft(call.unit, call.name, candidate.layer)
        return self._drafts[key]
