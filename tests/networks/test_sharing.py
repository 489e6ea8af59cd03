"""Layers inside of a network that differ in sizes only share their routines."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

import tnc
from tests.networks.reading import LAYERS, random
from tnc.driver import project

FACTORED = """
layer CP(S: int, T: int, R: int, stride: int = 1, dilation: int = 1, reach = "same", k: int = 3) {
  mode n, h, w, s: S, t: T, r: R, i: k, j: k
  conv(stride: stride, dilation: dilation, pad: reach) h' = h * i, w' = w * j
  input x[n, s, h, w]
  weight A[s, r], C[r, i, j], B[r, t]
  output y[n, t, h', w'] = x * A * C * B
}
layer Split(a: int, b: int) {
  mode n, i: a, j: b, r: 2, t: 6
  input x[n, (i, j)]
  weight W[j, r], V[r, t]
  output y[n, (i, t)] = x * W * V
}
"""
SIZES = ((8, 12, 3), (12, 20, 5), (20, 16, 4))
CHAIN = " |> relu |> ".join(f"CP({s}, {t}, {r})" for s, t, r in SIZES)
FORMATS = (torch.contiguous_format, torch.channels_last)


def net(stages: str, axes: str = "c, h, w", size: int = 8) -> str:
    modes = axes.replace("c", f"c: {size}")
    body = f"mode n, {modes}\n input x[n, {axes}]\n output y = x |> {stages}\n"
    return f"{FACTORED}layer Net {{\n {body}}}"


def made(stages: str = CHAIN, *where: Any, **options: Any) -> Any:
    options.setdefault("bind", {"n": 4, "h": 16, "w": 16})
    if where:
        options["bind"] = {"n": 64}
    return tnc.compile(source=LAYERS + net(stages, *where), layer="Net", **options)


def module(compiled: Any) -> nn.Module:
    torch.manual_seed(0)
    found: nn.Module = compiled.module.Net(dtype=torch.float64)
    return found


@contextmanager
def apart() -> Iterator[None]:
    """Sharing is switched off."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(project, "share", tuple)
        yield


def forwards(source: str) -> list[str]:
    """The planned forwards of the module, but those for channels that lie last."""
    found = re.findall(r"^def (\w+)_forward\(", source, re.MULTILINE)
    return [name for name in found if "channels_last" not in name]


@pytest.fixture(scope="module")
def pair() -> tuple[nn.Module, nn.Module]:
    """The same network with and without shared routines."""
    one = made()
    with apart():
        other = made()
    assert len(forwards(one.source)) == 1
    assert len(forwards(other.source)) == 3
    return module(one), module(other)


