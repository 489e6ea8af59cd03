"""First and second derivatives of generated modules, by every way that PyTorch offers."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.func import functional_call, grad, hessian, jacfwd, jacrev, jvp, vmap

from tests.families.compiled import from_text
from tests.modules.layers import SUBJECTS, TWO_OUTPUTS, Subject, total
from tests.oracle import as_tuple, close, leaf, randomised

each_layer = pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
Weights = dict[str, Tensor]


def detached(layer: nn.Module) -> Weights:
    return {name: value.detach() for name, value in layer.named_parameters()}


def call(layer: nn.Module, weights: Weights, x: Tensor) -> tuple[Tensor, ...]:
    return as_tuple(functional_call(layer, weights, (x,)))


def as_function(layer: nn.Module) -> tuple[object, list[Tensor]]:
    """The layer as a function of its input and all weights, for gradcheck."""
    names = [name for name, _ in layer.named_parameters()]

    def function(x: Tensor, *weights: Tensor) -> tuple[Tensor, ...]:
        return call(layer, dict(zip(names, weights, strict=True)), x)

    return function, [leaf(value) for value in layer.parameters()]


@each_layer
def test_gradcheck(subject: Subject) -> None:
    """Against finite differences, of both modes."""
    function, weights = as_function(subject.build())
    inputs = (leaf(subject.input()), *weights)
    assert torch.autograd.gradcheck(function, inputs, check_forward_ad=True)


@each_layer
def test_batched_seeds(subject: Subject) -> None:
    """Several seeds at once, as `torch.autograd.functional.jacobian(vectorize=True)` sends them."""
    layer, x = subject.build(), leaf(subject.input())
    outputs = as_tuple(layer(x))
    seeds = [torch.randn(3, *y.shape, dtype=y.dtype) for y in outputs]
    wanted = [x, *layer.parameters()]
    found = torch.autograd.grad(outputs, wanted, seeds, is_grads_batched=True, retain_graph=True)
    for k in range(3):
        each = [seed[k] for seed in seeds]
        expected = torch.autograd.grad(outputs, wanted, each, retain_graph=True)
        for a, b in zip(found, expected, strict=True):
            close(a[k], b, "gradient")


@each_layer
def test_gradgradcheck(subject: Subject) -> None:
    function, weights = as_function(subject.build())
    inputs = (leaf(subject.input(batch=1)), *weights)
    assert torch.autograd.gradgradcheck(function, inputs, check_fwd_over_rev=True)


@each_layer
@pytest.mark.parametrize("moved", ["input", "weights", "both"])
def test_jvp_is_the_central_difference(subject: Subject, moved: str) -> None:
    """Tangents of the input alone, of the weights alone, and of both."""
    layer, x, step = subject.build(), subject.input(), 1e-5
    weights = detached(layer)
    dx = torch.randn_like(x) * (moved != "weights")
    dw = {name: torch.randn_like(w) * (moved != "input") for name, w in weights.items()}

    def at(distance: float) -> tuple[Tensor, ...]:
        shifted = {name: w + distance * dw[name] for name, w in weights.items()}
        return call(layer, shifted, x + distance * dx)

    if moved == "input":
        _, found = jvp(lambda value: call(layer, weights, value), (x,), (dx,))
    elif moved == "weights":
        _, found = jvp(lambda value: call(layer, value, x), (weights,), (dw,))
    else:
        _, found = jvp(lambda w, value: call(layer, w, value), (weights, x), (dw, dx))
    for a, plus, minus in zip(found, at(step), at(-step), strict=True):
        close(a, (plus - minus) / (2 * step), moved, 1e-6)


@each_layer
def test_dual_numbers(subject: Subject) -> None:
    """torch.autograd.forward_ad without torch.func."""
    layer, x = subject.build(), subject.input()
    tangent = torch.randn_like(x)
    with forward_ad.dual_level():
        outputs = as_tuple(layer(forward_ad.make_dual(x, tangent)))
        found = [forward_ad.unpack_dual(output).tangent for output in outputs]
    expected = jvp(lambda value: as_tuple(layer(value)), (x,), (tangent,))[1]
    for a, b in zip(found, expected, strict=True):
        close(a, b, "tangent")


@each_layer
def test_vmap_over_inputs_and_over_weights(subject: Subject) -> None:
    layer = subject.build()
    xs = torch.stack([subject.input() for _ in range(3)])
    ensemble = [detached(subject.build()) for _ in range(3)]
    stacked = {name: torch.stack([w[name] for w in ensemble]) for name in ensemble[0]}
    found = as_tuple(vmap(layer)(xs))
    for a, b in zip(found, zip(*(as_tuple(layer(x)) for x in xs), strict=True), strict=True):
        close(a, torch.stack(b), "inputs")
    found = vmap(lambda w, x: call(layer, w, x))(stacked, xs)
    expected = [call(layer, w, x) for w, x in zip(ensemble, xs, strict=True)]
    for a, b in zip(found, zip(*expected, strict=True), strict=True):
        close(a, torch.stack(b), "weights and inputs")


@each_layer
def test_per_sample_gradients(subject: Subject) -> None:
    """vmap of grad equals a loop over the samples."""
    layer, xs = subject.build(), subject.input(batch=3)
    weights = detached(layer)

    def loss(w: Weights, x: Tensor) -> Tensor:
        return total(call(layer, w, x[None]))

    found = vmap(grad(loss), in_dims=(None, 0))(weights, xs)
    looped = [grad(loss)(weights, x) for x in xs]
    for name in weights:
        close(found[name], torch.stack([g[name] for g in looped]), name)


@each_layer
def test_jacobians_of_both_modes(subject: Subject) -> None:
    layer, x = subject.build(), subject.input(batch=1)

    def outputs(value: Tensor) -> tuple[Tensor, ...]:
        return as_tuple(layer(value))

    reverse, forward = jacrev(outputs)(x), jacfwd(outputs)(x)
    for position, (a, b) in enumerate(zip(reverse, forward, strict=True)):
        shape = as_tuple(layer(x))[position].shape
        assert a.shape == (*shape, *x.shape)
        close(a, b, "Jacobian")


@each_layer
def test_hessians_of_both_ways(subject: Subject) -> None:
    """Forward over reverse and reverse over reverse; symmetric, and not trivially so."""
    layer, x = subject.build(), subject.input(batch=1)
    weights = detached(layer)

    def loss(w: Weights) -> Tensor:
        return total(call(layer, w, x))

    mixed, twice = hessian(loss)(weights), jacrev(jacrev(loss))(weights)
    largest = 0.0
    for a in weights:
        for b in weights:
            close(mixed[a][b], twice[a][b], f"{a} {b}")
            rank = weights[a].ndim
            turned = mixed[b][a].movedim(
                tuple(range(weights[b].ndim)), tuple(range(rank, rank + weights[b].ndim))
            )
            close(mixed[a][b], turned, f"symmetry of {a} {b}")
            largest = max(largest, mixed[a][b].abs().max().item())
    assert largest > 1e-3


@each_layer
def test_derived_gradients_equal_those_of_autograd(subject: Subject) -> None:
    """The plain form, which PyTorch differentiates, has the same outputs and gradients."""
    layer, x = subject.build(), subject.input()
    plain = plain_form(subject)
    plain.load_state_dict(layer.state_dict())
    for first, second in zip(gradients(layer, x), gradients(plain, x), strict=True):
        close(first, second, "gradient")


def plain_form(subject: Subject) -> nn.Module:
    assert "autograd.Function" in subject.made().source
    made = subject.plain()
    assert "autograd.Function" not in made.source
    return getattr(made.module, subject.layer)(dtype=torch.float64)


def gradients(layer: nn.Module, x: Tensor) -> list[Tensor]:
    x = leaf(x)
    value = total(layer(x))
    return [value, *torch.autograd.grad(value, [x, *layer.parameters()])]


@each_layer
def test_what_is_computed_anew_is_not_saved(subject: Subject) -> None:
    plan = subject.made().plan
    again = [step for step in plan.steps if step.recomputed]
    assert bool(again) is ("again" in subject.name)
    assert not any(step.saved for step in again)
    gradients = sum(sum(step.macs_gradients) for step in plan.steps)
    assert plan.macs_backward == gradients + sum(step.macs for step in again)


def test_one_of_two_outputs() -> None:
    """Gradients flow where only one output is used, and the other's parameters get none."""
    layer = randomised(from_text(TWO_OUTPUTS).module.L(dtype=torch.float64))
    x = leaf(torch.randn(3, 3, dtype=torch.float64))
    y, _ = layer(x)
    y.square().sum().backward()
    expected = 2 * (x @ layer.A) @ layer.A.T
    close(x.grad, expected.detach(), "input")
    close(layer.A.grad, (2 * x.T @ (x @ layer.A)).detach(), "A")
    for name in ("B", "D", "b"):
        found = getattr(layer, name).grad
        assert found is None or not found.any(), name


