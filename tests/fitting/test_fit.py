"""`tnc.fit` as users call it: what it sets, what it leaves alone, what it refuses."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import tnc
from tests.fitting.families import CASES, Case, library

CONVOLUTION, DENSE = library("std.convolution"), library("std.dense")


def refused(body: str) -> str:
    """What is said when a layer with this text is expanded."""
    layer = tnc.load(source=f"tnn 1\nlayer L {{\n  mode n, s: 4, t: 4, r: 2\n{body}\n}}\n").L()
    with pytest.raises(tnc.CompileError) as error:
        tnc.expand(layer)
    (said,) = error.value.diagnostics
    assert said.code == "E0503"
    return said.message


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("stride", [1, 2])
def test_a_fitted_layer_is_the_dense_one_where_its_rank_is_full(stride: int, groups: int) -> None:
    dense = nn.Conv2d(6, 4, 3, stride=stride, padding=1, groups=groups)
    layer = CONVOLUTION.SVD(S=6, T=4, stride=stride, groups=groups, bias=True, R=12)
    report = tnc.fit(layer, dense)
    x = torch.randn(2, 6, 9, 7)
    assert report.error < 1e-9
    assert report.bias == "copied"
    torch.testing.assert_close(layer(x), dense(x))
    torch.testing.assert_close(tnc.expand(layer), dense.weight)


def test_linear_layers_and_those_of_transformers_are_targets() -> None:
    class Conv1D(nn.Module):  # as transformers has it: the weight is [s, t]
        def __init__(self) -> None:
            super().__init__()
            self.weight, self.bias = nn.Parameter(torch.randn(6, 4)), nn.Parameter(torch.randn(4))

        def forward(self, x: Tensor) -> Tensor:
            return x @ self.weight + self.bias

    x = torch.randn(5, 6)
    for dense in (nn.Linear(6, 4), Conv1D()):
        layer = DENSE.SVD(S=6, T=4, R=4)
        tnc.fit(layer, dense)
        torch.testing.assert_close(layer(x), dense(x))


def test_a_layer_is_a_target_of_another() -> None:
    dense, layer = (CONVOLUTION[f](S=6, T=4, R=r, bias=True) for f, r in (("CP", 2), ("TT", 6)))
    nn.init.normal_(dense.b)
    assert tnc.fit(layer, dense).error < 1e-6
    torch.testing.assert_close(layer.b, dense.b)


def test_the_modes_of_merged_axes_may_be_axes_of_the_target() -> None:
    target = torch.randn(2, 3, 4, 2, 3, 3)
    one, two = (CONVOLUTION.rCP(S=8, T=6, Ss=[4, 2], Ts=[2, 3], R=2) for _ in range(2))
    first = tnc.fit(one, target)
    assert first.errors == tnc.fit(two, target.reshape(6, 8, 3, 3)).errors


def test_what_becomes_of_the_bias() -> None:
    kernel, layer = torch.randn(4, 6), DENSE.SVD(S=6, T=4, R=2)
    nn.init.ones_(layer.b)
    assert tnc.fit(layer, kernel).bias == "kept"
    assert (layer.b == 1).all()
    assert tnc.fit(layer, nn.Linear(6, 4, bias=False)).bias == "zeroed"
    assert (layer.b == 0).all()
    layer.b.requires_grad_(False)
    assert tnc.fit(layer, nn.Linear(6, 4)).bias == "kept"
    assert (layer.b == 0).all()
    bare = DENSE.SVD(S=6, T=4, R=2, bias=False)
    assert tnc.fit(bare, kernel).bias == "none"
    with pytest.raises(ValueError, match="the target has a bias, SVD has none"):
        tnc.fit(bare, nn.Linear(6, 4))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_weights_keep_their_type_and_their_identity(dtype: torch.dtype) -> None:
    layer = CONVOLUTION.CP(S=6, T=4, R=2, dtype=dtype)
    before = dict(layer.named_parameters())
    tnc.fit(layer, torch.randn(4, 6, 3, 3, dtype=dtype))
    after = dict(layer.named_parameters())
    assert all(after[name] is each and each.dtype == dtype for name, each in before.items())
    assert all(each.requires_grad and each.grad is None for each in after.values())


def test_frozen_weights_are_held_and_the_others_are_least_squares() -> None:
    """The kernel is (A B)ᵀ: beside A the best B is A⁺ Kᵀ, beside B the best A is Kᵀ B⁺."""
    target = torch.randn(4, 6, dtype=torch.float64)
    for held in "AB":
        layer = DENSE.SVD(S=6, T=4, R=2, dtype=torch.float64)
        getattr(layer, held).requires_grad_(False)
        layer.b.requires_grad_(False)
        A, B, b = layer.A.clone(), layer.B.clone(), layer.b.clone()
        report = tnc.fit(layer, target, restarts=3)
        assert torch.equal(getattr(layer, held), {"A": A, "B": B}[held])
        assert torch.equal(layer.b, b)
        if held == "A":
            torch.testing.assert_close(layer.B, torch.linalg.pinv(A) @ target.T)
        else:
            torch.testing.assert_close(layer.A, target.T @ torch.linalg.pinv(B))
        assert (report.bias, report.notes) == ("kept", (f"`{held}` frozen, hence held",))
        assert not getattr(layer, held).requires_grad


@pytest.mark.parametrize("polish", [False, True])
def test_factors_of_a_convolution_can_be_frozen(polish: bool) -> None:
    layer = CONVOLUTION.rTT(S=8, T=6, R=3, dtype=torch.float64)
    first, *_ = layer.parameters()
    first.requires_grad_(False)
    before = first.clone()
    report = tnc.fit(layer, torch.randn(6, 8, 3, 3), iterations=8, polish=polish)
    assert torch.equal(first, before)
    assert all(b <= a + 1e-12 for a, b in zip(report.errors[1:], report.errors[2:], strict=False))
    assert report.errors[-1] < report.errors[0]


def test_a_layer_that_is_frozen_is_refused() -> None:
    layer = DENSE.SVD(S=6, T=4, R=2)
    layer.requires_grad_(False)
    layer.b.requires_grad_()
    before = copy.deepcopy(layer.state_dict())
    with pytest.raises(ValueError, match=r"every factor of SVD is frozen: `requires_grad_\(\)`"):
        tnc.fit(layer, nn.Linear(6, 4))
    assert all(torch.equal(before[name], each) for name, each in layer.state_dict().items())


def test_equal_seeds_give_equal_bytes() -> None:
    target = torch.randn(4, 6, 3, 3)
    layers = [CONVOLUTION.CP(S=6, T=4, R=8) for _ in range(3)]
    for layer, seed in zip(layers, (1, 1, 2), strict=True):
        tnc.fit(layer, target, seed=seed, start="random", iterations=5)
    assert torch.equal(layers[0].A, layers[1].A)
    assert not torch.equal(layers[0].A, layers[2].A)


def test_the_report_says_what_happened() -> None:
    told: list[tuple[int, float]] = []
    layer = CONVOLUTION.CP(S=6, T=4, R=2)
    report = tnc.fit(
        layer,
        torch.randn(4, 6, 3, 3),
        iterations=4,
        tolerance=0,
        restarts=2,
        progress=lambda number, error: told.append((number, error)),
    )
    assert [number for number, _ in told] == [1, 2, 3, 4] * 2
    assert [told[3][1], told[7][1]] == list(report.restarts)
    assert report.error == min(report.restarts) == report.errors[-1]
    assert (report.iterations, len(report.errors), report.converged) == (4, 5, False)
    assert str(report).startswith(f"relative error {report.error:.3g}, stopped after 4 sweeps")


def test_layers_inside_copies_and_what_was_pickled_are_known() -> None:
    net = tnc.load("std.nets").LeNet5(Conv=CONVOLUTION.CP.given(R=4))
    inner = next(each for each in net.children() if type(each).__name__ == "CP")
    for layer in (inner, copy.deepcopy(inner), pickle.loads(pickle.dumps(inner))):
        kernel = tnc.expand(layer).detach()
        assert tnc.fit(layer, torch.randn_like(kernel), iterations=2).error < 1


def test_a_kernel_can_be_differentiated() -> None:
    layer = CONVOLUTION.TT(S=6, T=4, R=2)
    tnc.expand(layer).square().sum().backward()
    assert all(each.grad is not None for each in layer.parameters())


@pytest.mark.parametrize("name", ["CP", "TK", "TT", "TR"])
@pytest.mark.parametrize("size", [0.0, 1e-30])
def test_kernels_without_size_leave_finite_weights(name: str, size: float) -> None:
    layer = CONVOLUTION[name](S=6, T=4, R=5, dtype=torch.float64)
    report = tnc.fit(layer, size * torch.eye(24).reshape(4, 6, 24)[:, :, :9].reshape(4, 6, 3, 3))
    assert report.error < 0.99
    assert all(each.isfinite().all() for each in layer.parameters())


# ---------------------------------------------------------------- what is refused
def test_layers_that_are_no_kernel_are_refused_with_the_place() -> None:
    weights = "  input x[n, s]\n  weight A[s, r], B[r, t]\n"
    assert "`relu` is not linear" in refused(
        weights + "  let z[n, r] = x * A\n  output y[n, t] = relu(z) * B"
    )
    assert "the weight `A` is multiplied by itself" in refused(
        "  input x[n, s]\n  weight A[s, r]\n  output y[n, t] = x * A * A[t, r]"
    )
    assert "the input `x` is multiplied by itself" in refused(
        "  input x[n, s]\n  weight A[s, t]\n  output y[n, t] = x * x * A"
    )
    assert "2 inputs" in refused(
        "  input x[n, s], z[n, t]\n  weight A[s, t]\n  output y[n, t] = x * A + z"
    )
    assert "`s` is summed in one term and kept in another" in refused(
        "  input x[n, s]\n  weight A[s, r], B[r, t]\n  output y[n, t] = x * A * B + x[n, t]"
    )


def test_targets_that_do_not_fit_are_refused_and_change_nothing() -> None:
    layer = CONVOLUTION.CP(S=6, T=4, R=2)
    before = copy.deepcopy(layer.state_dict())
    with pytest.raises(ValueError, match=r"\(4, 5, 3, 3\), the kernel of CP is \(4, 6, 3, 3\)"):
        tnc.fit(layer, torch.randn(4, 5, 3, 3))
    with pytest.raises(ValueError, match="not finite"):
        tnc.fit(layer, torch.full((4, 6, 3, 3), torch.nan))
    with pytest.raises(ValueError, match="not of real numbers"):
        tnc.fit(layer, torch.randn(4, 6, 3, 3, dtype=torch.complex64))
    with pytest.raises(TypeError, match="ReLU was not made by tnc"):
        tnc.fit(layer, nn.ReLU())
    with pytest.raises(TypeError, match="Conv2d was not made by tnc"):
        tnc.fit(nn.Conv2d(6, 4, 3), layer)
    with pytest.raises(KeyboardInterrupt):
        tnc.fit(layer, torch.randn(4, 6, 3, 3), progress=interrupted)
    assert all(torch.equal(before[name], each) for name, each in layer.state_dict().items())


def test_a_convolution_that_slides_otherwise_is_no_target() -> None:
    layer = CONVOLUTION.CP(S=6, T=4, R=2)
    with pytest.raises(ValueError, match="stride of the target is 2 in dimension 1, that of CP 1"):
        tnc.fit(layer, nn.Conv2d(6, 4, 3, stride=(1, 2), padding=1))
    with pytest.raises(ValueError, match="the padding of the target is 0"):
        tnc.fit(layer, nn.Conv2d(6, 4, 3))
    with pytest.raises(ValueError, match="the dilation of the target is 2"):
        tnc.fit(layer, nn.Conv2d(6, 4, 3, padding=1, dilation=2))
    with pytest.raises(ValueError, match="the padding mode of the target is reflect"):
        tnc.fit(layer, nn.Conv2d(6, 4, 3, padding="same", padding_mode="reflect"))


def interrupted(number: int, error: float) -> None:
    raise KeyboardInterrupt


# ---------------------------------------------------------------- memory
class Sizes(TorchDispatchMode):
    """The number of elements of every tensor that is made."""

    def __init__(self) -> None:
        super().__init__()
        self.largest = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        made = function(*args, **(kwargs or {}))
        tensors = [each for each in tree_leaves(made) if isinstance(each, Tensor)]
        self.largest = max([self.largest, *(each.numel() for each in tensors)])
        return made


FAMILIES = ("SVD", "CP", "CP4", "TK", "TT", "TR", "rCP", "rTK", "rTT", "rTR", "BT", "HT")


@pytest.mark.parametrize("name", FAMILIES)
def test_nothing_is_much_larger_than_target_and_factors(name: str) -> None:
    layer = CONVOLUTION[name](S=24, T=16, ratio=0.2)
    target = torch.randn(16, 24, 3, 3)
    tnc.fit(layer, target, iterations=1)  # compiled
    with Sizes() as sizes:
        tnc.fit(layer, target, iterations=1)
    factors = sum(each.numel() for each in layer.parameters())
    assert 0 < sizes.largest <= 4 * (target.numel() + factors)


@pytest.mark.parametrize("case", CASES[:3], ids=repr)
def test_norms_of_slices_are_balanced(case: Case) -> None:
    layer = case.layer()
    tnc.fit(layer, torch.randn(6, 4 if "groups" in case.name else 8, 3, 3).double(), iterations=3)
    norms = [
        each.movedim(list(each.shape).index(4), 0).flatten(1).norm(dim=1)
        for each in layer.parameters()
        if list(each.shape).count(4) == 1
    ]
    assert len(norms) > 1
    for norm in norms[1:]:
        torch.testing.assert_close(norm, norms[0])
