"""What is to be done to a model: a job for every weight that is replaced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from torch import Tensor, nn

from tnc.compression.dense import Unfit, kernel_of, weight_of
from tnc.compression.families import Family
from tnc.compression.ranks import Choices
from tnc.compression.spec import Candidate
from tnc.compression.survey import Site, with_own_weights
from tnc.record import record


@record(eq=False)
class Job:
    """The layers that have one weight, and what may replace them. Each has choices of its own, as
    it may have another stride than the others, or no bias."""

    sites: tuple[Site, ...]
    choices: tuple[Choices, ...]

    @property
    def name(self) -> str:
        return self.sites[0].name

    @property
    def first(self) -> Choices:
        return self.choices[0]

    @property
    def kernel(self) -> Tensor:
        """What the factors are to represent, in the layout of `nn.Linear` and `nn.ConvNd`."""
        return kernel_of(self.sites[0].module)

    def all(self, chosen: Candidate) -> tuple[Candidate, ...]:
        """The same ranks for every site."""
        return (chosen, *(each.like(chosen) for each in self.choices[1:]))


def jobs(
    model: nn.Module, sites: Iterable[Site], families: Mapping[str, Family | str]
) -> tuple[list[Job], list[Site]]:
    """The jobs for the sites that are to be replaced, and all sites; some of these are left alone
    after all, as no family fits, or as their weight is not theirs alone."""
    choices: dict[Site, Choices] = {}
    told: list[Site] = []
    for site in sites:
        if not site.reason:
            try:
                found = _choices(site, families)
                choices[site] = found
            except Unfit as error:
                site = site.left(str(error))
        told.append(site)
    told = with_own_weights(model, told)
    groups: dict[int, list[Site]] = {}
    for site in told:
        if not site.reason:
            groups.setdefault(id(weight_of(site.module)), []).append(site)
    made = [Job(tuple(some), tuple(choices[site] for site in some)) for some in groups.values()]
    return made, told


def _choices(site: Site, families: Mapping[str, Family | str]) -> Choices:
    assert site.dense is not None
    family = families[site.dense.kind]
    if isinstance(family, str):
        raise Unfit(family)
    return Choices(family, site.dense)
