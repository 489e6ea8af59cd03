"""Axes that are split or merged by renaming, beside `reshape`, with gradients."""

from collections.abc import Callable

import pytest
import torch

import tnc
from tests.elaborate.reading import checked, elaborated, places, program

Reference = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

CASES: dict[str, tuple[str, tuple[int, ...], Reference]] = {
    "split": (
        (
            "mode n, s: 6, g: 2, k: 3, t: 4\ninput x[n, s]\nweight A[g, k, t]\n"
            "output y[n, t] = x[n, (g, k)] * A"
        ),
        (5, 6),
        lambda x, A: torch.einsum("ngk,gkt->nt", x.reshape(5, 2, 3), A),
    ),
    "split into three, of which one is kept": (
        (
            "mode n, s: 24, g: 2, k: 3, l: 4, t: 5\ninput x[n, s]\nweight A[g, l, t]\n"
            "output y[n, t, k] = x[n, (g, k, l)] * A"
        ),
        (5, 24),
        lambda x, A: torch.einsum("ngkl,glt->ntk", x.reshape(5, 2, 3, 4), A),
    ),
    "merge": (
        (
            "mode n, s: 6, g: 2, k: 3, t: 4\ninput x[n, (g, k)]\nweight A[s, t]\n"
            "output y[n, t] = x[n, s] * A"
        ),
        (5, 6),
        lambda x, A: x @ A,
    ),
    "two into three": (
        (
            "mode n, a: 3, b: 4, g: 2, k: 2, l: 3\ninput x[n, (a, b)]\nweight A[g, k, l]\n"
            "output y[n, g] = x[n, (g, k, l)] * A"
        ),
        (5, 12),
        lambda x, A: torch.einsum("ngkl,gkl->ng", x.reshape(5, 2, 2, 3), A),
    ),
    "split and renamed crosswise": (
        (
            "mode n: 6, m: 6, s: 2, t: 3\ninput x[n, m]\nweight A[s]\n"
            "output y[t, n] = x[(t, s), n] * A"
        ),
        (6, 6),
        lambda x, A: torch.einsum("tsn,s->tn", x.reshape(3, 2, 6), A),
    ),
    "the first mode has a run-time size": (
        (
            "mode n, g, k: 3, h: 3 * size(g), t: 4\ninput x[n, (g, k)]\nweight A[t]\n"
            "output y[n, h, t] = x[n, h] * A"
        ),
        (5, 9),
        lambda x, A: torch.einsum("nh,t->nht", x, A),
    ),
    "a weight is split": (
        (
            "mode n, s: 6, g: 2, k: 3, t: 4\ninput x[n, g]\nweight A[s, t]\n"
            "output y[n, k, t] = x * A[(g, k), t]"
        ),
        (5, 2),
        lambda x, A: torch.einsum("ng,gkt->nkt", x, A.reshape(2, 3, 4)),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_meaning(name: str) -> None:
    body, shape, reference = CASES[name]
    layer = tnc.compile(source=program(body)).module.L().double()
    x = torch.randn(*shape, dtype=torch.float64, requires_grad=True)
    y, wanted = layer(x), reference(x, layer.A)
    torch.testing.assert_close(y, wanted)
    seed = torch.randn_like(y)
    found, expected = (
        torch.autograd.grad((each * seed).sum(), [x, layer.A]) for each in (y, wanted)
    )
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    ("body", "place", "message"),
    [
        (
            "mode n, s: 6, g: 2, k: 4\ninput x[n, s]\noutput y[n, g, k] = x[n, (g, k)]",
            ("E0302", 5, 21),
            "the factors do not multiply out: 2 · 4 = 8, the axis has size 6",
        ),
        (
            "mode n, s: 6, g: 2, k: 4\ninput x[n, (g, k)]\noutput y[n, s] = x[n, s]",
            ("E0302", 5, 18),
            "the factors do not multiply out: `s` has size 6, the axis has size 8",
        ),
        (
            "mode n, m: 4, s: 6, g: 2, k: 3\ninput x[m, s]\noutput y[n, g, k] = x[n, (g, k)]",
            ("E0304", 3, 6),
            "the size of `n` cannot be inferred",
        ),
        (
            "mode n: 5, m: 4, s: 6, g: 2, k: 3\ninput x[m, s]\noutput y[n, g, k] = x[n, (g, k)]",
            ("E0301", 5, 21),
            "mode `n` has size 5, but axis `m` of `x` has size 4",
        ),
        (
            "mode n, s: 6, g: 2, k: 3\ninput x[n, s]\noutput y[n, g, k] = x[n, g, k]",
            ("E0201", 5, 21),
            "`x` has 2 modes, 3 given",
        ),
        (
            (
                "mode n, s: 3 * size(k), g: 3, k\ninput x[n, s], z[k]\n"
                "output y[n, g] = x[n, (g, k)] * z"
            ),
            ("E0304", 5, 18),
            "the size of `k` is known at run time only, so that the axis cannot be split or merged",
        ),
    ],
)
def test_refusals(body: str, place: tuple[str, int, int], message: str) -> None:
    _, said = elaborated(program(body))
    assert (places(said), said[0].message) == ([place], message)
    assert [(each.code, each.message) for each in checked(program(body))] == [(place[0], message)]


def test_sizes_that_are_not_set_are_left_to_the_build() -> None:
    body = "mode n, s: S, g: 2, k: K\ninput x[n, s]\noutput y[n, g, k] = x[n, (g, k)]"
    text = program(body, "S: int, K: int")
    assert checked(text) == ()
    assert places(elaborated(text, "L", {"S": 6, "K": 3})[1]) == []
    assert places(elaborated(text, "L", {"S": 6, "K": 4})[1]) == [("E0302", 5, 21)]
