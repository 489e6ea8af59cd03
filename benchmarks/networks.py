"""What is no single layer: the overhead of a call, the rate of arithmetic, a network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import opt_einsum
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from benchmarks.cases import CONVOLUTIONS, Image, convolution, tiny
from benchmarks.einsums import CONTRACTORS, Einsum
from benchmarks.families import FULL, PLAIN
from benchmarks.measure import Run, inference, interleaved, training
from tnc.api.allocations import peak
from tnc.api.files import open_unit
from tnc.driver.build import compile_unit
from tnc.driver.options import Options, Request
from tnc.emit.load import load_module

BATCH = 32
NETWORKS = {FULL: "Conv", "CP": "CP(ratio: 0.1)", "TK": "TK(ratio: 0.1)"}


@dataclass(frozen=True, slots=True)
class Figure:
    """Seconds of something, and bytes at once, where these are looked at."""

    name: str
    seconds: float
    peak: int | None = None

    def to_json(self) -> dict[str, Any]:
        """A dictionary of plain values."""
        return asdict(self)


# ---------------------------------------------------------------- the overhead of a call


def overhead(rounds: int) -> Iterator[Figure]:
    """The forward of three cores on 8×8×8, a network whose arithmetic is next to nothing: our
    module, with and without gradients, and the einsum of it."""
    case = tiny()
    output = case.output()
    layer, x = case.module(output), case.input()
    built = output.built[0]
    forms = {
        name: Einsum(built.layer, dict(built.plan.binding), contractor)
        for name, contractor in CONTRACTORS.items()
    }
    runs: dict[str, Run] = {
        "tnc": lambda: layer(x),
        "tnc, without gradients": inference(case.module(output), x),
        **{name: lambda form=form: form(x) for name, form in forms.items()},
    }
    known = opt_einsum.contract_expression(
        forms["opt_einsum"].equation, x.shape, *(each.shape for each in forms["opt_einsum"].weights)
    )
    runs["opt_einsum, path known"] = lambda: known(x, *forms["opt_einsum"].weights)
    for name, timing in interleaved(runs, rounds).items():
        yield Figure(name, timing.seconds)


# ---------------------------------------------------------------- the rate of arithmetic


@dataclass(frozen=True, slots=True)
class Rate:
    """Multiply-adds per second, forward and backward together, and those of `torch.mm`."""

    name: str
    macs: float
    mm: float

    def to_json(self) -> dict[str, Any]:
        """A dictionary of plain values."""
        return asdict(self)


def rates(rounds: int) -> Iterator[Rate]:
    """Layers of 256 channels at 5 %, beside a product of large square matrices."""
    for family in CONVOLUTIONS:
        case = convolution(family, Image(256, 256, 14), 0.05)
        output = case.output()
        plan = output.built[0].plan
        a, b = torch.randn(2, 1024, 1024)
        runs: dict[str, Run] = {
            family: training(case.module(output), case.input()),
            "torch.mm": lambda a=a, b=b: torch.mm(a, b),
        }
        timings = interleaved(runs, rounds, budget=2.0 * rounds)
        layer, product = timings[family].seconds, timings["torch.mm"].seconds
        yield Rate(str(case), (plan.macs + plan.macs_backward) / layer, 1024**3 / product)


# ---------------------------------------------------------------- a network


def training_steps(rounds: int, network: str = "ResNet32", batch: int = BATCH) -> Iterator[Figure]:
    """A step of SGD of a network for images of 32×32, channels last: forward, loss, backward, and
    the change of the weights. The dense one is PyTorch's own, gradients too."""
    runs = {FULL: step(compiled(network, NETWORKS[FULL], batch, backward="autograd"), batch)}
    for name, conv in NETWORKS.items():
        if name != FULL:
            runs[name] = step(compiled(network, conv, batch), batch)
            plain = compiled(network, conv, batch, backward="autograd")
            runs[f"{name}, {PLAIN}"] = step(plain, batch)
    for name, timing in interleaved(runs, rounds).items():
        yield Figure(name, timing.seconds, peak(runs[name]))


def compiled(network: str, conv: str, batch: int, **options: Any) -> nn.Module:
    """A network of the standard library for images of 32×32, channels last."""
    torch.manual_seed(0)
    request = Request(network, {"Conv": conv})
    given = Options(binding={"n": batch, "h": 32, "w": 32}, cache=False, **options)
    output = compile_unit(open_unit("std.nets", None), [request], given)
    made: nn.Module = getattr(load_module(output.text), network)()
    return made.to(memory_format=torch.channels_last)


def step(network: nn.Module, batch: int, device: str = "cpu") -> Run:
    """A step of SGD on images of 32×32."""
    torch.manual_seed(1)
    network = network.to(device)
    x = torch.randn(batch, 3, 32, 32).to(device, memory_format=torch.channels_last)
    labels = torch.randint(10, (batch,)).to(device)
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-4)

    def run() -> Tensor:
        optimizer.zero_grad()
        loss = cross_entropy(network(x), labels)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return run
