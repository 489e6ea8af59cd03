"""How far a run has come, in a file: whoever kills it may start it again."""

from __future__ import annotations

import hashlib
import io
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from tnc.finetune import processes, unfinished

PathLike = str | os.PathLike[str]

FORMAT = 1
"""Changes when states become different from those that files may hold."""
INTERVAL = 60.0
"""Seconds after which a state is worth keeping in the middle of an epoch."""


@dataclass(slots=True)
class Checkpoint:
    """The file of a run; without one nothing is kept. `about` says what run it is: the state of
    another one is refused. The first process writes, all read."""

    path: Path | None
    about: dict[str, Any]
    _saved: float = field(default_factory=time.monotonic)

    def load(self) -> dict[str, Any] | None:
        """The state, None if the run begins. What killed processes have left beside it goes.

        Errors: ValueError if the file is of another run or no checkpoint; OSError.
        """
        if self.path is None:
            return None
        if processes.first():
            unfinished.remove(self.path)
        if not self.path.exists():
            return None
        written = io.BytesIO(self.path.read_bytes())
        try:
            found = torch.load(written, map_location="cpu", weights_only=True)
        except Exception as error:  # there is none that torch.load does not raise for some file
            raise ValueError(f"`{self.path}` is no checkpoint: give another path") from error
        about = found.get("about") if isinstance(found, dict) else None
        if not isinstance(about, dict) or "state" not in found:
            raise ValueError(f"`{self.path}` is no checkpoint of tnc: give another path")
        if about.get("format") != FORMAT:
            raise ValueError(
                f"`{self.path}` was written by another version of tnc: "
                "give another path, or delete it to begin anew"
            )
        for name, value in self.about.items():
            if about.get(name) != value:
                raise ValueError(
                    f"`{self.path}` is of a run with {name} = {about.get(name)!r}, not {value!r}: "
                    "give another path, or delete it to begin anew"
                )
        return dict(found["state"])

    def due(self) -> bool:
        """Whether so much time has passed that what was done should be kept. All processes say
        the same."""
        passed = self.path is not None and time.monotonic() - self._saved > INTERVAL
        return any(processes.added(passed))

    def save(self, state: dict[str, Any]) -> None:
        """Keep a state: the file holds this one or the last one, whole. Errors: OSError."""
        self._saved = time.monotonic()
        if self.path is None or not processes.first():
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.replacing(self.path) as file:
            torch.save({"about": self.about, "state": _plain(state)}, file)


def checkpoint_at(
    path: PathLike | None, phase: str, network: nn.Module, **about: Any
) -> Checkpoint:
    """The checkpoint in a file, or none, of a run over a network."""
    place = None if path is None else Path(path)
    return Checkpoint(
        place, {"format": FORMAT, "phase": phase, **about, "network": outline(network)}
    )


def outline(network: nn.Module) -> str:
    """What tensors a network has: a state with another outline is not of this network."""
    lines = [
        f"{name} {tuple(value.shape)} {value.dtype}" if isinstance(value, Tensor) else name
        for name, value in network.state_dict().items()
    ]
    lines += [name for name, value in network.named_parameters() if value.requires_grad]
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:8]
    return f"{type(network).__name__} {digest}"


def described(optimizer: Optimizer) -> str:
    """`Adam, rate 0.001`: a state of an optimiser brings its rates with it."""
    begun = [group.get("initial_lr", group["lr"]) for group in optimizer.param_groups]
    rates = dict.fromkeys(f"{float(rate):g}" for rate in begun)
    return f"{type(optimizer).__name__}, rate {', '.join(rates)}"


def _plain(value: Any) -> Any:
    """NumPy's numbers, such as rates that a scheduler computed with it, as Python's: others would
    be written, but not read."""
    if isinstance(value, np.generic):
        return value.item()
    if type(value) is dict:
        return {key: _plain(each) for key, each in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(_plain, value))
    return value
