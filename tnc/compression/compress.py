"""`tnc.compress`: a model whose dense layers are compiled ones, fitted to their kernels."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn

from tnc.compression import loader
from tnc.compression.assembly import Assembly, Part, parts
from tnc.compression.costs import Costs
from tnc.compression.dense import Unfit, bias_of
from tnc.compression.drafts import shape
from tnc.compression.example import Example, Use, watched
from tnc.compression.families import Families, families
from tnc.compression.fitter import Fitter, Settings
from tnc.compression.jobs import Job, jobs
from tnc.compression.request import Request
from tnc.compression.rows import table_of
from tnc.compression.saved import files
from tnc.compression.spec import Candidate
from tnc.compression.survey import Site, owned, surveyed
from tnc.compression.table import Table
from tnc.compression.worth import judged
from tnc.diagnostics import Diagnostic
from tnc.driver.options import Options
from tnc.driver.profiles import profile_named
from tnc.driver.writing import write_all
from tnc.fitting.reading import network_of
from tnc.fitting.report import FitReport

Progress = Callable[[str], object]


@dataclass(frozen=True)
class Compressed:
    """A compressed model; `print(…)` shows its table.

    `model`: None after a dry run. `table`: what replaced each layer, and why others were left
    alone. `diagnostics`: W0202 where that is predicted to be no gain. `reports`: of the fits, by
    the names of layers.
    """

    model: nn.Module | None
    table: Table
    diagnostics: tuple[Diagnostic, ...]
    reports: Mapping[str, FitReport]
    assembly: Assembly = field(repr=False)

    @property
    def spec(self) -> str:
        """The layers as a `.tnn` text."""
        return self.assembly.unit.source.text

    @property
    def source(self) -> str:
        """The text of the generated module."""
        return self.assembly.output.text

    def write(self, folder: str | os.PathLike[str]) -> Path:
        """Write into a folder, which is made if need be: `checkpoint.safetensors`; the layers as
        `compressed_layers.tnn` and as the module `compressed_layers.py`; and `compressed.py`, whose
        `compress_(model)` sets them into the dense model and loads the checkpoint, without tnc.
        What is there of another compression is replaced as a whole: after a failure all is as it
        was, and where the process was killed between two files, `compress_` refuses the mixture.

        Errors: OSError; ValueError after a dry run, and for a state that safetensors cannot hold.
        """
        if self.model is None or not self.assembly.parts:
            why = "after a dry run" if self.model is None else "no layer was replaced:"
            raise ValueError(f"{why} there is nothing to write")
        place = Path(folder)
        found = files(self.assembly, self.model.state_dict())
        for name in found:
            (place / name).parent.mkdir(parents=True, exist_ok=True)
        write_all({place / name: content for name, content in found.items()})
        return place

    def __str__(self) -> str:
        return str(self.table)


def compress(
    model: nn.Module,
    *,
    family: Families = "rCP",
    ratio: float | None = None,
    error: float | None = None,
    budget: float | None = None,
    rank: int | None = None,
    include: str | Sequence[str] = (),
    exclude: str | Sequence[str] = (),
    example: Example | None = None,
    fit: bool = True,
    iterations: int = 50,
    tolerance: float = 1e-4,
    restarts: int = 1,
    seed: int = 0,
    inplace: bool = False,
    dry_run: bool = False,
    bind: Mapping[str, int] | None = None,
    profile: str = "cpu",
    progress: Progress | None = None,
) -> Compressed:
    """Replace the dense layers of a model, `nn.Linear`, `nn.Conv1d`, `2d`, `3d` and the `Conv1D` of
    transformers, by compiled layers of a family, fitted to their kernels.

    `family`: a family of `std.dense` and `std.convolution`, `"rCP"` or `"rCP(d: 3)"`;
    `"std.convolution.CP"`; `"FILE.tnn:LAYER"`; a layer of a library, `lib.MyConv.given(d=3)`; or a
    dictionary of these by kind of layer: `Linear`, `Conv1d`, `Conv2d`, `Conv3d`, `Conv` for each.
    At most one of these says how small; without them ranks are those of the family itself.
    `ratio`: the largest ranks with which the factors of a layer have at most so many of the
    parameters of its kernel. `error`: the smallest ranks that meet each kernel to within this
    relative error. `budget`: parameters of the whole model, as a number or, up to 1, in terms of
    the dense model, shared where they lower the errors most. `rank`: every rank.
    `include`, `exclude`: globs of names. Without `include`, depthwise convolutions, the first
    convolution and the classifier (a dense layer that comes last) are left alone. `example`: what
    the model is called with once, a tensor, a tuple, or a dictionary of arguments: for the sizes
    that layers have there costs are predicted and programs planned.
    `fit=False` leaves factors random. `iterations`, `tolerance`, `restarts`, `seed`: see `tnc.fit`.
    `inplace`: the model itself is changed, not a copy. `dry_run`: only the table is made. `bind`,
    `profile`: see `tnc.compile`. `progress` is told what is done next.

    Strides, paddings and their modes, dilations, groups, biases, types, devices, training flags,
    `requires_grad`, and weights that are shared are kept. Where anything fails, nothing is changed.

    Errors: ValueError for what makes no sense, a budget that is too small, and where the model
    raises for the example; CompileError for a family with errors; OSError.
    """
    asked = Request(ratio, rank, error, budget)
    options = Options(dict(bind or {}), profile=profile_named(profile))
    fitter = Fitter(Settings(iterations, tolerance, restarts, seed), progress or _silent)
    found, sites = jobs(model, surveyed(model, _globs(include), _globs(exclude)), families(family))
    uses, shapes = _watched(model, example, sites)
    chosen, sites = _chosen(asked, model, found, sites, fitter)
    assembly = Assembly(tuple(_fittable(chosen) if fit else parts(chosen)), options, uses)
    fits, made = fitter if fit and not dry_run else None, None
    table = table_of(model, sites, assembly, Costs(options), fits)
    if not dry_run:
        layers = assembly.layers(model, fits, seed)
        made = _put(model, layers, inplace, lambda new: _check(new, example, shapes))
    return Compressed(made, table, judged(table, assembly), _reports(assembly, fits), assembly)


def _silent(what: str) -> None:
    return None


def _reports(assembly: Assembly, fitter: Fitter | None) -> dict[str, FitReport]:
    if fitter is None:
        return {}
    return {
        part.names[0]: fitter.fitted(part.job, part.candidate).report for part in assembly.parts
    }


def _globs(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _watched(
    model: nn.Module, example: Example | None, sites: Sequence[Site]
) -> tuple[dict[nn.Module, Use], Any]:
    if example is None:
        return {}, None
    return watched(model, example, [site.module for site in sites if not site.reason])


def _chosen(
    asked: Request, model: nn.Module, found: Sequence[Job], sites: Sequence[Site], fitter: Fitter
) -> tuple[dict[Job, Sequence[Candidate]], list[Site]]:
    """The candidates for the sites of every job, and the sites, of which some are left alone."""
    chosen: dict[Job, Sequence[Candidate]] = {}
    reasons: dict[Site, str] = {}
    owners = owned(model)
    for job, one in asked.chosen(model, found, fitter).items():
        try:
            if isinstance(one, str):
                raise Unfit(one)
            candidates = job.all(one)
            _check_biases(job, candidates, owners)
            chosen[job] = candidates
        except Unfit as error:
            reasons |= dict.fromkeys(job.sites, str(error))
    told = [site.left(reasons[site]) if site in reasons else site for site in sites]
    return chosen, told


def _fittable(chosen: Mapping[Job, Sequence[Candidate]]) -> Iterator[Part]:
    """The parts. Errors: CompileError with E0503 for a family that has no kernel to fit, in a dry
    run as well."""
    for part in parts(chosen):
        network_of(part.candidate.layer)
        yield part


def _check_biases(
    job: Job, candidates: Sequence[Candidate], owners: Mapping[int, Sequence[str]]
) -> None:
    """Errors: Unfit for a family that has no place for a bias, or a shared one in another shape."""
    for site, candidate in zip(job.sites, candidates, strict=True):
        bias, family = bias_of(site.module), candidate.call.family.layer.name
        if bias is None:
            continue
        own = next((each for each in candidate.layer.weights if each.name == candidate.bias), None)
        if own is None:
            raise Unfit(f"{family} adds no weight that could be its bias")
        others = [name for name in owners[id(bias)] if name.rpartition(".")[0] not in site.names]
        if others and shape(own) != bias.shape:
            raise Unfit(f"its bias is `{others[0]}` as well, which {family} has in another shape")


def _put(
    model: nn.Module,
    layers: Mapping[str, nn.Module],
    inplace: bool,
    check: Callable[[nn.Module], object],
) -> nn.Module:
    """The model with these layers: itself, or a copy that shares nothing with it. Where `check`
    raises, the model is as it was."""
    if not inplace:
        try:
            memo: dict[int, Any] = {}
            copied = {name: copy.deepcopy(layer, memo) for name, layer in layers.items()}
            memo |= {id(model.get_submodule(name)): layer for name, layer in copied.items()}
            made = copy.deepcopy(model, memo)
        except Exception as error:  # copying runs the user's code, which may raise anything
            text = f"the model cannot be copied ({error}); with `inplace=True` it need not be"
            raise ValueError(text) from error
        check(made)
        return made
    before = loader.put(model, dict(layers))
    try:
        check(model)
    except BaseException:
        loader.put(model, before)
        raise
    return model


def _check(model: nn.Module, example: Example | None, shapes: Any) -> None:
    """The model gives what it gave before, in shape."""
    if example is None:
        return
    _, found = watched(model, example, ())
    if found != shapes:
        raise ValueError(
            f"the compressed model gives {found} for the example, the dense one {shapes}"
        )
