"""What each of two processes does that torchrun has started: the work of one, on its part of the
data. `torchrun --standalone --nproc-per-node 2 -m tests.finetune.work FOLDER`

The first time one of them kills itself, and so the other; started again they go on from there.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
import torch.distributed as dist
from torch import Tensor, nn

import tnc
from tests.finetune.networks import compressed, data, dense

PROCESSES = 2


def labelled(epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of an even number."""
    for x, _ in data(epoch):
        x = x[: len(x) // PROCESSES * PROCESSES]
        yield x, torch.arange(len(x)) % 4


def parted(epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
    for x, labels in labelled(epoch):
        rank = dist.get_rank()
        yield x[rank::PROCESSES], labels[rank::PROCESSES]


def sgd(parameters: object) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, 0.1)  # type: ignore[arg-type]


def tuned(batches: object, folder: Path | None) -> tuple[nn.Module, list[float]]:
    """A network tuned in all ways, and the figures of that; norms of batches are not the same in
    parts, so that they do not learn."""
    student, teacher = compressed(2), dense()
    place = None if folder is None else folder / "seq.pt"
    told = tnc.tune_sequential(
        student, teacher, batches, iterations=3, norms=False, checkpoint=place
    )
    more = tnc.tune_sequential(
        student, teacher, batches, parts=["last"], method="sgd", optimizer=sgd, norms=False
    )
    student.norm = nn.Identity()
    place = None if folder is None else folder / "e2e.pt"
    ended = tnc.tune_end_to_end(student, batches, epochs=2, optimizer=sgd, checkpoint=place)
    figures = [each for unit in (*told.units, *more.units) for each in (unit.before, unit.after)]
    return student, [*figures, *(epoch.loss for epoch in ended.epochs)]


def drawing(epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
    """The parts, with noise; one process draws more numbers than the other."""
    for x, labels in parted(epoch):
        torch.rand(dist.get_rank())
        yield x + torch.randn_like(x), labels


def net_with_dropout() -> nn.Sequential:
    torch.manual_seed(3)
    layers = nn.Linear(48, 8), nn.Dropout(0.5), nn.Linear(8, 4)
    return nn.Sequential(nn.Flatten(), *layers).double()


def run(checkpoint: Path | None, progress: Any = None) -> tuple[dict[str, Tensor], list[float]]:
    """Weights, and losses of the epochs. The checkpoint is written after every batch."""
    net = net_with_dropout()
    given = {"optimizer": sgd, "checkpoint": checkpoint, "progress": progress}
    with patch("tnc.finetune.checkpoint.INTERVAL", -1.0):
        told = tnc.tune_end_to_end(net, drawing, epochs=3, **given)
    return net.state_dict(), [epoch.loss for epoch in told.epochs]


def killed(epoch: int, batch: int, loss: float) -> None:
    """In the middle of an epoch, while the other process waits for this one."""
    if (epoch, batch, dist.get_rank()) == (1, 3, 1):
        os.kill(os.getpid(), signal.SIGKILL)


def goes_on(place: Path) -> dict[str, Any]:
    """The run that was killed, to its end, beside one that was not. `torn.pt` is the checkpoint
    that the killed one has left."""
    if dist.get_rank() == 0:
        place.with_name("torn.pt").write_bytes(place.read_bytes())
    dist.barrier()
    return {"again": run(place), "whole": run(None)}


def work(place: Path) -> None:
    """The files of this process are named by its number."""
    torch.set_num_threads(1)
    if not (place / "killed.pt").exists():
        run(place / "killed.pt", killed)
    net, figures = tuned(parted, place)
    rank = dist.get_rank()
    torch.save(goes_on(place / "killed.pt"), place / f"runs-{rank}.pt")
    norms = nn.Sequential(nn.BatchNorm2d(2)).double()
    tnc.reestimate(norms, parted)
    torch.save({"net": net.state_dict(), "figures": figures}, place / f"{rank}.pt")
    torch.save(norms.state_dict(), place / f"norms-{rank}.pt")
    dist.destroy_process_group()


if __name__ == "__main__":
    work(Path(sys.argv[1]))
