"""First and second derivatives, forwards and backwards, against PyTorch's on the equation."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad, gradcheck, gradgradcheck
from torch.func import functional_call, hessian, jacfwd, jacrev, jvp, vmap

from tests.emit.handmade import CASES, Case, held, instance, tensors

D = torch.float64


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]()


def total(result: object) -> Tensor:
    """A number that depends on every output, and not linearly."""
    parts = result if isinstance(result, tuple) else (result,)
    return sum((part.sin() * (k + 1)).sum() for k, part in enumerate(parts))  # type: ignore[return-value]


def both(case: Case) -> tuple[Callable[..., object], Callable[..., object], list[Tensor]]:
    """The layer and the equation as functions of inputs and weights, and where to try them."""
    layer = instance(case, dtype=D)
    names = list(held(layer))
    count = len(case.shapes)

    def compiled(*given: Tensor) -> object:
        weights = dict(zip(names, given[count:], strict=True))
        return functional_call(layer, weights, given[:count])

    weights = [weight.detach() for weight in held(layer).values()]
    return compiled, case.equation, [*tensors(case), *weights]


def close(found: object, wanted: object) -> None:
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-9)


def test_values_and_gradients(case: Case) -> None:
    compiled, equation, given = both(case)
    for needed in [range(len(given)), *([k] for k in range(len(given)))]:
        inputs = [
            [t.clone().requires_grad_(k in needed) for k, t in enumerate(given)] for _ in range(2)
        ]
        results = [f(*args) for f, args in zip((compiled, equation), inputs, strict=True)]
        close(*results)
        for result in results:
            total(result).backward()
        for mine, theirs in zip(*inputs, strict=True):
            close(mine.grad, theirs.grad)


def test_gradcheck_with_tangents_and_batches(case: Case) -> None:
    compiled, _, given = both(case)
    inputs = [t.clone().requires_grad_() for t in given]
    assert gradcheck(
        compiled,
        inputs,
        check_forward_ad=True,
        check_batched_grad=True,
        check_batched_forward_grad=True,
    )


def test_gradgradcheck_in_both_modes(case: Case) -> None:
    compiled, _, given = both(case)
    inputs = [t.clone().requires_grad_() for t in given]
    assert gradgradcheck(compiled, inputs, check_fwd_over_rev=True, check_rev_over_rev=True)


def test_jvp(case: Case) -> None:
    compiled, equation, given = both(case)
    directions = tuple(torch.randn_like(t) for t in given)
    close(jvp(compiled, tuple(given), directions), jvp(equation, tuple(given), directions))


@pytest.mark.parametrize(
    "twice",
    [
        hessian,
        lambda f, argnums: jacrev(jacrev(f, argnums), argnums),
        lambda f, argnums: jacrev(jacfwd(f, argnums), argnums),
        lambda f, argnums: jacfwd(jacfwd(f, argnums), argnums),
    ],
    ids=["forward over reverse", "reverse twice", "reverse over forward", "forward twice"],
)
def test_hessian(case: Case, twice: Callable[..., Callable[..., object]]) -> None:
    compiled, equation, given = both(case)
    argnums = tuple(range(len(given)))
    found = twice(lambda *a: total(compiled(*a)), argnums)(*given)
    close(found, twice(lambda *a: total(equation(*a)), argnums)(*given))


def test_tangent_of_a_gradient_without_a_graph(case: Case) -> None:
    """Nobody asked for a graph of the backward; a tangent runs through it all the same."""
    compiled, equation, given = both(case)
    found = []
    for f in (compiled, equation):
        inputs = [t.clone().requires_grad_() for t in given]
        with forward_ad.dual_level():
            first = forward_ad.make_dual(inputs[0], torch.ones_like(inputs[0]))
            result = total(f(first, *inputs[1:]))
            gradients = torch.autograd.grad(result, inputs[1:], allow_unused=True)
            found.append([g if g is None else forward_ad.unpack_dual(g).tangent for g in gradients])
    close(*found)


def test_vmap_over_inputs_and_over_weights(case: Case) -> None:
    compiled, equation, given = both(case)
    batch = [torch.stack([t, 2 * t, -t]) for t in given]
    close(vmap(compiled)(*batch), vmap(equation)(*batch))
    dims = tuple(None if k else 0 for k in range(len(given)))
    mixed = [t if k else batch[0] for k, t in enumerate(given)]
    close(vmap(compiled, dims)(*mixed), vmap(equation, dims)(*mixed))


def test_gradients_per_sample(case: Case) -> None:
    compiled, equation, given = both(case)
    count = len(case.shapes)
    argnums = tuple(range(count, len(given)))
    batch = [torch.stack([t, t.cos()]) for t in given[:count]]
    dims = (*(0 for _ in range(count)), *(None for _ in argnums))
    found = [
        vmap(torch.func.grad(lambda *a, f=f: total(f(*a)), argnums), dims)(*batch, *given[count:])
        for f in (compiled, equation)
    ]
    close(*found)


def test_only_one_output_is_used() -> None:
    case = CASES["outputs"]()
    compiled, equation, given = both(case)
    for k in range(3):
        found = []
        for f in (compiled, equation):
            inputs = [t.clone().requires_grad_() for t in given]
            result = f(*inputs)
            result[k].sin().sum().backward()  # type: ignore[index]
            zeros = [torch.zeros_like(t) if t.grad is None else t.grad for t in inputs]
            found.append(zeros)
        close(*found)


@pytest.mark.parametrize("name", ["matmul", "leading", "bias", "outputs", "merged"])
def test_complex_numbers(name: str) -> None:
    case = CASES[name]()
    compiled, equation, given = both(case)
    given = [torch.complex(t, t.cos()).requires_grad_() for t in given]
    close(compiled(*given), equation(*given))
    assert gradcheck(compiled, given)
    assert gradgradcheck(compiled, given)
