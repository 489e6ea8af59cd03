"""`tnc.tune_end_to_end`: the whole network on its task, after its teacher if wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, kl_div, log_softmax, softmax
from torch.optim import Adam, Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from tnc.finetune import processes
from tnc.finetune.batches import Batches, Data, Done, called, drawn, moved, place, seed_all
from tnc.finetune.checkpoint import Checkpoint, PathLike, checkpoint_at, described
from tnc.finetune.kept import flags_kept, generators_kept
from tnc.finetune.report import EndToEndReport, Epoch
from tnc.record import record

Loss = Callable[[Any, Any], Tensor]
Progress = Callable[[int, int, float], object]

RATE = 1e-3
"""Learning rate of the default optimiser."""


@generators_kept()
def tune_end_to_end(
    network: nn.Module,
    data: Data,
    *,
    epochs: int = 1,
    loss: Loss | None = None,
    optimizer: Callable[[Iterable[nn.Parameter]], Optimizer] | None = None,
    scheduler: Callable[[Optimizer], LRScheduler] | None = None,
    teacher: nn.Module | None = None,
    distillation: float = 0.5,
    temperature: float = 4.0,
    evaluate: Callable[[nn.Module], float] | None = None,
    checkpoint: PathLike | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> EndToEndReport:
    """Train a network, in place. All of it is in training mode; what is not in a network that is,
    such as normalisations that keep their statistics, stays as it is.

    `data(epoch)` gives the batches of an epoch, counted from 0: pairs of what the network takes and
    what the loss takes. `loss(outputs, targets)` is cross-entropy by default, `optimizer` Adam with
    a rate of 1e-3. With a `teacher` the loss is (1 − d) · loss + d · T² · KL(teacher ‖ network), of
    logits divided by the temperature T, d being `distillation` (Hinton et al. 2015, arXiv
    1503.02531). `evaluate(network)` is called in evaluation mode after every epoch, and then
    `scheduler` is stepped: a `ReduceLROnPlateau` with that score, else with the mean loss.
    `progress(epoch, batch, loss)` is called after every batch.

    `checkpoint`: a file that is written after every epoch, and once a minute. When the run was
    killed, the same call goes on from there and ends with the same weights: random numbers are
    seeded before each epoch, and their state is part of the checkpoint. So must `data` draw its own
    from PyTorch's, Python's or NumPy's global generators, or depend on the epoch alone. In the end
    the caller's random numbers go on as if there had been none.

    Under `torchrun` gradients and scores are averages over the processes; `data` gives each its
    part.

    Errors: TypeError and ValueError for data or numbers that make no sense, or a checkpoint of
    another run; OSError; whatever the network and the callbacks raise.
    """
    _check(epochs, distillation, temperature, teacher)
    processes.join()
    seed_all(seed)
    made = (optimizer or _adam)(p for p in network.parameters() if p.requires_grad)
    run = _Run(network, made, scheduler(made) if scheduler else None)
    judge = _Judge(loss or cross_entropy, teacher, distillation, temperature)
    about = {"seed": seed, **run.about(), **judge.about()}
    kept = checkpoint_at(checkpoint, "end to end", network, **about)
    asleep = [each for each in network.modules() if network.training and not each.training]
    with flags_kept(network, *([teacher] if teacher else [])):
        run.restore(_state(kept, epochs))
        wrapped = processes.together(network)
        while len(run.history) < epochs:
            network.train()
            for each in asleep:
                each.training = False
            _epoch(run, wrapped, Batches(data, seed), judge, kept, progress)
            network.eval()
            run.ended(None if evaluate is None else float(evaluate(network)))
            kept.save(run.state())
    return EndToEndReport(tuple(run.history), run.steps)


def _state(kept: Checkpoint, epochs: int) -> dict[str, Any] | None:
    """What was kept. Errors: as `Checkpoint.load`; ValueError for more than is asked for, and for
    an epoch that another number of processes has begun."""
    state = kept.load()
    done = 0 if state is None else len(state["history"])
    if done > epochs:
        raise ValueError(f"`{kept.path}`: {done} epochs are done already, more than {epochs}")
    if state is not None and state["batch"] and len(state["own"]) != processes.count():
        raise ValueError(
            f"`{kept.path}`: {len(state['own'])} processes have begun an epoch, and there are "
            f"{processes.count()}: give another path, or delete it to begin anew"
        )
    return state


def _check(epochs: int, share: float, temperature: float, teacher: nn.Module | None) -> None:
    if epochs < 0:
        raise ValueError(f"epochs = {epochs}: a number of at least 0")
    if teacher is not None and not (0 <= share <= 1 and temperature > 0):
        raise ValueError(
            f"distillation = {share}, temperature = {temperature}: "
            "the first is a part of 1, the second above 0"
        )


def _adam(parameters: Iterable[nn.Parameter]) -> Optimizer:
    return Adam(parameters, RATE)


@dataclass(slots=True)
class _Run:
    """How far it has come. `batch`: so many of the epoch are done, with `total` as their loss in
    this process."""

    network: nn.Module
    optimizer: Optimizer
    scheduler: LRScheduler | None
    history: list[Epoch] = field(default_factory=list)
    batch: int = 0
    total: float = 0.0
    steps: int = 0
    random: dict[str, Any] | None = None

    def about(self) -> dict[str, Any]:
        """What must be the same in a run that goes on with this one."""
        scheduler = type(self.scheduler).__name__ if self.scheduler else None
        return {"optimizer": described(self.optimizer), "scheduler": scheduler}

    def state(self) -> dict[str, Any]:
        """What `restore` takes. `own`: what differs between processes."""
        own = {"total": self.total, "random": drawn() if self.batch else None}
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict() if self.scheduler else None,
            "history": [(each.loss, each.score) for each in self.history],
            "batch": self.batch,
            "steps": self.steps,
            "own": processes.gathered(own),
        }

    def restore(self, state: dict[str, Any] | None) -> None:
        """Go on from there."""
        if state is None:
            return
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.scheduler and state["scheduler"] is not None:
            self.scheduler.load_state_dict(state["scheduler"])
        self.history = [Epoch(loss, score) for loss, score in state["history"]]
        self.batch, self.steps = state["batch"], state["steps"]
        if self.batch:
            own = state["own"][processes.number()]
            self.total, self.random = own["total"], own["random"]

    def done(self) -> Done | None:
        """What is done of the epoch, if it was interrupted."""
        random, self.random = self.random, None
        return None if random is None else Done(self.batch, random)

    def ended(self, score: float | None) -> None:
        """An epoch is over. All processes have the same loss and score, hence the same rates."""
        total, batches = processes.added(self.total, self.batch)
        loss = total / batches
        if score is not None:
            scores, count = processes.added(score, 1)
            score = scores / count
        self.history.append(Epoch(loss, score))
        self.batch, self.total = 0, 0.0
        if isinstance(self.scheduler, ReduceLROnPlateau):
            self.scheduler.step(loss if score is None else score)
        elif self.scheduler:
            self.scheduler.step()


def _epoch(
    run: _Run,
    wrapped: nn.Module,
    batches: Batches,
    judge: _Judge,
    kept: Checkpoint,
    progress: Progress | None,
) -> None:
    """The rest of an epoch."""
    for inputs, targets in batches.epoch(len(run.history), run.done()):
        run.optimizer.zero_grad()
        value = judge(inputs, called(wrapped, inputs), moved(targets, place(run.network)))
        torch.autograd.backward(value)
        run.optimizer.step()
        run.batch, run.steps = run.batch + 1, run.steps + 1
        run.total += value.item()
        if progress:
            progress(len(run.history), run.batch, value.item())
        if kept.due():
            kept.save(run.state())


@record
class _Judge:
    """The loss of a batch; `share` of it says how far the network is from its teacher."""

    loss: Loss
    teacher: nn.Module | None
    share: float
    temperature: float

    def about(self) -> dict[str, Any]:
        """What must be the same in a run that goes on with this one."""
        return {"distillation": (self.share, self.temperature) if self.teacher else None}

    def __call__(self, inputs: Any, outputs: Any, targets: Any) -> Tensor:
        if self.teacher is None:
            return self.loss(outputs, targets)
        teacher = self.teacher.eval()
        with torch.no_grad():
            theirs = softmax(called(teacher, inputs) / self.temperature, dim=1)
        ours = log_softmax(outputs / self.temperature, dim=1)
        apart = kl_div(ours, theirs, reduction="none").sum(1).mean() * self.temperature**2
        return (1 - self.share) * self.loss(outputs, targets) + self.share * apart
