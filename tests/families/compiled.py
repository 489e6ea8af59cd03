"""Layers of tests/programs/families, compiled once per test process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

import tnc
from tests.oracle import randomised

PROGRAMS = Path(__file__).parent.parent / "programs" / "families"
_made: dict[str, Any] = {}


def compiled(
    file: str,
    layer: str,
    bind: dict[str, int] | None = None,
    backward: str = "derived",
    **settings: Any,
) -> Any:
    """What `tnc.compile` makes of a layer with these parameters."""
    key = repr((file, layer, bind, backward, sorted(settings.items())))
    if key not in _made:
        path = PROGRAMS / f"{file}.tnn"
        _made[key] = tnc.compile(path, layer, set=settings, bind=bind or {}, backward=backward)
    return _made[key]


def instance(
    file: str, layer: str, dtype: torch.dtype = torch.float64, **settings: Any
) -> nn.Module:
    """A module with standard normal parameters."""
    made = getattr(compiled(file, layer, **settings).module, layer)
    return randomised(made(dtype=dtype))


def from_text(text: str, layer: str = "L", **options: Any) -> Any:
    """What `tnc.compile` makes of a program in a string."""
    key = repr((text, layer, sorted(options.items())))
    if key not in _made:
        _made[key] = tnc.compile(source=text, layer=layer, **options)
    return _made[key]


def instance_of(text: str, dtype: torch.dtype = torch.float64, **options: Any) -> nn.Module:
    """A module of the layer `L` of a program in a string, with standard normal parameters."""
    return randomised(from_text(text, **options).module.L(dtype=dtype))
