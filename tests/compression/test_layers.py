"""What takes the place of a dense layer computes what that computed, and is otherwise like it."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

import tnc
from tests.compression.models import Conv1D, exact

CONVOLUTIONS = {
    "stride": lambda: nn.Conv2d(8, 12, 3, stride=2, padding=1, bias=False),
    "taps": lambda: nn.Conv2d(8, 12, (1, 5), padding=(0, 2)),
    "sizes": lambda: nn.Conv2d(8, 12, (3, 5), stride=(2, 1), padding=(2, 0), dilation=(1, 2)),
    "reflect": lambda: nn.Conv2d(8, 12, 3, padding=1, padding_mode="reflect"),
    "replicate": lambda: nn.Conv2d(8, 12, 3, padding=2, padding_mode="replicate", stride=2),
    "circular": lambda: nn.Conv2d(8, 12, 3, padding=1, padding_mode="circular"),
    "circular, dilated": lambda: nn.Conv1d(
        8, 12, 3, padding=2, dilation=2, padding_mode="circular"
    ),
    "same": lambda: nn.Conv2d(8, 12, (4, 3), padding="same", dilation=(1, 2)),
    "same, reflected": lambda: nn.Conv1d(8, 12, 5, padding="same", padding_mode="reflect"),
    "valid": lambda: nn.Conv2d(8, 12, 3, padding="valid"),
    "groups": lambda: nn.Conv2d(8, 12, 3, padding=1, groups=4),
    "1d": lambda: nn.Conv1d(8, 12, 5, padding=3, stride=2, groups=2),
    "3d": lambda: nn.Conv3d(8, 12, (3, 2, 3), padding=(1, 0, 2), stride=2),
    "1×1": lambda: nn.Conv2d(8, 12, 1, stride=2, padding=1),
}
SIGNAL = {3: (11,), 4: (9, 11), 5: (7, 6, 8)}
FAMILIES = ["SVD", "CP", "CP4", "TK", "TT", "rCP", "rTK", "rTT", "BT(blocks: 1)", "HT", "rHT"]


def replaced(layer: nn.Module, family: str, **settings: object) -> nn.Module:
    given = {"rank": 1, **settings}
    model = tnc.compress(nn.Sequential(layer), family=family, include="*", **given).model  # type: ignore[arg-type]
    assert model is not None
    (found,) = model
    assert type(found) is not type(layer)
    return found


def near(found: Tensor, wanted: Tensor) -> None:
    assert found.shape == wanted.shape
    assert found.dtype == wanted.dtype
    torch.testing.assert_close(found, wanted, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolutions_keep_all_that_they_do(name: str) -> None:
    torch.manual_seed(0)
    layer = exact(CONVOLUTIONS[name]().double())
    x = torch.randn(2, 8, *SIGNAL[layer.weight.ndim], dtype=torch.float64)  # type: ignore[union-attr, operator]
    near(replaced(layer, "CP")(x), layer(x))


def test_what_the_table_advises_for_circular_padding_does_the_same() -> None:
    torch.manual_seed(0)
    layer = exact(nn.Conv2d(8, 12, 3, stride=2, padding=1, padding_mode="circular").double())
    model = nn.Sequential(nn.CircularPad2d(1), nn.Conv2d(8, 12, 3, stride=2).double())
    model[1].load_state_dict(layer.state_dict())
    made = tnc.compress(model, family="CP", rank=1, include="*")
    assert made.model is not None
    assert len(made.table.replaced) == 1
    x = torch.randn(2, 8, 9, 11, dtype=torch.float64)
    near(made.model(x), layer(x))


def test_what_the_table_advises_for_transposed_convolutions_does_the_same() -> None:
    text = """tnn 1
    layer Up(S: int, T: int, R: int) {
      mode n, s: S, t: T, r: R, h, g: 2 * size(h), i: 4
      conv(stride: 2, pad: 1) h = g * i
      input x[n, s, h]
      weight A[s, i, r], B[r, t]
      output y[n, t, g] = x * A * B
    }
    """
    dense = nn.ConvTranspose1d(4, 6, 4, stride=2, padding=1, bias=False).double()
    layer = tnc.load(source=text).Up(S=4, T=6, R=6, dtype=torch.float64)
    tnc.fit(layer, dense.weight.transpose(0, 1))
    x = torch.randn(2, 4, 5, dtype=torch.float64)
    near(layer(x), dense(x))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_borders_and_sizes_by_dimension(family: str) -> None:
    torch.manual_seed(0)
    layer = nn.Conv2d(
        8, 12, (5, 3), stride=(1, 2), padding=(2, 1), dilation=(1, 2), padding_mode="reflect"
    )
    x = torch.randn(2, 8, 9, 11, dtype=torch.float64)
    near(replaced(exact(layer.double()), family)(x), layer(x))


@pytest.mark.parametrize("family", ["SVD", "TK", "rCP", "rTK", "rTT", "rBT(blocks: 1)", "HT"])
@pytest.mark.parametrize("kind", [nn.Linear, Conv1D])
def test_dense_layers_take_any_leading_axes(family: str, kind: type[nn.Module]) -> None:
    torch.manual_seed(0)
    sizes = (16, 24) if kind is nn.Linear else (24, 16)
    layer = exact(kind(*sizes).double())
    x = torch.randn(2, 3, 16, dtype=torch.float64)
    near(replaced(layer, family)(x), layer(x))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_type_flags_and_sizes_are_kept(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    layer = exact(nn.Conv2d(8, 12, 3, padding=1).to(dtype)).eval()
    layer.weight.requires_grad_(False)  # type: ignore[union-attr]
    found = replaced(layer, "TT")
    bias = {name: each for name, each in found.named_parameters() if each.requires_grad}
    assert [each.shape for each in bias.values()] == [(12,)]
    assert {each.dtype for each in found.parameters()} == {dtype}
    assert not found.training
    assert (found.in_channels, found.kernel_size, found.padding) == (8, (3, 3), (1, 1))
    kernel = tnc.expand(copy.deepcopy(found).double())
    exactness = max(4 * torch.finfo(dtype).eps, 1e-14)
    torch.testing.assert_close(
        kernel,
        layer.weight.double(),
        rtol=exactness,
        atol=exactness,
        check_dtype=False,  # type: ignore[operator]
    )


def test_the_report_tells_how_near_the_kernel_is() -> None:
    torch.manual_seed(0)
    layer = nn.Linear(32, 48)
    settings = {"iterations": 300, "tolerance": 1e-9}
    made = tnc.compress(nn.Sequential(layer), family="SVD", ratio=0.2, include="*", **settings)  # type: ignore[arg-type]
    assert made.model is not None
    left = torch.linalg.svdvals(layer.weight.detach().double())[made.table.rows[0].ranks["r"] :]
    best = float(left.norm() / layer.weight.detach().double().norm())
    (row,) = made.table.rows
    assert row.error == pytest.approx(best, rel=1e-3)
    assert made.reports["0"].error == row.error
    gap = (tnc.expand(made.model[0]) - layer.weight).norm() / layer.weight.norm()
    assert gap.item() == pytest.approx(best, rel=1e-3)
