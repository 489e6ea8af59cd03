"""Sets compressed layers into a dense model, and loads their checkpoint.

This needs PyTorch only. The same text is part of what `tnc compress` writes, so that it is run by
every compression.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
    "C64": torch.complex64,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
}

SIZES = (
    *("in_features", "out_features", "nf", "nx", "in_channels", "out_channels", "kernel_size"),
    *("stride", "padding", "dilation", "groups", "padding_mode"),
)
"""Attributes of dense layers that models ask for; a layer that takes their place has them too."""


def read_safetensors(path: str | Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of a file, under every name that they have, and its metadata."""
    with Path(path).open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        start = 8 + length
        if start > Path(path).stat().st_size:
            raise ValueError("it ends within its header")
        header = json.loads(file.read(length))
    metadata = header.pop("__metadata__", {})
    size = Path(path).stat().st_size
    content = torch.from_file(str(path), shared=False, size=size, dtype=torch.uint8)
    state = {name: _tensor(content[start:], entry) for name, entry in header.items()}
    for name, first in json.loads(metadata.get("tnc.aliases", "{}")).items():
        state[name] = state[first]
    return state, metadata


def _tensor(content: Tensor, entry: dict[str, Any]) -> Tensor:
    first, last = entry["data_offsets"]
    dtype, shape = DTYPES[entry["dtype"]], entry["shape"]
    if last > content.numel():
        raise ValueError("it ends within its tensors")
    return content[first:last].clone().view(dtype).reshape(shape)


def successor(dense: nn.Module, layer: type[nn.Module]) -> nn.Module:
    """A layer of the class `layer` in the place of `dense`: its type and device, its training flag,
    whether its parameters are trained, and what it says about its sizes."""
    weight: Any = dense.weight
    made = layer(device=weight.device, dtype=weight.dtype)
    made.train(dense.training)
    made.requires_grad_(weight.requires_grad)
    for name in SIZES:
        if name in vars(dense):
            setattr(made, name, getattr(dense, name))
    return made


def take_bias(dense: nn.Module, made: nn.Module, name: str) -> None:
    """The bias `name` of `made` becomes the very parameter that `dense` has, and so stays shared
    with all that share it. One of another shape or type stays by itself."""
    given: Any = dense.bias
    own = getattr(made, name)
    if (own.shape, own.dtype) == (given.shape, given.dtype):
        setattr(made, name, given)
    else:
        own.requires_grad_(given.requires_grad)


def tie(first: nn.Module, other: nn.Module, names: list[str]) -> None:
    """Parameters of `first` become those of `other` as well."""
    for name in names:
        setattr(other, name, getattr(first, name))


def successors(
    model: nn.Module, table: list[dict[str, Any]], classes: object
) -> dict[str, nn.Module]:
    """The layers of a table, for the places in a dense model that they have by their names.

    `table`: a record for each layer, with the `names` under which it stands in the model, its
    `class`, the name of its `bias` or None, and the factors that it shares with the layer of
    another name, `tied`. `classes` has the classes as attributes.
    """
    layers: dict[str, nn.Module] = {}
    for record in table:
        dense = model.get_submodule(record["names"][0])
        made = successor(dense, getattr(classes, record["class"]))
        if record["bias"] is not None:
            take_bias(dense, made, record["bias"])
        for name, names in record["tied"].items():
            tie(layers[name], made, names)
        layers.update(dict.fromkeys(record["names"], made))
    return layers


def check_classes(classes: object, digests: list[str]) -> None:
    """The module with the classes of a table is made of the texts with these SHA-256.

    Errors: ValueError for one of another compression.
    """
    head = classes.__doc__  # None under python -OO
    if head is not None and not all(digest in head for digest in digests):
        name = getattr(classes, "__name__", "").rpartition(".")[2]
        raise ValueError(f"`{name}.py` is of another compression than this file: write both anew")


def check_metadata(
    metadata: dict[str, str], table: list[dict[str, Any]], digests: list[str]
) -> None:
    """A checkpoint is of this table and these texts, as far as its metadata say of which it is.

    Errors: ValueError for one of another compression.
    """
    if "tnc.layers" not in metadata or "tnc.sources" not in metadata:
        return
    texts = json.loads(metadata["tnc.sources"]).values()
    own = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
    if own != digests or json.loads(metadata["tnc.layers"]) != table:
        raise ValueError("the checkpoint is of another compression than this file: write both anew")


def put(model: nn.Module, layers: dict[str, nn.Module]) -> dict[str, nn.Module]:
    """Set modules into a model, by their names; those that stood there."""
    found = {name: model.get_submodule(name) for name in layers}  # first: blocks have many names
    for name, layer in layers.items():
        place, _, last = name.rpartition(".")
        setattr(model.get_submodule(place), last, layer)
    return found


def load_(model: nn.Module, state: dict[str, Tensor]) -> None:
    """Load a state that has all names and shapes of the model's own, whose tensors may be on the
    device `meta`.

    Errors: ValueError says what differs, and then nothing was loaded.
    """
    own = model.state_dict()
    wrong = [f"{name} is missing" for name in own if name not in state]
    wrong += [f"{name} is not the model's" for name in state if name not in own]
    tensors = {name: value for name, value in own.items() if isinstance(value, Tensor)}
    for name, value in tensors.items():
        given: Any = state.get(name, value)
        if not isinstance(given, Tensor):
            wrong.append(f"{name} is a {type(given).__name__}, not a tensor")
        elif not nn.parameter.is_lazy(value) and given.shape != value.shape:
            shapes = f"{tuple(given.shape)}, the model's {tuple(value.shape)}"
            wrong.append(f"{name} has shape {shapes}")
    if wrong:
        more = f", and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise ValueError(f"the checkpoint is of another model: {'; '.join(wrong[:5])}{more}")
    shared = _shared(model)
    assign = any(value.is_meta for value in tensors.values())
    model.load_state_dict(state, assign=assign)
    for names in shared if assign else []:  # each name was assigned a parameter of its own
        last = model.get_parameter(names[-1])
        for name in names[:-1]:
            place, _, own_name = name.rpartition(".")
            setattr(model.get_submodule(place), own_name, last)


def _shared(model: nn.Module) -> list[list[str]]:
    """The names of parameters that have several."""
    homes: dict[int, list[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        homes.setdefault(id(parameter), []).append(name)
    return [names for names in homes.values() if len(names) > 1]
