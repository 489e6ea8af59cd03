"""What is known of PyTorch's own modules without importing it, against them."""

from __future__ import annotations

import ast

import pytest
import torch

from tnc.plan.foreign import PARAMETERS, foreign_parameters

CALLS = [
    "BatchNorm1d(5)", "BatchNorm2d(7, eps=1e-05)", "BatchNorm3d(num_features=3, affine=False)",
    "InstanceNorm2d(4)", "InstanceNorm1d(4, affine=True)", "InstanceNorm3d(2, affine=True)",
    "GroupNorm(2, 6)", "GroupNorm(num_groups=2, num_channels=6, affine=False)",
    "LayerNorm(5)", "LayerNorm([3, 4], bias=False)", "LayerNorm(5, elementwise_affine=False)",
    "RMSNorm(6)", "Embedding(9, 4)", "Embedding(num_embeddings=3, embedding_dim=2)",
    "Linear(3, 5)", "Linear(3, 5, False)", "Linear(in_features=3, out_features=5, bias=False)",
    "Conv1d(4, 6, 3)", "Conv2d(4, 6, (3, 5), groups=2)", "Conv3d(2, 3, 3, 1, 0, 1, 1, False)",
    "PReLU()", "PReLU(4)", "PReLU(init=0.1)", "Identity()",
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_parameters(call: str) -> None:
    name = call.partition("(")[0]
    node = ast.parse(call, mode="eval").body
    assert isinstance(node, ast.Call)
    given = [ast.literal_eval(each) for each in node.args]
    named = {str(each.arg): ast.literal_eval(each.value) for each in node.keywords}
    texts = [repr(each) for each in given] + [f"{key}={value!r}" for key, value in named.items()]
    module = getattr(torch.nn, name)(*given, **named)
    count = sum(parameter.numel() for parameter in module.parameters())
    assert foreign_parameters(f"torch.nn.{name}", texts) == count


def test_every_entry_is_tested() -> None:
    assert {call.partition("(")[0] for call in CALLS} - {"Identity"} == set(PARAMETERS)
