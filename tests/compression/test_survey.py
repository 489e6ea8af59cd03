"""Which layers are replaced, and why others are not."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import tnc
from tests.compression.models import Conv1D, Net, net


def reasons(model: nn.Module, **settings: object) -> dict[str, str]:
    """Why layers are left alone, "" for those that are not."""
    given = {"family": "CP", "rank": 1, "dry_run": True, **settings}
    rows = tnc.compress(model, **given).table.rows  # type: ignore[arg-type]
    return {name: row.reason for row in rows for name in row.names}


def test_depthwise_first_convolution_and_classifier_are_left_alone() -> None:
    assert reasons(net()) == {
        "stem": "the first convolution",
        "conv": "",
        "depthwise": "depthwise",
        "point": "",
        "hidden": "",
        "head": "the classifier",
    }


def test_a_dense_layer_before_a_convolution_is_no_classifier() -> None:
    model = nn.Sequential(nn.Linear(8, 8), nn.Unflatten(1, (8, 1)), nn.Conv1d(8, 8, 1))
    assert reasons(model) == {"0": "", "2": "the first convolution"}


def test_globs_include_and_exclude() -> None:
    assert reasons(net(), include=["con*", "head"]) == {
        "stem": "not included",
        "conv": "",
        "depthwise": "not included",
        "point": "not included",
        "hidden": "not included",
        "head": "",
    }
    found = reasons(net(), exclude="p*")
    assert found["point"] == "excluded by `p*`"
    assert found["conv"] == ""
    assert found["stem"] == "the first convolution"


def test_a_glob_that_names_no_layer_is_refused() -> None:
    with pytest.raises(ValueError, match=r"`hiden` names no layer.*did you mean `hidden`"):
        reasons(net(), exclude="hiden")
    with pytest.raises(ValueError, match="the model has neither"):
        reasons(nn.Sequential(nn.ReLU()), include="a")


class Mine(nn.Linear):
    """Does more than its parent."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).relu()


def others() -> dict[str, tuple[nn.Module, str]]:
    hooked = nn.Linear(8, 8)
    hooked.register_forward_hook(lambda *_: None)
    pre = nn.Linear(8, 8)
    pre.register_full_backward_pre_hook(lambda *_: None)
    masked = nn.Linear(8, 8)
    masked.weight.register_hook(lambda gradient: 0 * gradient)
    patched = nn.Linear(8, 8)
    patched.forward = lambda x: x  # type: ignore[method-assign]
    scaled = nn.Linear(8, 8)
    scaled.scale = nn.Parameter(torch.ones(8))
    parametrized = nn.utils.parametrizations.weight_norm(nn.Linear(8, 8))
    return {
        "transposed": (
            nn.ConvTranspose1d(8, 8, 1),
            "a transposed convolution: write its layer in .tnn, and fit it by tnc.fit",
        ),
        "subclass": (Mine(8, 8), "Mine may do more than the layer that it extends"),
        "hooked": (hooked, "it has hooks"),
        "hooked backwards": (pre, "it has hooks"),
        "hooked weight": (masked, "its weight has hooks"),
        "patched": (patched, "its `forward` was replaced"),
        "more": (scaled, "it has `scale` besides"),
        "parametrized": (parametrized, "may do more"),
        "lazy": (nn.LazyLinear(8), "its sizes are not known before the first call"),
        "complex": (nn.Linear(8, 8, dtype=torch.complex64), "its weight is of torch.complex64"),
        "circular": (
            nn.Conv1d(8, 8, 3, padding=2, padding_mode="circular"),
            "circular padding with a stride, or that changes the size of the signal: let nn.Circ",
        ),
        "circular 3d": (
            nn.Conv3d(8, 8, 3, padding=1, stride=2, padding_mode="circular"),
            "let nn.CircularPad3d stand before it, and give it `padding=0`",
        ),
        "small": (nn.Linear(2, 1), "3 parameters, 2 dense"),
    }


@pytest.mark.parametrize("name", others())
def test_what_cannot_be_replaced_says_why(name: str) -> None:
    layer, why = others()[name]
    model = nn.ModuleDict({"first": nn.Linear(8, 8), name: layer, "last": nn.Linear(8, 8)})
    family = {"Linear": "SVD", "Conv": "CP"}
    assert why in reasons(model, family=family, include="*")[name]


def test_layers_whose_weights_torch_reads_itself_are_left_alone() -> None:
    block = nn.TransformerEncoderLayer(8, 2, 16)
    found = reasons(nn.ModuleDict({"block": block, "more": nn.Linear(8, 8)}), include="*")
    assert "reads the weights of its layers itself" in found["block.linear1"]
    assert "block.self_attn.out_proj" in found
    assert found["more"] == ""
    attention = nn.ModuleDict({"a": nn.MultiheadAttention(8, 2), "b": nn.Linear(8, 8)})
    assert reasons(attention, include="*")["a.out_proj"] != ""


def test_a_weight_that_is_an_embedding_as_well_is_left_alone() -> None:
    model = nn.ModuleDict({"table": nn.Embedding(8, 6), "head": nn.Linear(6, 8)})
    model["head"].weight = model["table"].weight
    assert reasons(model, include="*") == {"head": "its weight is `table.weight` as well"}


def test_a_weight_that_is_an_excluded_layers_as_well_is_left_alone() -> None:
    model = nn.ModuleDict({"a": nn.Linear(8, 8), "b": nn.Linear(8, 8)})
    model["b"].weight = model["a"].weight
    found = reasons(model, include="*", exclude="b")
    assert found == {"a": "its weight is `b.weight` as well", "b": "excluded by `b`"}


def test_families_by_kind() -> None:
    model = nn.ModuleDict(
        {"conv": nn.Conv2d(8, 8, 3), "line": nn.Linear(8, 8), "gpt": Conv1D(8, 8)}
    )
    assert reasons(model, family={"Conv": "TT"}, include="*") == {
        "conv": "",
        "line": "no family for layers of this kind",
        "gpt": "no family for layers of this kind",
    }
    assert reasons(model, family="TT", include="*") == {
        "conv": "",
        "line": "std.dense has no TT",
        "gpt": "std.dense has no TT",
    }
    assert reasons(model, family="std.dense.SVD", include="*") == {
        "conv": "std.dense.SVD is for other kinds of layers",
        "line": "",
        "gpt": "",
    }
    both = {"Conv2d": "CP", "Linear": "SVD", "Conv1D": "rTT"}
    rows = tnc.compress(model, family=both, rank=1, include="*", dry_run=True).table.rows
    assert [row.family for row in rows] == ["CP", "SVD", "rTT"]


@pytest.mark.parametrize(
    ("family", "why"),
    [
        ("rcp", "did you mean `rCP`"),
        ("std.convolution.rC", "did you mean `rCP`"),
        ({"Linera": "CP"}, "did you mean `Linear`"),
        ("", "names no family"),
        ("rCP(3)", "are written `name: value`"),
        ("mine.CP", "neither a `.tnn` file nor a module"),
    ],
)
def test_a_family_that_is_none_is_refused(family: object, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        reasons(net(), family=family)


def test_an_unknown_parameter_of_a_family_is_told_for_the_layer() -> None:
    assert "has no parameter `q`" in reasons(net(), family="rCP(q: 3)")["conv"]


def test_a_layer_of_a_library_is_a_family() -> None:
    conv = tnc.load("std.convolution").rCP.given(d=3)
    rows = tnc.compress(net(), family=conv, ratio=0.5, dry_run=True).table.rows
    assert {row.family for row in rows} == {"", "rCP(d: 3)"}
    assert isinstance(net(), Net)
