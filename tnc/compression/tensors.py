"""Checkpoints in the safetensors format, and state dictionaries of any kind.

A safetensors file is eight bytes with the length of a header, the header as JSON, and the tensors,
one after the other, little-endian and row-major. What is written is the same for the same state:
tensors lie in order of size of element and name, as the format's own library lays them.

Source: https://github.com/huggingface/safetensors, "Format".
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tnc.compression.loader import DTYPES, read_safetensors

SUFFIX = ".safetensors"
ALIASES = "tnc.aliases"
"""The key of the metadata with the names of tensors that are stored under another name, as JSON."""

_NAMES = {dtype: name for name, dtype in DTYPES.items()}
_WRAPPERS = ("state_dict", "model_state_dict", "model", "module")
_PREFIX = "module."


class Unreadable(ValueError):
    """A checkpoint is none, or has no state dictionary."""


def serialised(state: Mapping[str, Tensor], metadata: Mapping[str, str]) -> bytes:
    """The bytes of a safetensors file. A tensor that has several names is stored once, under the
    first; the metadata say which others it has.

    Errors: ValueError for what the format cannot hold.
    """
    kept, aliases = _once(state)
    order = sorted(kept, key=lambda name: (-kept[name].element_size(), name))
    header: dict[str, Any] = {"__metadata__": {**metadata, ALIASES: json.dumps(aliases)}}
    parts, end = [], 0
    for name in order:
        content = _content(name, kept[name])
        header[name] = {
            "dtype": _NAMES[kept[name].dtype],
            "shape": [*kept[name].shape],
            "data_offsets": [end, end + len(content)],
        }
        parts.append(content)
        end += len(content)
    head = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    return b"".join([len(head).to_bytes(8, "little"), head, *parts])


def _once(state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors without those that are others, and the names of these."""
    kept: dict[str, Tensor] = {}
    aliases: dict[str, str] = {}
    seen: dict[tuple[object, ...], str] = {}
    for name, value in state.items():
        if not isinstance(value, Tensor):
            raise ValueError(f"`{name}` of the state is a {type(value).__name__}, not a tensor")
        if value.dtype not in _NAMES or value.layout != torch.strided:
            raise ValueError(f"safetensors has no place for `{name}`, a tensor of {value.dtype}")
        if value.is_meta:
            raise ValueError(f"`{name}` has no values: it is on the device `meta`")
        key = (value.data_ptr(), value.dtype, tuple(value.shape), value.stride(), value.device)
        first = seen.setdefault(key, name) if value.numel() else name
        if first == name:
            kept[name] = value
        else:
            aliases[name] = first
    return kept, aliases


def _content(name: str, value: Tensor) -> bytes:
    flat = value.detach().cpu().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""


def read_state(path: str | Path) -> dict[str, Tensor]:
    """The state dictionary in a file, on the CPU: safetensors, or what `torch.save` wrote, of
    which nothing but tensors is unpickled. A dictionary inside under a usual name (`state_dict`,
    `model`) is what is meant, and the `module.` that DDP puts before names goes.

    Errors: OSError; Unreadable.
    """
    place = Path(path)
    if place.suffix == SUFFIX:
        return _bare(_read_safetensors(place)[0])
    with place.open("rb"):  # OSError, with the system's reason
        pass
    try:
        mapped = zipfile.is_zipfile(place)
        found = torch.load(place, map_location="cpu", weights_only=True, mmap=mapped)
    except Exception as error:  # whatever the unpickler trips over
        text = str(error).strip().split("\n")[0]
        raise Unreadable(f"no state dictionary: {text}") from error
    return _bare(_inside(found))


def read_checkpoint(path: str | Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of a safetensors file, under every name that they have, and its metadata.

    Errors: OSError; Unreadable.
    """
    return _read_safetensors(Path(path))


def _read_safetensors(place: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        return read_safetensors(place)
    except (ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise Unreadable(f"it is no safetensors file: {error}") from error


def _inside(found: Any) -> dict[str, Tensor]:
    for name in _WRAPPERS:
        if isinstance(found, Mapping) and isinstance(found.get(name), Mapping):
            found = found[name]
    if not isinstance(found, Mapping):
        raise Unreadable(f"no state dictionary, but a {type(found).__name__}")
    if not all(isinstance(name, str) for name in found):
        raise Unreadable("no state dictionary: its names are no text")
    return dict(found)


def _bare(state: dict[str, Tensor]) -> dict[str, Tensor]:
    if state and all(name.startswith(_PREFIX) for name in state):
        return {name.removeprefix(_PREFIX): value for name, value in state.items()}
    return state
