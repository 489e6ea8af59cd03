"""Time and memory of layers beside each other, forward alone and with all gradients."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from tnc.api import allocations
from tnc.api.timing import Clock, Run, Timing, interleaved
from tnc.record import record

Shapes = Sequence[Sequence[int]]


@record
class Setting:
    """How to measure. `threads`: of one operation of PyTorch's on the CPU. `rounds`: at most so
    many, fewer when `budget` seconds are over."""

    device: str = "cpu"
    threads: int = 1
    channels_last: bool = False
    rounds: int = 30
    budget: float = 10.0

    @property
    def clock(self) -> Clock:
        """Seconds; on a GPU what has been sent to it is waited for."""
        return time.perf_counter if self.device == "cpu" else _synchronised

    @property
    def quiet(self) -> Clock:
        """The process's own time where one thread does everything: other programs count less."""
        alone = self.device == "cpu" and self.threads == 1
        return time.process_time if alone else self.clock

    @property
    def peak(self) -> Callable[[Run], int]:
        """Most bytes that a call has allocated at once."""
        return allocations.peak if self.device == "cpu" else allocations.peak_on_device


@record
class Figures:
    """Of one layer: forward without gradients, and a step of training, which is forward and the
    gradients of all inputs and weights (None where nothing has a gradient). Bytes besides inputs,
    weights, and the incoming cotangent; `saved`: between forward and backward."""

    forward: Timing
    training: Timing | None
    forward_peak: int
    training_peak: int | None
    saved: int


def measured(
    layers: Mapping[str, nn.Module],
    shapes: Shapes,
    setting: Setting,
    begin: Callable[[int], object] = lambda number: None,
) -> dict[str, Figures]:
    """Measure layers that take inputs of these shapes, in one run. `begin` is called with the
    number of each round. Errors: what a layer raises for random inputs."""
    before = torch.get_num_threads()
    torch.set_num_threads(setting.threads)
    try:
        inputs = _inputs(shapes, setting)
        subjects = {
            name: _Subject(_placed(layer, setting), inputs) for name, layer in layers.items()
        }
        runs = {(name, kind): run for name, each in subjects.items() for kind, run in each.runs()}
        peaks = {key: setting.peak(run) for key, run in runs.items()}
        saved = {name: each.saved() for name, each in subjects.items()}
        named = {" ".join(key): run for key, run in runs.items()}
        times = interleaved(
            named, setting.rounds, budget=setting.budget, clock=setting.clock, begin=begin
        )
    finally:
        torch.set_num_threads(before)
    return {
        name: Figures(
            times[f"{name} forward"],
            times.get(f"{name} training"),
            peaks[name, "forward"],
            peaks.get((name, "training")),
            saved[name],
        )
        for name in subjects
    }


def training(layer: nn.Module, shapes: Shapes, setting: Setting) -> Run | None:
    """A step of training on random inputs; None where nothing has a gradient. Errors: what the
    layer raises."""
    subject = _Subject(_placed(layer, setting), _inputs(shapes, setting))
    return dict(subject.runs()).get("training")


@record
class _Subject:
    """A layer and what it is given."""

    layer: nn.Module
    inputs: Sequence[Tensor]

    def runs(self) -> Iterator[tuple[str, Run]]:
        yield "forward", self._forward
        if (wanted := self._wanted()) and any(out.requires_grad for out in self._outputs()):
            seeds = [torch.randn_like(out) for out in self._outputs() if out.requires_grad]
            yield "training", lambda: self._training(wanted, seeds)

    def saved(self) -> int:
        """Bytes that autograd keeps after the forward, besides inputs, weights and results."""
        kept: list[Tensor] = []

        def pack(tensor: Tensor) -> Tensor:
            kept.append(tensor)
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            outputs = self._outputs()
        given = (*self.inputs, *self.layer.parameters(), *self.layer.buffers(), *outputs)
        others = set(map(_address, given))
        sizes = {_address(one): one.untyped_storage().nbytes() for one in kept}
        return sum(size for address, size in sizes.items() if address not in others)

    def _outputs(self) -> list[Tensor]:
        self._turn(True)
        result: Any = self.layer(*self.inputs)
        return [result] if isinstance(result, Tensor) else list(result)

    def _turn(self, training: bool) -> None:
        """Into training or evaluation mode; where it is in it already that takes no time."""
        if self.layer.training != training:
            self.layer.train(training)

    def _wanted(self) -> list[Tensor]:
        return [one for one in (*self.inputs, *self.layer.parameters()) if one.requires_grad]

    def _forward(self) -> object:
        self._turn(False)
        with torch.inference_mode():
            return self.layer(*self.inputs)

    def _training(self, wanted: Sequence[Tensor], seeds: Sequence[Tensor]) -> object:
        outputs = [out for out in self._outputs() if out.requires_grad]
        return outputs, torch.autograd.grad(outputs, wanted, seeds, allow_unused=True)


def _inputs(shapes: Shapes, setting: Setting) -> list[Tensor]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        made = [torch.randn(tuple(shape)).to(setting.device) for shape in shapes]
    return [_laid_out(each, setting).requires_grad_() for each in made]


def _placed(layer: nn.Module, setting: Setting) -> nn.Module:
    layer = layer.to(setting.device)
    for weight in layer.parameters():
        weight.data = _laid_out(weight.data, setting)
    return layer


def _laid_out(tensor: Tensor, setting: Setting) -> Tensor:
    if setting.channels_last and tensor.dim() == 4:
        return tensor.contiguous(memory_format=torch.channels_last)
    return tensor


def _synchronised() -> float:
    torch.cuda.synchronize()
    return time.perf_counter()


def _address(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
