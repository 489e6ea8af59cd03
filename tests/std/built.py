"""Layers of the standard library, compiled once per test process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

import tnc

STANDARD = Path(tnc.__file__).parent / "std"
_made: dict[str, Any] = {}


def compiled(module: str, layer: str, *, backward: str = "derived", **settings: Any) -> Any:
    """What `tnc.compile` makes of a layer of `std.…` with these parameters."""
    key = repr((module, layer, backward, sorted(settings.items())))
    if key not in _made:
        path = STANDARD / f"{module}.tnn"
        _made[key] = tnc.compile(path, layer, set=settings, backward=backward)
    return _made[key]


def network(
    layer: str, dtype: torch.dtype = torch.float64, *, backward: str = "derived", **settings: Any
) -> nn.Module:
    """A network of `std.nets`."""
    made = compiled("nets", layer, backward=backward, **settings)
    return getattr(made.module, layer)(dtype=dtype)


def parameters(module: nn.Module) -> int:
    return sum(each.numel() for each in module.parameters())
