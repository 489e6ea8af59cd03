"""Whether the gradients of a generated module agree with differences."""

from __future__ import annotations

from typing import Any

import torch
from torch.func import functional_call

from tnc.emit.load import load_module

SEED = 0


def gradcheck(text: str, layer: str, shapes: tuple[tuple[int, ...], ...]) -> str:
    """What `torch.autograd.gradcheck` has to say of a new instance in float64, with respect to
    inputs of these shapes and all parameters; "" where it agrees.

    All numbers are drawn from a fixed seed; dropout is off and norms use their running means, as
    the module evaluates.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        module = getattr(load_module(text), layer)(dtype=torch.float64).double().eval()
        inputs = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]
        weights = dict(module.named_parameters())

        def forward(*tensors: torch.Tensor) -> Any:
            given = dict(zip(weights, tensors[len(inputs) :], strict=True))
            return functional_call(module, given, tensors[: len(inputs)])

        try:
            torch.autograd.gradcheck(forward, (*inputs, *weights.values()))
        except RuntimeError as error:
            return f"gradcheck: {str(error).strip().splitlines()[0]}"
    return ""
