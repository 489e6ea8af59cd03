"""Whole models: copies, weights that are shared, examples, failures that leave no trace."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import tnc
from tests.compression.models import Net, Tied, Together, exact, net
from tnc.compression.expansion import dense_state
from tnc.compression.tensors import serialised

EXAMPLE = torch.randn(2, 3, 9, 9, generator=torch.Generator().manual_seed(1))
EXACT = {"family": "CP", "rank": 1}
"""What represents the layers of `Net` that are replaced."""


def compressed(model: nn.Module, **settings: object) -> nn.Module:
    made = tnc.compress(model, **{**EXACT, **settings}).model  # type: ignore[arg-type]
    assert made is not None
    return made


def bytes_of(model: nn.Module) -> bytes:
    return serialised(model.state_dict(), {})


def test_a_copy_computes_the_same_and_shares_nothing() -> None:
    model = net()
    before, layers = bytes_of(model), dict(model.named_modules())
    made = compressed(model)
    assert bytes_of(model) == before
    assert dict(model.named_modules()) == layers
    assert {id(each) for each in made.parameters()}.isdisjoint(map(id, model.parameters()))
    assert type(made) is Net
    for mode in (True, False):
        wanted, found = model.train(mode)(EXAMPLE), made.train(mode)(EXAMPLE)
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


def test_in_place_is_the_same_model() -> None:
    model = net()
    copied = compressed(model)
    made = compressed(model, inplace=True)
    assert made is model
    assert bytes_of(made) == bytes_of(copied)
    assert type(model.conv).__name__ == "CP_1"


def test_the_same_model_twice_gives_the_same_bytes() -> None:
    torch.manual_seed(5)
    first = compressed(net(), family="rTT", rank=2, seed=3)
    torch.manual_seed(6)  # what the user draws has no part in it
    second = compressed(net(), family="rTT", rank=2, seed=3)
    assert bytes_of(first) == bytes_of(second)


def test_the_users_random_numbers_go_on() -> None:
    model = net()
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    compressed(model, example=EXAMPLE)
    assert torch.equal(torch.rand(3), wanted)


def test_without_a_fit_layers_are_drawn_and_biases_kept() -> None:
    model = net()
    made = compressed(model, fit=False)
    assert torch.equal(made.point.b, model.point.bias)  # type: ignore[union-attr, arg-type]
    gap = (tnc.expand(made.point) - model.point.weight.flatten(1)).norm()  # type: ignore[arg-type]
    assert gap > 0.5 * model.point.weight.norm()


def test_a_dry_run_has_the_same_table_and_no_model() -> None:
    model = net()
    dry, wet = (tnc.compress(model, **EXACT, dry_run=dry) for dry in (True, False))  # type: ignore[arg-type]
    assert dry.model is None
    assert [row.parameters for row in dry.table.rows] == [row.parameters for row in wet.table.rows]
    assert [row.error for row in dry.table.replaced] == [None] * 3
    with pytest.raises(ValueError, match="after a dry run there is nothing to write"):
        dry.write("nowhere")


# ---------------------------------------------------------------- weights that are shared


@pytest.mark.parametrize("inplace", [True, False])
def test_shared_layers_and_weights_stay_shared(inplace: bool) -> None:
    torch.manual_seed(0)
    model = Tied()
    x = torch.randn(3, 8)
    wanted, count = model(x), sum(each.numel() for each in model.parameters())
    done = tnc.compress(model, family="SVD", rank=1, include="*", inplace=inplace)
    made = done.model
    assert isinstance(made, Tied)
    torch.testing.assert_close(made(x), wanted, rtol=1e-4, atol=1e-4)
    assert made.b is made.a
    assert made.c is made.a
    assert made.d is not made.a
    assert made.d.A is made.a.A
    assert made.d.B is made.a.B
    assert made.d.b is not made.a.b
    assert made.e.A is not made.a.A
    parameters = sum(each.numel() for each in made.parameters())
    assert parameters == done.table.parameters == count - 2 * (64 - 16)
    made(x).sum().backward()
    optimiser = torch.optim.SGD(made.parameters(), 0.1)
    optimiser.step()
    assert torch.equal(made.d.A, made.a.A)


def test_convolutions_that_share_a_weight_keep_their_strides() -> None:
    torch.manual_seed(0)
    model = nn.ModuleList([exact(nn.Conv1d(8, 8, 3)), nn.Conv1d(8, 8, 3, stride=2, bias=False)])
    model[1].weight = model[0].weight
    made = compressed(model, include="*")
    x = torch.randn(2, 8, 9)
    for number in (0, 1):
        torch.testing.assert_close(made[number](x), model[number](x), rtol=1e-4, atol=1e-5)  # type: ignore[index]
    assert made[1].A is made[0].A  # type: ignore[index]


@pytest.mark.parametrize("inplace", [True, False])
def test_a_bias_of_several_weights_stays_one(inplace: bool) -> None:
    torch.manual_seed(0)
    model, x = Together(), torch.randn(3, 8)
    wanted, bias = model(x), model.a.bias
    done = tnc.compress(model, family="SVD", rank=1, inplace=inplace)
    made = done.model
    assert isinstance(made, Together)
    assert type(made.head) is nn.Linear
    assert made.a.b is made.b.b is made.head.bias
    assert made.line.b is not made.a.b
    assert (made.head.bias is bias) == inplace
    torch.testing.assert_close(made(x), wanted, rtol=1e-4, atol=1e-4)
    assert sum(each.numel() for each in made.parameters()) == done.table.parameters


SPLIT = """tnn 1
layer Split(S: int, T: int, R: int, bias: bool) {
  mode s: S, t_1: 2, t_2: 4, r: R
  input x[..., s]
  weight A[s, r], B[r, t_1, t_2], b[t_1, t_2]
  output y[..., (t_1, t_2)] = x * A * B + b
}
"""


def test_a_bias_in_another_shape_is_not_shared(tmp_path: Path) -> None:
    (tmp_path / "mine.tnn").write_text(SPLIT)
    torch.manual_seed(0)
    model, x = Together(), torch.randn(3, 8)
    done = tnc.compress(model, family=f"{tmp_path / 'mine.tnn'}:Split", rank=1)
    reasons = {row.names[0]: row.reason for row in done.table.rows}
    assert reasons == {
        "a": "its bias is `b.bias` as well, which Split has in another shape",
        "b": "its bias is `a.bias` as well, which Split has in another shape",
        "line": "",
        "head": "the classifier",
    }
    made = done.model
    assert isinstance(made, Together)
    assert made.line.b.shape == (2, 4)
    torch.testing.assert_close(made(x), model(x), rtol=1e-4, atol=1e-4)
    found = dense_state(done.write(tmp_path / "small") / "checkpoint.safetensors")
    assert {name: each.shape for name, each in found.items()} == {
        name: each.shape for name, each in model.state_dict().items()
    }


def test_a_family_without_a_place_for_the_bias_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.tnn").write_text(SPLIT.replace(", b[t_1, t_2]", "").replace(" + b", ""))
    rows = tnc.compress(
        Together(), family=f"{tmp_path / 'mine.tnn'}:Split", rank=1, dry_run=True
    ).table.rows
    assert rows[2].reason == "Split adds no weight that could be its bias"


# ---------------------------------------------------------------- examples


def test_an_example_gives_the_sizes_of_costs() -> None:
    table = tnc.compress(net(), **EXACT, example=EXAMPLE, dry_run=True).table  # type: ignore[arg-type]
    rows = {row.names[0]: row for row in table.replaced}
    assert rows["conv"].dense_cost.macs == 2 * 5 * 5 * 8 * 12 * 9
    assert rows["point"].dense_cost.macs == 2 * 5 * 5 * 12 * 16
    assert rows["hidden"].dense_cost.macs == 2 * 16 * 24
    assert table.sizes == "for the example"


def test_layers_are_planned_for_the_example() -> None:
    done = tnc.compress(net(), **EXACT, example={"x": EXAMPLE})  # type: ignore[arg-type]
    assert "planned for h_1 = 9, h_2 = 9, n = 2" in done.source
    assert "planned for h_1 = 5, h_2 = 5, n = 2" in done.source


def test_an_example_leaves_statistics_and_flags_as_they_are() -> None:
    model = net()
    model.depthwise.eval()
    before, flags = bytes_of(model), [each.training for each in model.modules()]
    compressed(model, example=(EXAMPLE,))
    assert bytes_of(model) == before
    assert [each.training for each in model.modules()] == flags


def test_what_the_model_raises_for_the_example_is_told() -> None:
    with pytest.raises(ValueError, match=r"the model raises RuntimeError: .*models.py:\d+"):
        compressed(net(), example=EXAMPLE[:, :2])


# ---------------------------------------------------------------- failures


class Stubborn(Net):
    """Refuses to be copied, and notices when a layer of it is another."""

    def __deepcopy__(self, memo: object) -> Stubborn:
        raise TypeError("no copies")

    def forward(self, x: Tensor) -> Tensor:
        if not isinstance(self.point, nn.Conv2d):
            return super().forward(x)[:1]
        return super().forward(x)


def test_a_model_that_cannot_be_copied_is_told_how() -> None:
    with pytest.raises(ValueError, match=r"no copies.*inplace=True"):
        compressed(Stubborn())
    assert type(compressed(Stubborn(), inplace=True).point).__name__ == "CP_2"


def test_where_the_result_has_another_shape_nothing_is_changed() -> None:
    torch.manual_seed(0)
    model = Stubborn()
    before, layers = bytes_of(model), dict(model.named_modules())
    with pytest.raises(ValueError, match="the compressed model gives"):
        compressed(model, inplace=True, example=EXAMPLE)
    assert dict(model.named_modules()) == layers
    assert bytes_of(model) == before


def test_a_weight_that_is_not_finite_changes_nothing() -> None:
    model = net()
    with torch.no_grad():
        model.hidden.weight[0, 0] = torch.nan  # type: ignore[index, operator]
    layers = dict(model.named_modules())
    with pytest.raises(ValueError, match=r"`hidden`.*not finite"):
        compressed(model, inplace=True)
    assert dict(model.named_modules()) == layers


def test_a_family_that_is_not_linear_changes_nothing() -> None:
    model = net()
    layers = dict(model.named_modules())
    with pytest.raises(tnc.CompileError, match="E0503"):
        compressed(model, family="Bottleneck", inplace=True)
    assert dict(model.named_modules()) == layers


def test_a_compressed_model_is_copied_and_compressed_no_further() -> None:
    made = compressed(net())
    again = copy.deepcopy(made)
    torch.testing.assert_close(again.eval()(EXAMPLE), made.eval()(EXAMPLE))
    rows = tnc.compress(again, **EXACT, dry_run=True).table.rows  # type: ignore[arg-type]
    assert not any(row.family for row in rows)


class Unshaped(nn.Module):
    """Uses the weight of a layer itself."""

    def __init__(self) -> None:
        super().__init__()
        self.line = nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.line.weight.T


def test_a_block_under_two_names_is_put_back_as_a_whole() -> None:
    block = Unshaped()
    model, line = nn.Sequential(block, block), block.line
    with pytest.raises(ValueError, match="the model raises AttributeError"):
        tnc.compress(
            model, family="SVD", rank=1, include="*", inplace=True, example=torch.ones(2, 8)
        )
    assert block.line is line


def test_a_model_without_values_cannot_be_fitted() -> None:
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(8, 8))
    with pytest.raises(ValueError, match="`0` has no values: it is on the device `meta`"):
        compressed(model, family="SVD", include="*")
    made = compressed(model, family="SVD", include="*", fit=False)
    assert all(each.is_meta for each in made.parameters())
