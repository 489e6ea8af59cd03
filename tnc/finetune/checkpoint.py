"""How far a run has come, in a file: whoever kills it may start it again."""

from __future__ import annotations

import io
import os
import pickle
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from tnc.finetune import processes

PathLike = str | os.PathLike[str]

NO_CHECKPOINT = (
    RuntimeError,
    OSError,
    ValueError,
    pickle.UnpicklingError,
    EOFError,
    KeyError,
    AttributeError,
)
"""What torch.load raises for other files, or a part of one."""
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
        """The state, None if the run begins.

        Errors: ValueError if the file is of another run or no checkpoint; OSError.
        """
        if self.path is None or not self.path.exists():
            return None
        written = io.BytesIO(self.path.read_bytes())
        try:
            found = torch.load(written, map_location="cpu", weights_only=True)
        except NO_CHECKPOINT as error:
            raise ValueError(f"`{self.path}` is no checkpoint: give another path") from error
        about = found.get("about") if isinstance(found, dict) else None
        if not isinstance(about, dict) or "state" not in found:
            raise ValueError(f"`{self.path}` is no checkpoint of tnc: give another path")
        for name, value in self.about.items():
            if about.get(name) != value:
                raise ValueError(
                    f"`{self.path}` is of a run with {name} = {about.get(name)!r}, not {value!r}: "
                    "give another path, or delete it to begin anew"
                )
        return dict(found["state"])

    def due(self) -> bool:
        """Whether so much time has passed that what was done should be kept."""
        return self.path is not None and time.monotonic() - self._saved > INTERVAL

    def save(self, state: dict[str, Any]) -> None:
        """Keep a state: the file holds this one or the last one, whole. Errors: OSError."""
        self._saved = time.monotonic()
        if self.path is None or not processes.first():
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        written = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        try:
            with written.open("wb") as file:
                torch.save({"about": self.about, "state": state}, file)
                file.flush()
                os.fsync(file.fileno())
            written.replace(self.path)
        finally:
            written.unlink(missing_ok=True)


def checkpoint_at(path: PathLike | None, about: dict[str, Any]) -> Checkpoint:
    """The checkpoint in a file, or none."""
    return Checkpoint(None if path is None else Path(path), about)