SHARED = """tnn 1
layer L {
  mode a: 2, b: 3, c: 4, d: 1
  input x[b], z[b, c, a], u[d, c]
  weight A[d, a, c], B[b, c, a]
  output y[b, c, d] = x * z * u * A + x * B * u * A
  output v[b, c, d] = x * z * u * A
}
"""


@pytest.mark.parametrize("chosen", range(1, 32))
def test_any_choice_of_gradients(chosen: int) -> None:
    """A view that several gradients read is there for each of them alone."""
    layer = randomised(from_text(SHARED).module.L(dtype=torch.float64))
    shapes = ((3,), (3, 4, 2), (1, 4))
    given = [torch.randn(shape, dtype=torch.float64) for shape in shapes]
    mine = [*given, *layer.parameters()]
    theirs = [leaf(each) for each in mine]
    for k, pair in enumerate(zip(mine, theirs, strict=True)):
        for tensor in pair:
            tensor.requires_grad_(bool(chosen >> k & 1))
    x, z, u, a, b = theirs
    v = torch.einsum("b,bca,dc,dac->bcd", x, z, u, a)
    y = v + torch.einsum("b,bca,dc,dac->bcd", x, b, u, a)
    total(layer(*given)).backward()
    total((y, v)).backward()
    for k, (one, other) in enumerate(zip(mine, theirs, strict=True)):
        assert (one.grad is None) == (other.grad is None)
        if one.grad is not None and other.grad is not None:
            close(one.grad, other.grad, f"gradient {k}")
