"""Layers with several programs give the same values and gradients, and each runs when it should."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses import FakeTensorMode
from torch.nn.utils import parametrize

from tests.oracle import close, leaf, randomised
from tnc.plan.report import envelope

LOW_RANK = """tnn 1
layer LowRank(S: int, T: int, R: int) {
  mode n, s: S, t: T, r: R
  input x[n, s]
  weight A[s, r], B[r, t], b[t]
  output y[n, t] = x * A * B + b
}
"""
RCP = """tnn 1
layer RCP(R: int) {
  mode n, h, w, i: 3, j: 3, r: R
  mode s[a in 1..2]: 4, t[a in 1..2]: 4
  conv(pad: same) h' = h * i, w' = w * j
  input x[n, (s...), h, w]
  weight K[a in 1..2][r, s[a], t[a]], C[r, i, j]
  output y[n, (t...), h', w'] = x * K... * C
}
"""
STACK = """tnn 1
layer Stack {
  mode s: 16, t: 16, r: 12
  input x[..., s]
  weight A[s, r], B[r, t]
  output y[..., t] = x * A * B
}
"""


@pytest.fixture
def low_rank(build: Callable[..., Any]) -> Any:
    """For many samples the product of both matrices comes first."""
    return build(source=LOW_RANK, layer="LowRank", set={"S": 16, "T": 16, "R": 12}, bind={"n": 8})


@pytest.fixture
def frozen(build: Callable[..., Any]) -> Any:
    """For many samples without gradients too."""
    return build(source=LOW_RANK, layer="LowRank", set={"S": 16, "T": 64, "R": 10}, bind={"n": 8})


@pytest.fixture
def rcp(build: Callable[..., Any]) -> Any:
    """Inference keeps the kernel."""
    return build(source=RCP, layer="RCP", set={"R": 6}, bind={"n": 4, "h": 6, "w": 6})


def bound(source: str, use: str = "") -> int:
    """The size of the batch from which on another program runs."""
    (found,) = re.findall(rf"if not _followed\(\){use} and x\.shape\[0\] >= (\d+):", source)
    return int(found)


def made(compiled: Any, name: str) -> nn.Module:
    return randomised(getattr(compiled.module, name)(dtype=torch.float64))


def dense(layer: nn.Module, x: Tensor) -> Tensor:
    return x @ (layer.A @ layer.B) + layer.b


def kernel(layer: nn.Module) -> Tensor:
    whole = torch.einsum("rac,rbd,rij->cdabij", layer.K_1, layer.K_2, layer.C)
    return whole.reshape(16, 16, 3, 3)


def convolved(layer: nn.Module, x: Tensor) -> Tensor:
    return nn.functional.conv2d(x, kernel(layer), padding=1)


def ran(compiled: Any, monkeypatch: pytest.MonkeyPatch, *names: str) -> list[str]:
    """The functions of the module among `names` that are called from now on."""
    calls: list[str] = []
    for name in names:
        spied = partial(_noted, calls, name, getattr(compiled.module, name))
        monkeypatch.setattr(compiled.module, name, spied)
    return calls


def _noted(calls: list[str], name: str, function: Callable[..., Any], *given: Any) -> Any:
    calls.append(name)
    return function(*given)


# ---------------------------------------------------------------------- the size of the batch
def test_both_sides_of_the_bound_run_their_program(
    low_rank: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = bound(low_rank.source)
    calls = ran(low_rank, monkeypatch, "_product", "_product_large")
    layer = made(low_rank, "LowRank")
    for n in (1, size - 1, size, 3 * size):
        layer(torch.randn(n, 16, dtype=torch.float64))
    assert calls == ["_product", "_product", "_product_large", "_product_large"]


@pytest.mark.parametrize("offset", [-1, 0])
def test_values_and_gradients_across_the_bound(low_rank: Any, offset: int) -> None:
    layer = made(low_rank, "LowRank")
    x = leaf(torch.randn(bound(low_rank.source) + offset, 16, dtype=torch.float64))
    wanted = [x, *layer.parameters()]
    seed = torch.randn(len(x), 16, dtype=torch.float64)
    close(layer(x), dense(layer, x), "y")
    found = torch.autograd.grad(layer(x), wanted, seed)
    for one, other in zip(found, torch.autograd.grad(dense(layer, x), wanted, seed), strict=True):
        close(one, other, "gradient")


@pytest.mark.parametrize("offset", [-1, 0])
def test_second_derivatives_tangents_and_batches_across_the_bound(
    low_rank: Any, offset: int
) -> None:
    layer = made(low_rank, "LowRank")
    n = bound(low_rank.source) + offset
    x, dot = torch.randn(2, n, 16, dtype=torch.float64)

    def value(run: Callable[..., Tensor], x: Tensor) -> Tensor:
        return run(layer, x).pow(3).sum()

    def own(layer: nn.Module, x: Tensor) -> Tensor:
        return layer(x)

    for derivative in (
        lambda run: torch.func.jvp(lambda x: run(layer, x), (x,), (dot,))[1],
        lambda run: torch.func.jvp(torch.func.grad(partial(value, run)), (x,), (dot,))[1],
        lambda run: torch.func.grad(lambda x: torch.func.grad(partial(value, run))(x).sum())(x),
        lambda run: torch.func.vmap(lambda x: run(layer, x))(torch.stack([x, dot])),
    ):
        close(derivative(own), derivative(dense), "derivative")


def test_leading_axes_count_together(build: Callable[..., Any]) -> None:
    compiled = build(source=STACK, layer="Stack")
    assert "x.shape[0]" in compiled.source
    layer = made(compiled, "Stack")
    for shape in [(3, 16), (4, 5, 16), (40, 50, 16), (16,)]:
        x = torch.randn(shape, dtype=torch.float64)
        close(layer(x), x @ layer.A @ layer.B, f"{shape}")


def test_compilers_and_exporters_get_one_program(low_rank: Any) -> None:
    layer = made(low_rank, "LowRank")
    size = bound(low_rank.source)
    x = torch.randn(size + 3, 16, dtype=torch.float64)
    batch = torch.export.Dim("n", min=2, max=4096)
    exported = torch.export.export(layer, (x,), dynamic_shapes={"x": {0: batch}})
    graph = torch.compile(layer, fullgraph=True, dynamic=True, backend="eager")
    for n in (2, size - 1, size, 4 * size):
        other = torch.randn(n, 16, dtype=torch.float64)
        close(exported.module()(other), dense(layer, other), f"exported, {n}")
        close(graph(other), dense(layer, other), f"compiled, {n}")


# ---------------------------------------------------------------------- inputs without gradient
def test_inputs_without_gradient_have_a_program(
    frozen: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    use = r" and torch\.is_grad_enabled\(\) and not x\.requires_grad"
    size = bound(frozen.source, use)
    calls = ran(frozen, monkeypatch, "_product", "_product_frozen_large")
    layer = made(frozen, "LowRank")
    seed = torch.randn(size, 64, dtype=torch.float64)
    x = torch.randn(size, 16, dtype=torch.float64)
    wanted = [*layer.parameters()]
    found = torch.autograd.grad(layer(x), wanted, seed)
    for one, other in zip(found, torch.autograd.grad(dense(layer, x), wanted, seed), strict=True):
        close(one, other, "gradient")
    layer(leaf(x))
    layer(x[1:])
    assert calls == ["_product_frozen_large", "_product", "_product"]


def test_a_gradient_that_torch_func_wants_is_no_constant(frozen: Any) -> None:
    """Its tensors need not say that they require gradients; all programs have all gradients."""
    layer = made(frozen, "LowRank")
    x = torch.randn(4096, 16, dtype=torch.float64)

    def value(run: Callable[..., Tensor], x: Tensor) -> Tensor:
        return run(layer, x).square().sum()

    found = torch.func.grad(partial(value, lambda layer, x: layer(x)))(x)
    close(found, torch.func.grad(partial(value, dense))(x), "gradient")
    weights = dict(layer.named_parameters())

    def mixed(x: Tensor) -> Tensor:
        def inner(weights: dict[str, Tensor]) -> Tensor:
            return torch.func.functional_call(layer, weights, (x,)).square().sum()

        return torch.func.grad(inner)(weights)["A"].square().sum()

    def expected(x: Tensor) -> Tensor:
        A, B, b = layer.A, layer.B, layer.b
        inner = 2 * x.mT @ (x @ A @ B + b) @ B.mT
        return inner.square().sum()

    close(torch.func.grad(mixed)(x), torch.func.grad(expected)(x), "gradient of a gradient")


# ---------------------------------------------------------------------- inference
Change = Callable[[nn.Module], None]


def step(layer: nn.Module) -> None:
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    layer.K_1.grad = torch.ones_like(layer.K_1)
    optimizer.step()


def load(layer: nn.Module) -> None:
    layer.load_state_dict({name: 2 * value for name, value in layer.state_dict().items()})


def assign(layer: nn.Module) -> None:
    state = {name: 2 * value for name, value in layer.state_dict().items()}
    layer.load_state_dict(state, assign=True)


def data(layer: nn.Module) -> None:
    layer.K_1.data = torch.randn_like(layer.K_1)


def data_twice(layer: nn.Module) -> None:
    """The second may lie where the first parameter lay."""
    for _ in range(2):
        layer.K_1.data = layer.K_1.data * 2


def data_in_place(layer: nn.Module) -> None:
    layer.K_1.data.mul_(2)


def detached(layer: nn.Module) -> None:
    layer.C.detach().add_(1)


def numpy(layer: nn.Module) -> None:
    layer.C.detach().numpy()[0, 0, 0] += 1


def put(layer: nn.Module) -> None:
    with torch.no_grad():
        layer.K_2.set_(torch.randn_like(layer.K_2))


def copied(layer: nn.Module) -> None:
    with torch.no_grad():
        layer.K_2.copy_(torch.randn_like(layer.K_2))


def replaced(layer: nn.Module) -> None:
    layer.C = nn.Parameter(torch.randn_like(layer.C))


def one_element(layer: nn.Module) -> None:
    with torch.no_grad():
        layer.K_1[3, 2, 1] += 1


def sharing(layer: nn.Module) -> None:
    layer.K_1 = layer.K_2


def inferring(layer: nn.Module) -> None:
    with torch.inference_mode():
        layer.K_1.mul_(2)


def narrow(layer: nn.Module) -> None:
    layer.float().double()


CHANGES: list[Change] = [
    step,
    load,
    assign,
    data,
    data_twice,
    data_in_place,
    detached,
    numpy,
    put,
    copied,
    replaced,
    one_element,
    sharing,
    inferring,
    narrow,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_inference_follows_the_weights(
    rcp: Any, change: Change, mode: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = made(rcp, "RCP").eval()
    x = torch.randn(3, 16, 5, 6, dtype=torch.float64)
    calls = ran(rcp, monkeypatch, "_product_given", "_product")
    with mode():
        close(layer(x), convolved(layer, x), "before")
    change(layer)
    with mode():
        close(layer(x), convolved(layer, x), "after")
        close(layer(x.contiguous(memory_format=torch.channels_last)), convolved(layer, x), "last")
    assert calls == ["_product_given"] * 3


def test_products_of_weights_are_made_once(rcp: Any) -> None:
    layer = made(rcp, "RCP").eval()
    x = torch.randn(3, 16, 5, 6, dtype=torch.float64)
    make = rcp.module._product_kept
    with torch.inference_mode():
        layer(x)
        (first,) = rcp.module._kept(layer, make, layer.K_1, layer.K_2, layer.C)
        layer(x)
        (again,) = rcp.module._kept(layer, make, layer.K_1, layer.K_2, layer.C)
        assert again is first
        layer.K_1 += 1
        layer(x)
        (other,) = rcp.module._kept(layer, make, layer.K_1, layer.K_2, layer.C)
    assert other is not first
    for one in (first, other):
        assert not one.requires_grad
        assert not one.is_inference()


def test_what_is_kept_is_no_state(rcp: Any) -> None:
    layer = made(rcp, "RCP").eval()
    x = torch.randn(3, 16, 5, 6, dtype=torch.float64)
    names, attributes = list(layer.state_dict()), dict(vars(layer))
    with torch.no_grad():
        layer(x)
        twin, stored = copy.deepcopy(layer), pickle.dumps(layer.state_dict())
        assert list(layer.state_dict()) == names
        assert vars(layer).keys() == attributes.keys()
        twin.K_1 += 1
        close(twin(x), convolved(twin, x), "copy")
        close(layer(x), convolved(layer, x), "original")
        twin.load_state_dict(pickle.loads(stored))
        close(twin(x), convolved(layer, x), "stored")


def test_training_lets_go_of_what_is_kept(rcp: Any) -> None:
    layer = made(rcp, "RCP").eval()
    x = torch.randn(3, 16, 5, 6, dtype=torch.float64)
    kept = rcp.module._KEPT
    for again in (layer.train, layer.eval):
        layer.eval()
        with torch.no_grad():
            layer(x)
        assert layer in kept
        again()
        layer(x)
        assert layer not in kept
    with torch.no_grad():
        layer(x)
    assert len(kept) == 1
    del layer, again
    assert not kept


def test_other_tensors_in_place_of_parameters(rcp: Any) -> None:
    layer = made(rcp, "RCP").eval()
    x = torch.randn(3, 16, 5, 6, dtype=torch.float64)
    shapes = {name: (2, *value.shape) for name, value in layer.named_parameters()}
    weights = {name: torch.randn(s, dtype=torch.float64) for name, s in shapes.items()}

    def call(weights: dict[str, Tensor]) -> Tensor:
        return torch.func.functional_call(layer, weights, (x,))

    def expected(weights: dict[str, Tensor]) -> Tensor:
        whole = torch.einsum("rac,rbd,rij->cdabij", *(weights[k] for k in ("K_1", "K_2", "C")))
        return nn.functional.conv2d(x, whole.reshape(16, 16, 3, 3), padding=1)

    with torch.no_grad():
        layer(x)
        each = [{name: value[k] for name, value in weights.items()} for k in range(2)]
        for one in each:
            close(call(one), expected(one), "functional_call")
        close(torch.func.vmap(call)(weights), torch.stack([*map(expected, each)]), "vmap")
        call(each[0])
        found = torch.func.jvp(call, (each[0],), (each[1],))
        for one, other in zip(found, torch.func.jvp(expected, (each[0],), (each[1],)), strict=True):
            close(one, other, "jvp")
        close(layer(x), convolved(layer, x), "own again")
        images = torch.randn(2, 3, 16, 5, 6, dtype=torch.float64)
        one = torch.func.vmap(layer)(images)
        close(one, torch.stack([convolved(layer, image) for image in images]), "vmap of images")
        dot = torch.func.jvp(layer, (x,), (images[0],))[1]
        close(dot, convolved(layer, images[0]), "tangent of images")


def test_parametrised_weights(rcp: Any) -> None:
    class Doubled(nn.Module):
        def forward(self, given: Tensor) -> Tensor:
            return 2 * given

    layer = made(rcp, "RCP").eval()
    x = torch.randn(3, 16, 5, 6, dtype=torch.float64)
    parametrize.register_parametrization(layer, "K_1", Doubled())
    for _ in range(2):
        with torch.no_grad():
            close(layer(x), convolved(layer, x), "parametrised")
            layer.parametrizations.K_1.original += 1


def test_fake_tensors_leave_nothing_behind(rcp: Any) -> None:
    layer = made(rcp, "RCP").eval()
    x = torch.randn(3, 16, 5, 6, dtype=torch.float64)
    with torch.no_grad(), FakeTensorMode(allow_non_fake_inputs=True) as mode:
        assert layer(mode.from_tensor(x)).shape == x.shape
    with torch.no_grad():
        close(layer(x), convolved(layer, x), "real")
        with FakeTensorMode(allow_non_fake_inputs=True) as mode:
            assert layer(mode.from_tensor(x)).shape == x.shape
        close(layer(x), convolved(layer, x), "real again")


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_compilers_get_the_plain_program_of_an_inference(rcp: Any) -> None:
    layer = made(rcp, "RCP").eval()
    x = torch.randn(3, 16, 5, 6, dtype=torch.float64)
    with torch.no_grad():
        graph = torch.compile(layer, fullgraph=True, backend="eager")
        exported = torch.export.export(layer, (x,)).module()
        traced = torch.jit.trace(layer, (x,), check_trace=False)
        assert layer not in rcp.module._KEPT
        layer(x)
        layer.K_1 += 1
        close(graph(x), convolved(layer, x), "compiled")
        close(traced(x), convolved(layer, x), "traced")
        exported.load_state_dict(layer.state_dict())
        close(exported(x), convolved(layer, x), "exported")


def test_inference_under_autocast_has_the_type_of_training(rcp: Any) -> None:
    layer = made(rcp, "RCP").float().eval()
    x = torch.randn(3, 16, 5, 6)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        expected = layer(x)
        with torch.no_grad():
            found = layer(x)
    assert found.dtype == expected.dtype == torch.bfloat16
    with torch.no_grad():
        assert layer(x).dtype == torch.float32


def test_weights_made_in_inference_mode(rcp: Any) -> None:
    with torch.inference_mode():
        layer = made(rcp, "RCP").eval()
        x = torch.randn(3, 16, 5, 6, dtype=torch.float64)
        close(layer(x), convolved(layer, x), "before")
        layer.K_1.mul_(2)
        close(layer(x), convolved(layer, x), "after")


def test_a_matrix_is_kept_by_its_columns(build: Callable[..., Any]) -> None:
    """As `nn.Linear` has its weight [t, s]: products with few rows are quicker then."""
    settings = {"S": 6, "T": 20, "bias": False, "R": 5}
    compiled = build("std.dense", "rTT", set=settings, bind={"...": 64})
    layer = made(compiled, "rTT").eval()
    x = torch.randn(64, 6, dtype=torch.float64)
    weights = dict(layer.named_parameters())
    with torch.inference_mode():
        close(layer(x), x @ dense_rtt(*weights.values()), "value")
        (kept,) = compiled.module._kept(layer, compiled.module._product_kept, *weights.values())
    assert kept.shape == (20, 6)
    assert kept.is_contiguous()
    close(kept.T, dense_rtt(*weights.values()), "kernel")


def dense_rtt(K_1: Tensor, K_2: Tensor) -> Tensor:
    kernel = torch.einsum("astr,ruvb->sutv", K_1, K_2)
    return kernel.reshape(kernel.shape[0] * kernel.shape[1], -1)


# ---------------------------------------------------------------------- what says so
def test_the_plan_and_the_module_say_when_and_why(low_rank: Any) -> None:
    size = bound(low_rank.source)
    (branch,) = (each for each in low_rank.plan.branches if each.when == f"n >= {size}")
    assert branch.steps == ("A[s, r] * B[r, t] -> [t, s]", "x[n, s] * [t, s] -> [n, t]")
    assert low_rank.source.count(branch.why) == 2  # in the header, and where the branch is taken
    pairs = zip(branch.sizes, branch.seconds, branch.otherwise, strict=True)
    assert all((one < other) == (n >= size) for n, one, other in pairs if n != size)
    assert branch.when in [each["when"] for each in low_rank.plan.to_json()["branches"]]
    assert branch.steps[0] in envelope(low_rank.plan)


def test_limits_and_other_aims_have_one_program(build: Callable[..., Any]) -> None:
    settings: dict[str, Any] = {"source": RCP, "layer": "RCP", "set": {"R": 6}}
    settings["bind"] = {"n": 4, "h": 6, "w": 6}
    assert "_kept(self" in build(**settings).source
    for option in (
        {"objective": "memory"},
        {"objective": "macs"},
        {"memory_limit": "1GiB"},
        {"backward": "autograd"},
    ):
        assert "_infers" not in build(**settings, **option).source
