"""One cell of a table: a network compressed, tuned in several ways, and tested."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from datasets import Folder, Images
from networks import NETWORKS
from torch import nn

import tnc

FAMILIES = ("SVD", "CP", "TK", "TT", "rCP", "rTK", "rTT")
RATIOS = (0.02, 0.05, 0.1, 0.2, 0.4)
LAYERS = {"all": ("Linear", "Conv"), "dense": ("Linear",), "convolutions": ("Conv",)}
MATRIX = {"CP": "SVD", "TT": "SVD"}
"""What families are for a matrix, which has no taps: sums of outer products, chains of two."""
ABOVE = 1.05
"""How far above the asked ratio the actual one may be."""
FIT, SEQ, E2E, BOTH = "fit", "seq", "e2e", "seq+e2e"
WAYS = {
    FIT: "factors fitted to the kernels, nothing else",
    SEQ: "then layer by layer to the activations of the dense network, closed form",
    E2E: "instead end to end, with labels",
    BOTH: "layer by layer, then end to end",
}


@dataclass(frozen=True)
class Setting:
    """What a table is about. `layers`: which are compressed; `rate`: of Adam; `samples`: batches
    for tuning layer by layer."""

    network: str
    data: str
    layers: str
    epochs: int
    rate: float
    samples: int


@dataclass(frozen=True)
class Cell:
    """One network: a family, what part of the parameters it may have, a seed."""

    family: str
    ratio: float
    seed: int

    def __str__(self) -> str:
        return f"{self.family}-{self.ratio}-{self.seed}"


@dataclass(frozen=True)
class Result:
    """What came of a cell. `actual`: parameters of the replaced layers, as a part of the dense
    ones'. `accuracy`: by way, in per cent. `curves`: accuracy after every epoch, by way. `errors`:
    ‖Ŷ − Y‖² / ‖Y‖² per layer, before and after tuning layer by layer."""

    cell: Cell
    dense: float
    actual: float
    accuracy: Mapping[str, float]
    curves: Mapping[str, list[float]]
    errors: Mapping[str, tuple[float, float]]

    def to_json(self) -> dict[str, Any]:
        """A dictionary of plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Result:
        """What `to_json` made."""
        return cls(**{**record, "cell": Cell(**record["cell"])})


def accuracy(network: nn.Module, data: Images | Folder) -> float:
    """Per cent of the test images."""
    right = total = 0
    with torch.no_grad():
        for x, labels in data.test():
            right += int((network(x).argmax(1) == labels).sum())
            total += len(labels)
    return 100 * right / total


def trained(setting: Setting, data: Images | Folder, seed: int, folder: Path) -> nn.Module:
    """The dense network, from its checkpoint if it was trained before."""
    torch.manual_seed(seed)
    network = NETWORKS[setting.network](data.channels, data.classes)
    tnc.tune_end_to_end(
        network,
        data.train,
        epochs=2 * setting.epochs,
        optimizer=_adam(setting.rate),
        checkpoint=folder / f"dense-{seed}.pt",
        seed=seed,
    )
    return network.eval()


def result(
    setting: Setting, cell: Cell, data: Images | Folder, teacher: nn.Module, folder: Path
) -> Result:
    """Compress, tune in every way, and test. What is half done is gone on with."""
    made, actual = compressed(setting, cell, teacher)
    assert made.model is not None
    fitted = made.model.eval()
    sequential = copy.deepcopy(fitted)
    told = tnc.tune_sequential(
        sequential,
        teacher,
        data.train,
        batches=setting.samples,
        checkpoint=folder / f"{cell}.seq.pt",
        seed=cell.seed,
    )
    scores = {FIT: accuracy(fitted, data), SEQ: accuracy(sequential, data)}
    curves = {}
    for way, start in ((E2E, fitted), (BOTH, sequential)):
        network = copy.deepcopy(start)
        report = tnc.tune_end_to_end(
            network,
            data.train,
            epochs=setting.epochs,
            optimizer=_adam(setting.rate),
            evaluate=lambda each: accuracy(each, data),
            checkpoint=folder / f"{cell}.{way}.pt",
            seed=cell.seed,
        )
        curves[way] = [score for epoch in report.epochs if (score := epoch.score) is not None]
        scores[way] = curves[way][-1]
    errors = {unit.name: (unit.before, unit.after) for unit in told.units}
    return Result(cell, accuracy(teacher, data), actual, scores, curves, errors)


def compressed(setting: Setting, cell: Cell, teacher: nn.Module) -> tuple[tnc.Compressed, float]:
    """The compressed network, and what part of the parameters of the kernels it has that were to be
    replaced; the first convolution and the classifier are none of them.

    Ranks are the largest that fit layer by layer. Where that leaves so much dense, layers being
    smaller than the smallest of their family, that the whole is `ABOVE` what is asked for, the
    layers share what they may have together instead; if that suffices not for all of them, every
    rank is 1, the least there is.
    """
    names = {"Linear": MATRIX.get(cell.family, cell.family), "Conv": cell.family}
    family = {kind: names[kind] for kind in LAYERS[setting.layers]}
    shrink = partial(tnc.compress, teacher, family=family, tolerance=1e-5, seed=cell.seed)
    made = shrink(ratio=cell.ratio)
    rows = made.table.rows
    kernels = sum(row.dense_kernel for row in rows if row.family)
    kernels += sum(row.dense_parameters for row in rows if "smallest possible" in row.reason)
    others = made.table.dense_parameters - kernels
    if made.table.parameters - others > ABOVE * cell.ratio * kernels:
        try:
            made = shrink(budget=others + int(cell.ratio * kernels))
        except ValueError:  # they need more
            made = shrink(rank=1)
    return made, (made.table.parameters - others) / kernels


def tidy(cell: Cell, folder: Path) -> None:
    """Delete the checkpoints of a cell whose result is kept."""
    for path in folder.glob(f"{cell}.*.pt"):
        path.unlink()


def _adam(rate: float) -> Callable[[Any], torch.optim.Optimizer]:
    return lambda parameters: torch.optim.Adam(parameters, rate)