def reference(weights: Sequence[torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """The network in PyTorch, with whole kernels."""
    for k in range(0, len(weights), 3):
        kernel = torch.einsum("sr,rij,rt->tsij", *weights[k : k + 3])
        x = functional.conv2d(x.relu() if k else x, kernel, padding=1)
    return x


def image(memory: torch.memory_format) -> torch.Tensor:
    torch.manual_seed(1)
    return random(2, 8, 7, 9).contiguous(memory_format=memory)


Plain = Callable[[Sequence[torch.Tensor], torch.Tensor], torch.Tensor]


def plain(network: nn.Module) -> Plain:
    names = [name for name, _ in network.named_parameters()]

    def call(weights: Sequence[torch.Tensor], x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = torch.func.functional_call(
            network, dict(zip(names, weights, strict=True)), (x,)
        )
        return found

    return call


def first(call: Plain, weights: list[torch.Tensor], x: torch.Tensor) -> list[torch.Tensor]:
    y = call(weights, x)
    return [y, *torch.autograd.grad(y.square().sum(), [x, *weights])]


def second(call: Plain, weights: list[torch.Tensor], x: torch.Tensor) -> list[torch.Tensor]:
    grads = torch.autograd.grad(call(weights, x).square().sum(), [x, *weights], create_graph=True)
    return list(
        torch.autograd.grad(torch.stack([g.square().sum() for g in grads]).sum(), [x, *weights])
    )


def tangent(call: Plain, weights: list[torch.Tensor], x: torch.Tensor) -> list[torch.Tensor]:
    torch.manual_seed(2)
    dots = [torch.randn_like(each) for each in (*weights, x)]
    given = (*(each.detach() for each in weights), x.detach())
    return list(torch.func.jvp(lambda *each: call(each[:-1], each[-1]), given, tuple(dots)))


def mapped(call: Plain, weights: list[torch.Tensor], x: torch.Tensor) -> list[torch.Tensor]:
    def loss(x: torch.Tensor) -> torch.Tensor:
        return call(weights, x[None]).square().sum()

    return [torch.func.vmap(torch.func.grad(loss))(x.detach())]


@pytest.mark.parametrize("memory", FORMATS, ids=["contiguous", "channels_last"])
@pytest.mark.parametrize("look", [first, second, tangent, mapped])
def test_a_network_with_shared_routines_computes_the_same(
    pair: tuple[nn.Module, nn.Module],
    look: Callable[[Plain, list[torch.Tensor], torch.Tensor], list[torch.Tensor]],
    memory: torch.memory_format,
) -> None:
    shared, separate = pair
    weights = [each.detach().clone().requires_grad_() for each in shared.parameters()]
    x = image(memory).requires_grad_()
    found = look(plain(shared), weights, x)
    for other in (plain(separate), reference):
        for ours, theirs in zip(found, look(other, weights, x), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)


def test_shared_routines_under_autocast(pair: tuple[nn.Module, nn.Module]) -> None:
    shared, separate = (copy.deepcopy(each).float() for each in pair)
    x = image(torch.contiguous_format).float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y, expected = shared(x), separate(x)
    assert y.dtype == torch.bfloat16
    torch.testing.assert_close(y, expected)
    y.sum().backward()
    expected.sum().backward()
    for ours, theirs in zip(shared.parameters(), separate.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad)


@pytest.mark.slow
def test_shared_routines_are_compiled_and_exported(pair: tuple[nn.Module, nn.Module]) -> None:
    shared, separate = pair
    x = image(torch.contiguous_format)
    compiled = torch.compile(shared, fullgraph=True, backend="aot_eager")
    ours = torch.autograd.grad(compiled(x).square().sum(), list(shared.parameters()))
    theirs = torch.autograd.grad(separate(x).square().sum(), list(separate.parameters()))
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other)
    dynamic = {"x": {0: torch.export.Dim("n", min=2, max=64)}}
    exported = torch.export.export(shared, (x,), dynamic_shapes=dynamic).module()
    more = random(5, 8, 7, 9)
    torch.testing.assert_close(exported(more), separate(more))


def test_sizes_are_read_from_shapes_and_strides_are_not() -> None:
    source = made().source
    start = source.index("def _product_forward(")
    forward = source[start : source.index("\n\n\n", start)]
    assert "r = A.shape[1]" in forward
    assert " mac" not in forward
    assert re.search(r"conv2d\(u, .+, None, 1, 1, 1, r\)", forward)


@pytest.mark.parametrize(
    ("stages", "where", "routines"),
    [
        ("CP(8, 12, 3) |> CP(12, 20, 5)", (), 1),
        ("CP(8, 12, 3) |> CP(12, 20, 5, stride: 2)", (), 2),
        ("CP(8, 12, 3) |> CP(12, 20, 5, dilation: 2)", (), 2),
        ('CP(8, 12, 3) |> CP(12, 20, 5, reach: "valid")', (), 2),
        (
            "CP(8, 12, 2, dilation: 2) |> CP(12, 20, 3, dilation: 3)",
            (),
            2,
        ),  # no ranks, though equal to them
        ("CP(8, 12, 3) |> CP(12, 20, 5, k: 5)", (), 2),
        ("CP(8, 12, 3) |> CP(12, 20, 90)", (), 2),  # another plan
        ("Split(2, 4) |> Split(2, 6)", ("c",), 1),
        ("Split(2, 4) |> Split(3, 4)", ("c",), 2),  # no axis has the 3
    ],
)
def test_only_sizes_that_can_be_read_may_differ(
    stages: str, where: tuple[str, ...], routines: int
) -> None:
    compiled = made(stages, *where)
    assert len(forwards(compiled.source)) == routines
    with apart():
        other = made(stages, *where)
    assert len(forwards(other.source)) == 2
    x = random(2, 8, *([9, 9] if not where else []))
    shared, separate = module(compiled), module(other)
    torch.testing.assert_close(shared(x), separate(x))
    ours = torch.autograd.grad(shared(x).square().sum(), list(shared.parameters()))
    theirs = torch.autograd.grad(separate(x).square().sum(), list(separate.parameters()))
    for one, two in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, two)


def test_a_network_is_the_same_every_time() -> None:
    assert made().source == made().source


# ---------------------------------------------------------------- doors


def test_layers_inside_do_not_ask_for_what_the_network_proves() -> None:
    compiled = made()
    assert re.findall(r"def (_check_\w+)", compiled.source) == ["_check_Net"]
    network = module(compiled)
    for shape in ((2, 7, 9, 9), (2, 8, 9)):
        with pytest.raises(compiled.module.ShapeError):
            network(random(*shape))


def test_layers_inside_refuse_images_that_leave_nothing() -> None:
    compiled = made('CP(8, 12, 3, reach: "valid") |> CP(12, 20, 5, reach: "valid")')
    network = module(compiled)
    assert network(random(1, 8, 5, 5)).shape == (1, 20, 1, 1)
    with pytest.raises(compiled.module.ShapeError, match="which leaves"):
        network(random(1, 8, 4, 5))


def test_what_externs_give_is_looked_at() -> None:
    text = """
extern Half(C: int): [n, C] -> [n, C] = torch.nn.AdaptiveAvgPool1d(C // 2)
layer Net {
  mode n, c: 8
  input x[n, c]
  output y = x |> Half(8) |> Low(8, 4)
}
"""
    compiled = tnc.compile(source=LAYERS + text, layer="Net")
    assert "def _check_Low(" in compiled.source
    with pytest.raises(compiled.module.ShapeError, match="has size 4 in mode s"):
        compiled.module.Net()(torch.randn(2, 8))


def test_run_time_sizes_that_must_agree_are_compared() -> None:
    text = """
layer Both {
  mode a: 3
  input x[..., a], z[..., a]
  output y[..., a] = x * z
}
layer Net {
  mode n, m, k, a: 3
  input x[n, m, a], z[m, k, a]
  let f = Both()
  output y = f(x, z)
}
"""
    compiled = tnc.compile(source=LAYERS + text, layer="Net")
    network = compiled.module.Net()
    assert network(torch.ones(2, 2, 3), torch.ones(2, 2, 3)).shape == (2, 2, 3)
    with pytest.raises(compiled.module.ShapeError, match="leading axes"):
        network(torch.ones(4, 1, 3), torch.ones(1, 4, 3))


@pytest.mark.slow
@pytest.mark.parametrize("family", ["CP", "rCP"])
def test_a_large_network_stays_readable(family: str) -> None:
    compiled = tnc.compile("std.nets", "ResNet50", set={"Conv": f"{family}(ratio: 0.1)"})
    assert compiled.source.count("\n") < 5000
