"""Parameters of PyTorch's own modules, which are known without importing it."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Count = Callable[[Sequence[Any], Mapping[str, Any]], int]


def _norm(position: int, name: str, tensors: int, switch: str, default: bool) -> Count:
    """`tensors` vectors over the size at `position`, unless `switch` is off."""

    def count(given: Sequence[Any], named: Mapping[str, Any]) -> int:
        size = given[position] if len(given) > position else named[name]
        total = math.prod(size) if isinstance(size, list | tuple) else size
        return tensors * total if named.get(switch, default) else 0

    return count


def _layer_norm(given: Sequence[Any], named: Mapping[str, Any]) -> int:
    tensors = 2 if named.get("bias", True) else 1
    return _norm(0, "normalized_shape", tensors, "elementwise_affine", True)(given, named)


def _embedding(given: Sequence[Any], named: Mapping[str, Any]) -> int:
    sizes = {**dict(zip(("num_embeddings", "embedding_dim"), given, strict=False)), **named}
    return int(sizes["num_embeddings"] * sizes["embedding_dim"])


def _linear(given: Sequence[Any], named: Mapping[str, Any]) -> int:
    of = {**dict(zip(("in_features", "out_features", "bias"), given, strict=False)), **named}
    return int(of["in_features"] * of["out_features"] + of.get("bias", True) * of["out_features"])


def _convolution(rank: int) -> Count:
    names = ("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation")

    def count(given: Sequence[Any], named: Mapping[str, Any]) -> int:
        of = {**dict(zip((*names, "groups", "bias"), given, strict=False)), **named}
        taps = of["kernel_size"]
        taps = math.prod(taps) if isinstance(taps, list | tuple) else taps**rank
        kernel = of["in_channels"] // of.get("groups", 1) * of["out_channels"] * taps
        return int(kernel + of.get("bias", True) * of["out_channels"])

    return count


def _prelu(given: Sequence[Any], named: Mapping[str, Any]) -> int:
    return int(
        {**dict(zip(("num_parameters",), given, strict=False)), **named}.get("num_parameters", 1)
    )


PARAMETERS: dict[str, Count] = {
    **{f"BatchNorm{rank}d": _norm(0, "num_features", 2, "affine", True) for rank in (1, 2, 3)},
    **{f"InstanceNorm{rank}d": _norm(0, "num_features", 2, "affine", False) for rank in (1, 2, 3)},
    "GroupNorm": _norm(1, "num_channels", 2, "affine", True),
    "LayerNorm": _layer_norm,
    "RMSNorm": _norm(0, "normalized_shape", 1, "elementwise_affine", True),
    "Embedding": _embedding,
    "Linear": _linear,
    **{f"Conv{rank}d": _convolution(rank) for rank in (1, 2, 3)},
    "PReLU": _prelu,
}


def foreign_parameters(target: str, arguments: Sequence[str]) -> int:
    """The trained elements of `torch.nn.BatchNorm2d(16, …)`; 0 for what is not known."""
    module, _, name = target.rpartition(".")
    if module != "torch.nn" or name not in PARAMETERS:
        return 0
    call = ast.parse(f"f({', '.join(arguments)})", mode="eval").body
    assert isinstance(call, ast.Call)
    given = [ast.literal_eval(each) for each in call.args]
    named = {str(each.arg): ast.literal_eval(each.value) for each in call.keywords}
    return PARAMETERS[name](given, named)
