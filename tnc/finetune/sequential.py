"""`tnc.tune_sequential`: part by part after the dense network, without labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss
from torch.optim import Adam, Optimizer

from tnc.diagnostics import CompileError
from tnc.finetune import processes
from tnc.finetune.batches import Batches, Data
from tnc.finetune.checkpoint import Checkpoint, PathLike, checkpoint_at
from tnc.finetune.kept import flags_kept, generators_kept
from tnc.finetune.norms import reestimate
from tnc.finetune.report import FROZEN, SequentialReport, UnitReport
from tnc.finetune.units import Probe, Unit, units
from tnc.fitting.activations import Activations
from tnc.fitting.fit import fit
from tnc.record import record

Method = Literal["auto", "closed form", "sgd"]
Progress = Callable[[str, int, int, float], object]

RATE = 1e-3
"""Learning rate of the default optimiser."""


@generators_kept()
def tune_sequential(
    student: nn.Module,
    teacher: nn.Module,
    data: Data,
    *,
    parts: Sequence[str] = (),
    method: Method = "auto",
    batches: int | None = None,
    epochs: int = 1,
    iterations: int = 50,
    optimizer: Callable[[Iterable[nn.Parameter]], Optimizer] | None = None,
    norms: bool = True,
    checkpoint: PathLike | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> SequentialReport:
    """Tune the parts of a compressed network one after the other, in the order in which they are
    called, so that each gives what the same part of the teacher gives; in place. A part sees what
    comes out of the parts already tuned, so that it makes good what these have lost.

    `parts`: globs of paths, such as `layer1.*` for block by block; without any, every layer that
    the student has replaced. `data(epoch)` gives pairs, of which the first is what the network
    takes; the second is not looked at. `batches`: so many of an epoch are used, all without a
    number.

    `method`: `closed form` is alternating least squares on the activations, for parts that are one
    layer of tnc's: no learning rate, and the loss falls in every step, `iterations` sweeps at most.
    `sgd` trains the part on the mean squared error for `epochs`, with Adam at a rate of 1e-3 unless
    there is an `optimizer`. `auto` takes the closed form where it can. Frozen weights
    (`requires_grad=False`) are held; a part all of whose weights are is left as it is.
    `norms`: whether running statistics of batch normalisation are estimated anew after every part,
    so that the parts after it are tuned to inputs as they will be in the end.
    `progress(part, number, of, loss)` is called when a part is done.

    `checkpoint`: a file that is written after every part; the same call goes on from there when it
    was killed, and ends with the same weights. The caller's random numbers go on as before. Under
    `torchrun` every process has its part of the data, and all get the same weights.

    Errors: ValueError for parts that do not exist, or that have no closed form where that is asked
    for; TypeError and ValueError for data that make no sense; OSError; whatever the networks raise.
    """
    processes.join()
    about = {"method": method, "batches": batches, "epochs": epochs, "iterations": iterations}
    kept = checkpoint_at(checkpoint, "sequential", student, seed=seed, **about)
    given = Batches(data, seed)
    tuner = _Tuner(student, teacher, given, batches, method, epochs, iterations, optimizer)
    with flags_kept(student, teacher):
        student.eval()
        teacher.eval()
        found = units(student, teacher, parts, next(given.inputs(1)))
        reports = _resumed(student, kept, [unit.name for unit in found])
        for number, unit in enumerate(found[len(reports) :], len(reports) + 1):
            if norms and reports:
                reestimate(student, data, batches=batches, seed=seed)
            reports.append(tuner.tuned(unit))
            kept.save(_state(student, reports))
            if progress:
                progress(unit.name, number, len(found), reports[-1].after)
    estimated = reestimate(student, data, batches=batches, seed=seed) if norms else 0
    return SequentialReport(tuple(reports), estimated)


def _state(student: nn.Module, reports: Sequence[UnitReport]) -> dict[str, Any]:
    done = [(each.name, each.method, each.before, each.after, each.steps) for each in reports]
    return {"student": student.state_dict(), "done": done}


def _resumed(student: nn.Module, kept: Checkpoint, names: Sequence[str]) -> list[UnitReport]:
    """Put the weights back that were tuned before, and say of what.

    Errors: ValueError if other parts were.
    """
    state = kept.load()
    if state is None:
        return []
    reports = [UnitReport(*each) for each in state["done"]]
    if [each.name for each in reports] != list(names[: len(reports)]):
        raise ValueError(
            f"`{kept.path}` is of a run over other parts: "
            "give another path, or delete it to begin anew"
        )
    student.load_state_dict(state["student"])
    return reports


@record
class _Tuner:
    """How parts are tuned."""

    student: nn.Module
    teacher: nn.Module
    batches: Batches
    limit: int | None
    method: Method
    epochs: int
    iterations: int
    optimizer: Callable[[Iterable[nn.Parameter]], Optimizer] | None

    def tuned(self, unit: Unit) -> UnitReport:
        """Tune a part. Errors: ValueError if it has no closed form, which was asked for."""
        before = self._loss(unit)
        own = list(self.student.get_submodule(unit.name).parameters())
        if not any(each.requires_grad for each in own):
            return UnitReport(unit.name, FROZEN, before, before, 0)
        kept = [each.detach().clone() for each in own]
        steps = self._closed_form(unit)
        if steps is None:
            steps = self._descend(unit)
            return UnitReport(unit.name, "sgd", before, self._loss(unit), steps)
        after = self._loss(unit)
        if not after <= before:  # rounding to the type of the layer raised it
            with torch.no_grad():
                for weight, value in zip(own, kept, strict=True):
                    weight.copy_(value)
            after = before
        return UnitReport(unit.name, "closed form", before, after, steps)

    def _closed_form(self, unit: Unit) -> int | None:
        """Sweeps of least squares; None where there is no closed form."""
        if self.method == "sgd":
            return None
        layer = None if unit.layer is None else self.student.get_submodule(unit.layer)
        try:
            samples = None if layer is None else Activations(layer)
        except CompileError:
            samples = None
        if layer is None or samples is None:
            if self.method == "closed form":
                raise ValueError(
                    f"`{unit.name}` has no closed form: it is not one linear layer of tnc's; "
                    "use `auto` or `sgd`"
                )
            return None
        for inputs, outputs in self._pairs(unit, unit.layer or unit.name, 0):
            samples.add(inputs, outputs)
        samples.share(processes.add_up)
        report = fit(layer, samples, iterations=self.iterations, start="current")
        return report.iterations

    def _descend(self, unit: Unit) -> int:
        """Steps of the optimiser on the squared error."""
        part = self.student.get_submodule(unit.name)
        weights = [p for p in part.parameters() if p.requires_grad]
        optimizer = (self.optimizer or _adam)(weights)
        wrapped = processes.together(part)
        steps = 0
        for epoch in range(self.epochs):
            for inputs, outputs in self._pairs(unit, unit.name, epoch):
                optimizer.zero_grad()
                torch.autograd.backward(mse_loss(wrapped(inputs), outputs))
                optimizer.step()
                steps += 1
        return steps

    def _loss(self, unit: Unit) -> float:
        """‖Ŷ − Y‖² / ‖Y‖² over the samples of all processes."""
        part = self.student.get_submodule(unit.name)
        error = norm = 0.0
        with torch.no_grad():
            for inputs, outputs in self._pairs(unit, unit.name, 0):
                error += (part(inputs) - outputs).double().square().sum().item()
                norm += outputs.double().square().sum().item()
        error, norm = processes.added(error, norm)
        return error / norm if norm else error

    def _pairs(self, unit: Unit, path: str, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """What goes into the student's part at `path`, and what comes out of the teacher's: one
        pair per call and batch."""
        ours = Probe(self.student, path, unit.calls, results=False)
        theirs = Probe(self.teacher, unit.name, unit.calls, results=True)
        for inputs in self.batches.inputs(self.limit, epoch):
            with ours, theirs:
                pairs = list(zip(ours(inputs), theirs(inputs), strict=True))
            yield from pairs


def _adam(parameters: Iterable[nn.Parameter]) -> Optimizer:
    return Adam(parameters, RATE)
