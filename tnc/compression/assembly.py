"""From what was chosen for each weight to the layers that take the places of the dense ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

import torch
from torch import nn

from tnc.compression import loader
from tnc.compression.dense import bias_of, is_conv1d_of_gpt, weight_of
from tnc.compression.example import Use, binding
from tnc.compression.fitter import Fitter
from tnc.compression.jobs import Job
from tnc.compression.spec import Call, Candidate, unit_of
from tnc.compression.survey import Site
from tnc.driver.build import compile_unit
from tnc.driver.front import Unit
from tnc.driver.options import Options, Output, Request
from tnc.driver.origin import remember
from tnc.emit.errors import ShapeError
from tnc.emit.load import load_module
from tnc.record import record


@record(eq=False)
class Part:
    """A layer of the compressed model: the sites whose place it takes, and what it is. `tied`:
    whether it has the factors of the first part of its job."""

    job: Job
    sites: tuple[Site, ...]
    candidate: Candidate
    tied: bool

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for site in self.sites for name in site.names)


@dataclass(frozen=True)
class Assembly:
    """The parts of a compressed model, and the module in which their classes are."""

    parts: tuple[Part, ...]
    options: Options
    uses: Mapping[nn.Module, Use]

    @cached_property
    def classes(self) -> dict[str, Call]:
        """One class for all parts with the same parameters, by its name."""
        calls = {part.candidate.call.key: part.candidate.call for part in self.parts}
        numbers: dict[str, int] = {}
        found = {}
        for call in calls.values():
            base = call.family.layer.name
            numbers[base] = numbers.get(base, 0) + 1
            found[f"{base}_{numbers[base]}"] = call
        return found

    def class_of(self, part: Part) -> str:
        """The name of a part's class."""
        key = part.candidate.call.key
        return next(name for name, call in self.classes.items() if call.key == key)

    @cached_property
    def unit(self) -> Unit:
        """The text in which the classes are declared."""
        used: dict[str, list[str]] = {}
        for part in self.parts:
            used.setdefault(self.class_of(part), []).extend(part.names)
        return unit_of(self.classes, used)

    @cached_property
    def output(self) -> Output:
        """The generated module. Errors: CompileError."""
        bindings: dict[str, Mapping[str, int]] = {}
        for part in self.parts:
            for use in filter(None, (self.uses.get(site.module) for site in part.sites)):
                sizes = binding(part.candidate.layer, use.shape)
                bindings.setdefault(self.class_of(part), sizes)
        options = Options(self.options.binding, profile=self.options.profile, bindings=bindings)
        return compile_unit(self.unit, [Request(name) for name in self.classes], options)

    @cached_property
    def module(self) -> ModuleType:
        """The generated module, imported."""
        made = load_module(self.output.text, shape_error=ShapeError)
        remember(made, self.unit, [Request(name) for name in self.classes])
        return made

    @cached_property
    def records(self) -> list[dict[str, Any]]:
        """The table by which `tnc.compression.loader` sets the layers into a model; the
        shape of the dense weight, and whether it is transposed, are there for `tnc expand`."""
        return [self._record(part) for part in self.parts]

    def _record(self, part: Part) -> dict[str, Any]:
        site, first = part.sites[0], part.job.sites[0]
        factors = [each.name for each in part.candidate.factors]
        bias = part.candidate.bias if bias_of(site.module) is not None else None
        return {
            "names": [*part.names],
            "class": self.class_of(part),
            "bias": bias,
            "tied": {first.name: factors} if part.tied else {},
            "shape": [*weight_of(site.module).shape],
            "transposed": is_conv1d_of_gpt(site.module),
        }

    def layers(self, model: nn.Module, fitter: Fitter | None, seed: int) -> dict[str, nn.Module]:
        """The layers by the names of the dense ones whose places they take, with biases and, if
        there is a fitter, factors."""
        if not self.parts:
            return {}
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            made = loader.successors(model, self.records, self.module)
        with torch.no_grad():
            for part, record in zip(self.parts, self.records, strict=True):
                layer = made[part.names[0]]
                if record["bias"] is not None:
                    bias, dense = getattr(layer, record["bias"]), bias_of(part.sites[0].module)
                    assert dense is not None
                    bias.copy_(dense.reshape(bias.shape))
                if fitter is not None and not part.tied:
                    for name, value in fitter.fitted(part.job, part.candidate).state.items():
                        getattr(layer, name).copy_(value)
        return made


def parts(chosen: Mapping[Job, Sequence[Candidate]]) -> Iterator[Part]:
    """The parts of each job: one for all sites with the same class and the same bias."""
    for job, candidates in chosen.items():
        groups: dict[tuple[object, ...], list[tuple[Site, Candidate]]] = {}
        for site, candidate in zip(job.sites, candidates, strict=True):
            key = (candidate.call.key, id(bias_of(site.module)))
            groups.setdefault(key, []).append((site, candidate))
        for number, members in enumerate(groups.values()):
            sites = tuple(site for site, _ in members)
            yield Part(job, sites, members[0][1], tied=number > 0)
