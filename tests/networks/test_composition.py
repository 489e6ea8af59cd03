"""Networks compute what their layers compute, one after the other."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch.nn import functional

import tnc
from tests.networks.reading import compiled, instance, random


def close(a: torch.Tensor, b: torch.Tensor) -> None:
    torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


def test_a_pipe() -> None:
    net = instance(
        "layer Net() { mode n, s: 5\ninput x[n, s]\n"
        "output y = x |> Dense(5, 7) |> relu |> Dense(7, 3) }"
    )
    x = random(4, 5).requires_grad_()
    expected = torch.relu(x @ net.Dense_1.W) @ net.Dense_2.W
    close(net(x), expected)
    (ours,) = torch.autograd.grad(net(x).square().sum(), x)
    (theirs,) = torch.autograd.grad(expected.square().sum(), x)
    close(ours, theirs)


def test_shared_and_fresh_instances() -> None:
    net = instance(
        """layer Net() {
          mode n, s: 5
          input x[n, s]
          let f = Dense(5, 5)
          output y = f(x) |> f |> Dense(5, 5) |> Dense(5, 5)
        }"""
    )
    assert sorted(net.state_dict()) == ["Dense_1.W", "Dense_2.W", "f.W"]
    x = random(2, 5)
    close(net(x), x @ net.f.W @ net.f.W @ net.Dense_1.W @ net.Dense_2.W)
    net(x).sum().backward()
    weight = net.f.W.detach().clone().requires_grad_()
    (x @ weight @ weight @ net.Dense_1.W @ net.Dense_2.W).sum().backward()
    close(net.f.W.grad, weight.grad)


def test_repetitions() -> None:
    net = instance(
        """layer Net(blocks: int = 3) {
          mode n, s: 4
          input x[n, s]
          let widths = [4, 6, 2]
          output y = x |> repeat (blocks - 1) Dense(4, 4)
            |> repeat (g in 1..2) Dense(widths[g], widths[g + 1])
            |> repeat (0) Dense(9, 9) |> repeat (2) repeat (2) Dense(2, 2)
        }"""
    )
    assert [name for name, _ in net.named_children()] == [f"Dense_{k}" for k in range(1, 9)]
    x = random(3, 4)
    expected = x
    for child in net.children():
        expected = expected @ child.W
    close(net(x), expected)


def test_residual_sums_meet_axis_by_axis() -> None:
    net = instance(
        """layer Net() {
          mode n, c: 3, h, w
          input x[n, c, h, w]
          let f = x |> Conv(3, 4, stride: 2) |> relu
          let s = x |> Conv(3, 4, stride: 2)
          let z = relu(f + s) |> Conv(4, 3)
          output y = z - 2 * z + maximum(z, s |> Conv(4, 3))
        }"""
    )

    def conv(x: torch.Tensor, layer: torch.nn.Module, stride: int = 1) -> torch.Tensor:
        return functional.conv2d(x, layer.W.transpose(0, 1), None, stride, 1)

    x = random(2, 3, 7, 5)
    s = conv(x, net.Conv_2, 2)
    z = conv(torch.relu(torch.relu(conv(x, net.Conv_1, 2)) + s), net.Conv_3)
    close(net(x), z - 2 * z + torch.maximum(z, conv(s, net.Conv_4)))


def test_named_results_enter_products() -> None:
    net = instance(
        """layer Net() {
          mode n, s: 4, u: 6, t: 2
          input x[n, s]
          weight A[u, t]
          let z[n, u] = x |> Dense(4, 6) |> relu
          output y[n, t] = z * A + (x |> Dense(4, 2))
        }"""
    )
    x = random(3, 4)
    close(net(x), torch.relu(x @ net.Dense_1.W) @ net.A + x @ net.Dense_2.W)


def test_names_are_given_by_place() -> None:
    """Square axes: a transposition would go unnoticed by sizes."""
    net = instance(
        """layer Net() {
          mode n: 4, s: 4, a: 4, b: 4
          input x[n, s]
          weight V[a], U[b]
          let z[a, b] = x |> Dense(4, 4)
          output y[a] = z * U * V
        }"""
    )
    x = random(4, 4)
    close(net(x), (x @ net.Dense_1.W) @ net.U * net.V)


def test_several_inputs_and_outputs() -> None:
    net = instance(
        """layer Split(S: int) {
          mode n, s: S
          input x[n, s]
          weight A[s], B[s]
          output a[n, s] = x * A
          output b[n, s] = x * B
        }
        layer Join(S: int) {
          mode n, s: S
          input p[n, s], q[n, s]
          output y[n, s] = p * q
        }
        layer Net() {
          mode n, s: 3
          input x[n, s]
          let a, b = x |> Split(3)
          let c, d = Split(x, S: 3)
          let j = Join(3)
          output y = (Join(3)(a, b) + j(c, d)) |> Dense(3, 3)
          output z = j(d, a)
        }"""
    )
    x = random(2, 3)
    (a, b), (c, d) = ((x * each.A, x * each.B) for each in (net.Split_1, net.Split_2))
    y, z = net(x)
    close(y, (a * b + c * d) @ net.Dense_1.W)
    close(z, d * a)


def test_only_the_second_result_of_a_layer() -> None:
    net = instance(
        """layer Split(S: int) {
          mode n, s: S
          input x[n, s]
          weight A[s], B[s]
          output a[n, s] = x * A
          output b[n, s] = x * B
        }
        layer Net() {
          mode n, s: 3
          input x[n, s]
          let a, b = x |> Split(3)
          output y = b |> relu
        }"""
    )
    x = random(2, 3)
    close(net(x), torch.relu(x * net.Split_1.B))


def test_layers_as_parameters() -> None:
    text = """layer Net(F: layer = Low(R: 3), G: layer = F) {
      mode n, s: 6
      input x[n, s]
      output y = x |> F(6, 6) |> G(6, 4)
    }"""
    net = instance(text)
    assert {name: tuple(p.shape) for name, p in net.named_parameters()} == {
        "F_1.A": (6, 3), "F_1.B": (3, 6), "G_1.A": (6, 3), "G_1.B": (3, 4),
    }  # fmt: skip
    dense = instance(text, set={"F": "Dense(bias: true)", "G": "Low"})
    assert sorted(dense.state_dict()) == ["F_1.W", "F_1.b", "G_1.A", "G_1.B"]
    x = random(2, 6)
    close(dense(x), (x @ dense.F_1.W + dense.F_1.b) @ dense.G_1.A @ dense.G_1.B)


def test_parameters_of_layers_inside() -> None:
    text = """layer Two(F: layer = Low) {
      mode n, s: 6
      input x[n, s]
      output y = x |> F(6, 6) |> F(6, 6)
    }
    layer Net() {
      mode n, s: 6
      input x[n, s]
      output y = x |> Two |> Two |> Low(6, 6, R: 1)
    }"""

    def ranks(**settings: object) -> list[int]:
        made = instance(text, set=settings)
        return [p.shape[1] for name, p in made.named_parameters() if name.endswith("A")]

    assert ranks() == [2, 2, 2, 2, 1]
    assert ranks(**{"Low.R": 4}) == [4, 4, 4, 4, 4]
    assert ranks(**{"Two_2.Low.R": 4}) == [2, 2, 4, 4, 1]
    assert ranks(**{"Two_1.F_2.R": 5}) == [2, 5, 2, 2, 1]
    assert ranks(**{"Two.F": "Low(R: 3)", "Low_1.R": 6}) == [3, 3, 3, 3, 6]


def test_one_class_for_equal_layers() -> None:
    made = compiled(
        """layer Net() {
          mode n, s: 6
          input x[n, s]
          output y = x |> Dense(6, 6) |> Dense(S: 6, T: 6, bias: false) |> Dense(6, 6, true)
        }"""
    )
    classes = [type(child).__name__ for child in made.module.Net().children()]
    assert classes == ["Dense", "Dense", "Dense_2"]


def test_externs() -> None:
    net = instance(
        """extern Norm(C: int): [n, C, ...] -> [n, C, ...] = torch.nn.GroupNorm(2, C)
        extern pool(k: int = 2): [n, c, h] -> [n, c, (h - k) // k + 1] = torch.nn.MaxPool1d(k)
        extern(kind: pointwise) hard = torch.nn.functional.hardtanh
        layer Net() {
          mode n, c: 4, h: 9, t: 3
          input x[n, c, h]
          weight A[c, t]
          let z[n, t, h] = hard(x * A)
          output y = x |> Norm(4) |> pool |> hard |> pool(k: 3) |> flatten
          output u[n, t, h] = z
        }"""
    )
    x = random(2, 4, 9)
    pooled = functional.max_pool1d(
        functional.group_norm(x, 2, net.Norm_1.weight, net.Norm_1.bias), 2
    )
    y, u = net(x)
    close(y, functional.max_pool1d(functional.hardtanh(pooled), 3).flatten(1))
    close(u, functional.hardtanh(torch.einsum("nch,ct->nth", x, net.A)))


def test_train_and_eval_reach_foreign_modules() -> None:
    net = instance(
        """layer Net() {
          mode n, s: 6
          input x[n, s]
          output y = x |> Dense(6, 6) |> BatchNorm(6) |> dropout(0.5)
        }"""
    )
    x = random(8, 6)
    torch.manual_seed(0)
    first = net(x)
    assert (first == 0).any()
    net.eval()
    norm = net.BatchNorm_1
    z = x @ net.Dense_1.W
    expected = functional.batch_norm(z, norm.running_mean, norm.running_var, norm.weight, norm.bias)
    close(net(x), expected)
    close(norm.running_mean, 0.1 * z.mean(0))


def test_leading_axes_pass_through() -> None:
    net = instance(
        """layer Map(S: int, T: int) {
          mode s: S, t: T
          input x[..., s]
          weight W[s, t]
          output y[..., t] = x * W
        }
        layer Net() {
          mode s: 6
          input x[..., s]
          output y = x |> Map(6, 4) |> relu |> Map(4, 2)
        }"""
    )
    for shape in ((6,), (3, 6), (2, 3, 6)):
        x = random(*shape)
        close(net(x), torch.relu(x @ net.Map_1.W) @ net.Map_2.W)


def test_copies_pickles_and_restarts() -> None:
    net = instance(
        "layer Net() { mode n, s: 5\ninput x[n, s]\nweight A[s]\n"
        "let z[n, s] = x |> Dense(5, 5)\noutput y[n, s] = z * A }"
    )
    x = random(2, 5)
    close(pickle.loads(pickle.dumps(net))(x), net(x))
    close(copy.deepcopy(net)(x), net(x))
    before = {name: value.clone() for name, value in net.state_dict().items()}
    net.reset_parameters()
    assert all((net.state_dict()[name] != value).any() for name, value in before.items())


def test_second_derivatives_and_forward_mode() -> None:
    net = instance(
        "layer Net() { mode n, s: 3\ninput x[n, s]\noutput y = sin(x |> Low(3, 4)) |> Low(4, 2) }"
    )
    x = random(2, 3).requires_grad_()
    assert torch.autograd.gradcheck(net, x)
    assert torch.autograd.gradgradcheck(net, x)
    _, forward = torch.func.jvp(net, (x,), (torch.ones_like(x),))
    jacobian = torch.func.jacrev(net)(x)
    close(forward, torch.einsum("ntms->nt", jacobian))


@pytest.mark.parametrize("text", ["std.nn", "std.convolution"])
def test_the_standard_library_is_clean(text: str) -> None:
    from tnc.driver.imports import FOLDER

    assert tnc.check(FOLDER / f"{text.removeprefix('std.')}.tnn") == []


def test_functions_as_layers() -> None:
    text = """layer Net(act: layer = relu, other: layer = tanh) {
      mode n, s: 5
      input x[n, s]
      let z[n, s] = act(x |> Dense(5, 5)) |> other
      output y = z |> act
    }"""
    net = instance(text)
    x = random(3, 5)
    close(net(x), torch.relu(torch.tanh(torch.relu(x @ net.Dense_1.W))))
    net = instance(text, set={"act": "sigmoid", "other": "relu"})
    close(net(x), torch.sigmoid(torch.relu(torch.sigmoid(x @ net.Dense_1.W))))
    assert "act=sigmoid, other=relu" in net.extra_repr()


def test_an_axis_of_a_result_may_be_named_as_several_modes() -> None:
    net = instance(
        """layer Split(S: int) {
          mode n, s: S
          input x[n, s]
          output a[n, s] = 2 * x
          output b[n, s] = 3 * x
        }
        layer Net() {
          mode n, s: 6, g: 2, k: 3
          input x[n, s]
          weight A[g], B[k]
          let z[n, (g, k)] = x |> Dense(6, 6)
          let r[n, (k, g)] = x |> Dense(6, 6) |> relu
          let a[n, (g, k)], b = x |> Split(6)
          output y[n, k] = z * A + r * A
          output q[n, g] = a * B
          output v[n, (g, k)] = relu(b)
        }"""
    )
    x = random(4, 6)
    z = (x @ net.Dense_1.W).unflatten(1, (2, 3))
    r = torch.relu(x @ net.Dense_2.W).unflatten(1, (3, 2))
    y, q, v = net(x)
    close(y, torch.einsum("ngk,g->nk", z, net.A) + torch.einsum("nkg,g->nk", r, net.A))
    close(q, torch.einsum("ngk,k->ng", 2 * x.unflatten(1, (2, 3)), net.B))
    close(v, torch.relu(3 * x))


def test_another_name_of_an_instance_is_the_same_instance() -> None:
    net = instance(
        """layer Net() {
          mode n, s: 5
          input x[n, s]
          let f = Dense(5, 5)
          let g = f
          output y = x |> f |> g
        }"""
    )
    assert sorted(net.state_dict()) == ["f.W"]
    x = random(2, 5)
    close(net(x), x @ net.f.W @ net.f.W)


def test_lists_of_layers() -> None:
    text = """layer Net(acts: [layer] = [relu, tanh], F: [layer] = [Dense(bias: true), Low]) {
      mode n, s: 5
      input x[n, s]
      let f = F[1](5, 5)
      let z[n, s] = x |> F[2](5, 5) |> acts[1] |> f
      output y = acts[2](z) |> repeat (i in 1..2) F[i](5, 5)
    }"""
    net = instance(text)
    names = ["F_1.A", "F_1.B", "F_2.W", "F_2.b", "F_3.A", "F_3.B", "f.W", "f.b"]
    assert sorted(net.state_dict()) == names
    x = random(3, 5)
    z = torch.relu(x @ net.F_1.A @ net.F_1.B) @ net.f.W + net.f.b
    expected = (torch.tanh(z) @ net.F_2.W + net.F_2.b) @ net.F_3.A @ net.F_3.B
    close(net(x), expected)
    net = instance(text, set={"acts": ["sin", "relu"], "F": ["Dense", "Dense(bias: true)"]})
    assert sorted(net.state_dict()) == ["F_1.W", "F_1.b", "F_2.W", "F_3.W", "F_3.b", "f.W"]
    z = torch.sin(x @ net.F_1.W + net.F_1.b) @ net.f.W
    close(net(x), torch.relu(z) @ net.F_2.W @ net.F_3.W + net.F_3.b)
