"""The transformer block of `std.nets` against PyTorch's own."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import tnc
from tests.oracle import close, leaf
from tests.std import reference
from tests.std.built import network, parameters
from tnc import CompileError

WIDTH, HEADS, HIDDEN = 12, 3, 20


def block(dtype: torch.dtype = torch.float64, **settings: Any) -> nn.Module:
    given = {"E": WIDTH, "heads": HEADS, "hidden": HIDDEN, **settings}
    return network("TransformerBlock", dtype, **given)


def paired(pre: bool, causal: bool) -> tuple[nn.Module, nn.Module]:
    """Ours and the reference by hand, with the same weights."""
    torch.manual_seed(0)
    ours = block(pre=pre, causal=causal, drop=0.0)
    made = reference.TransformerBlock(WIDTH, HEADS, HIDDEN, pre=pre, causal=causal)
    theirs = reference.stirred(made.double())
    reference.share(ours, theirs)
    return ours, theirs


each_kind = pytest.mark.parametrize(
    ("pre", "causal"), [(True, False), (False, False), (True, True)], ids=["pre", "post", "causal"]
)


@each_kind
def test_the_block_is_the_reference(pre: bool, causal: bool) -> None:
    """Outputs and gradients, for two lengths."""
    ours, theirs = paired(pre, causal)
    for length in (5, 1):
        x = torch.randn(2, length, WIDTH, dtype=torch.float64)
        z = x.clone()
        for module, given in ((ours, leaf(x)), (theirs, leaf(z))):
            module.zero_grad()
            module(given).square().sum().backward()
        close(ours(x), theirs(z), "output")
        found = reference.gradients(ours)
        for name, parameter in theirs.named_parameters():
            assert parameter.grad is not None
            close(found.pop(name), parameter.grad, f"gradient of {name}")
        assert not found


@each_kind
def test_the_block_is_pytorchs(pre: bool, causal: bool) -> None:
    """nn.TransformerEncoderLayer with the same weights gives the same, in eval mode."""
    ours = reference.stirred(block(pre=pre, causal=causal)).eval()
    theirs = nn.TransformerEncoderLayer(
        WIDTH, HEADS, HIDDEN, activation="gelu", batch_first=True, norm_first=pre
    )
    theirs = theirs.double().eval()
    theirs.load_state_dict(_as_pytorch(ours.state_dict()))
    x = torch.randn(2, 5, WIDTH, dtype=torch.float64)
    mask = nn.Transformer.generate_square_subsequent_mask(5, dtype=x.dtype) if causal else None
    close(ours(x), theirs(x, mask, is_causal=causal), "output")


def _as_pytorch(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Our weights under the names of nn.TransformerEncoderLayer."""
    made = {name: each for name, each in state.items() if name.startswith("norm")}
    inner = [state[f"attention.{name}.W"].T for name in ("query", "key", "value")]
    made["self_attn.in_proj_weight"] = torch.cat(inner)
    inner = [state[f"attention.{name}.b"] for name in ("query", "key", "value")]
    made["self_attn.in_proj_bias"] = torch.cat(inner)
    pairs = {"self_attn.out_proj": "attention.out", "linear1": "fc1", "linear2": "fc2"}
    for theirs, ours in pairs.items():
        made[f"{theirs}.weight"] = state[f"{ours}.W"].T
        made[f"{theirs}.bias"] = state[f"{ours}.b"]
    return made


def test_later_positions_are_not_seen() -> None:
    layer = block(causal=True).eval()
    x = torch.randn(1, 6, WIDTH, dtype=torch.float64)
    z = x.clone()
    z[:, 4:] += 1
    close(layer(x)[:, :4], layer(z)[:, :4], "what is before")
    assert not torch.allclose(layer(x)[:, 4:], layer(z)[:, 4:])


def test_dropout_acts_in_training_only() -> None:
    layer = block(drop=0.5)
    x = torch.randn(2, 5, WIDTH, dtype=torch.float64)
    assert not torch.equal(layer(x), layer(x))
    layer.eval()
    assert torch.equal(layer(x), layer(x))


def test_names() -> None:
    dense = [f"attention.{name}" for name in ("query", "key", "value", "out")]
    keys = [f"{each}.{name}" for each in [*dense, "fc1", "fc2"] for name in ("W", "b")]
    keys += [f"norm{k}.{name}" for k in (1, 2) for name in ("weight", "bias")]
    assert sorted(block().state_dict()) == sorted(keys)


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(CompileError, match="E must be a multiple of heads"):
        block(heads=5)


LOW_RANK = """tnn 1
from std.nets import TransformerBlock

layer LowRank(S: int, T: int, R: int = 2, bias: bool = true) {
  mode s: S, t: T, r: R
  input x[..., s]
  weight A[s, r], B[r, t], b[t]
  output y[..., t] = if bias then x * A * B + b else x * A * B
}

layer Net(E: int = 16) {
  mode n, t, e: E
  input x[n, t, e]
  output y = x |> repeat (2) TransformerBlock(E, heads: 4, Dense: LowRank(R: 3))
}
"""


def test_factored_projections() -> None:
    """Every dense layer of a stack of blocks is of rank 3, and learns."""
    torch.manual_seed(0)
    net = tnc.compile(source=LOW_RANK, layer="Net").module.Net(dtype=torch.float64)
    projections = 4 * (3 * 32 + 16)
    assert parameters(net) == 2 * (projections + 2 * 3 * 80 + 64 + 16 + 4 * 16)
    net(torch.randn(2, 5, 16, dtype=torch.float64)).square().sum().backward()
    assert all(each.grad is not None for each in net.parameters())
