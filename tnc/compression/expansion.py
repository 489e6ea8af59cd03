"""Back from compressed layers to dense ones: the state dictionary of the dense model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor

from tnc.compression.drafts import Draft, draft
from tnc.compression.saved import LAYERS, SOURCES
from tnc.compression.spec import FILE
from tnc.compression.tensors import Unreadable, read_checkpoint
from tnc.diagnostics import Report
from tnc.driver.front import Unit, opened
from tnc.driver.options import Request
from tnc.driver.requests import elaborated
from tnc.fitting.kernels import expand


def dense_state(path: str | Path) -> dict[str, Tensor]:
    """The state of the dense model that stands for a checkpoint which `tnc.compress` wrote: factors
    are multiplied out in float64, and what else there is stays as it is.

    Errors: OSError; Unreadable for a file that is no such checkpoint.
    """
    state, metadata = read_checkpoint(path)
    if LAYERS not in metadata or SOURCES not in metadata:
        raise Unreadable("it is no checkpoint of `tnc compress`: its metadata name no layers")
    try:
        records = json.loads(metadata[LAYERS])
        drafts = _drafts(json.loads(metadata[SOURCES]), records)
        made: dict[tuple[int, ...], Tensor] = {}
        for record in records:
            for name in record["names"]:
                _expand(state, name, record, drafts[record["class"]], made)
    except Unreadable:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        what = f"{type(error).__name__}: {error}"
        raise Unreadable(f"its metadata do not describe its layers: {what}") from error
    return state


def _expand(
    state: dict[str, Tensor],
    name: str,
    record: Mapping[str, Any],
    of: Draft,
    made: dict[tuple[int, ...], Tensor],
) -> None:
    """Replace the factors of one layer by its weight; of layers that share theirs, once."""
    known = [each.name for each in of.layer.weights if f"{name}.{each.name}" in state]
    own = {each: state.pop(f"{name}.{each}") for each in known}
    bias = own.pop(record["bias"], None) if record["bias"] else None
    if not own:
        raise Unreadable(f"its metadata name a layer that it has not, `{name}`")
    key = tuple(sorted(value.data_ptr() for value in own.values()))
    if key not in made:
        first = next(iter(own.values()))
        with torch.no_grad():
            kernel = expand(of.module(first.device, own)).to(first.dtype)
        kernel = kernel.reshape(_shape(record))
        made[key] = kernel.T.contiguous() if record["transposed"] else kernel
    state[f"{name}.weight"] = made[key]
    if bias is not None:
        state[f"{name}.bias"] = bias.reshape(-1)


def _shape(record: Mapping[str, Any]) -> list[int]:
    shape = [*record["shape"]]
    return shape[::-1] if record["transposed"] else shape


def _drafts(sources: Mapping[str, str], records: Sequence[Mapping[str, Any]]) -> dict[str, Draft]:
    """A draft of every class; the texts are read from a folder as they were written."""
    with TemporaryDirectory() as folder:
        for name, text in sources.items():
            place = Path(folder, name)
            if Path(name).is_absolute() or ".." in Path(name).parts:
                raise Unreadable(f"its metadata name a file outside of its folder, `{name}`")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        unit = opened(str(Path(folder, FILE)))
    return {name: _draft(unit, name) for name in dict.fromkeys(r["class"] for r in records)}


def _draft(unit: Unit, name: str) -> Draft:
    report = Report()
    report.add(*unit.said)
    report.raise_errors()
    layers = elaborated(unit, [Request(name)], report)
    report.raise_errors()
    return draft(unit, name, layers[0])
