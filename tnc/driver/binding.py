"""Sizes that the plan is to assume: for which modes that makes sense."""

from __future__ import annotations

from collections.abc import Iterable

from tnc.diagnostics import nearest
from tnc.ir.layer import Layer


def refused(layers: Iterable[Layer], modes: Iterable[str]) -> str | None:
    """Why a mode cannot be bound: no layer has one of this name whose size is known at run time
    only. None where all can be."""
    known = sorted({entry.symbol for layer in layers for entry in layer.run_time})
    for mode in modes:
        if mode not in known:
            close = nearest(mode, known)
            there = ", ".join(f"`{each}`" for each in known) or "none"
            hint = f"did you mean `{close}`?" if close else f"there are {there}"
            return f"cannot bind `{mode}`: no layer has such a run-time mode; {hint}"
    return None
