"""What the layers of a model are given when it is called once."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tnc.ir.layer import LEADING, Layer
from tnc.record import record

_TORCH, _TNC = (str(Path(each.__file__ or "").parent) for each in (torch, sys.modules["tnc"]))


class ExampleFailed(ValueError):
    """The model raises an exception for the example."""


Example = Tensor | tuple[Any, ...] | Mapping[str, Any]
"""What a model is called with: one tensor, positional arguments, or arguments by name."""


@record
class Use:
    """How a layer is called: the shape of its input the first time, and how often."""

    shape: tuple[int, ...]
    calls: int


def watched(
    model: nn.Module, example: Example, modules: Sequence[nn.Module]
) -> tuple[dict[nn.Module, Use], Any]:
    """How `modules` are used when the model is called, and the shapes of what it gives. It runs in
    evaluation mode and without gradients, and is left as it was.

    Errors: ExampleFailed.
    """
    found: dict[nn.Module, Use] = {}

    def note(module: nn.Module, given: tuple[Any, ...]) -> None:
        if given and isinstance(given[0], Tensor):
            before = found.get(module)
            shape = before.shape if before else tuple(given[0].shape)
            found[module] = Use(shape, (before.calls if before else 0) + 1)

    with ExitStack() as stack:
        stack.enter_context(_evaluated(model))
        for module in modules:
            stack.enter_context(_hooked(module, note))
        try:
            given = _call(model, example)
        except Exception as error:  # the model is the user's code, which may raise anything
            raise ExampleFailed(raised("the model", error)) from error
    return found, shapes(given)


def raised(what: str, error: BaseException) -> str:
    """What went wrong in users' code, and where, in a line."""
    text = " ".join(str(error).split())
    frames = traceback.extract_tb(error.__traceback__)
    own = [each for each in frames if not each.filename.startswith(("<frozen", _TORCH, _TNC))]
    place = f" ({_near(own[-1].filename)}:{own[-1].lineno})" if own else ""
    return f"{what} raises {type(error).__name__}{': ' if text else ''}{text}{place}"


def _near(name: str) -> str:
    """The path of a file as seen from the current folder, if it is below."""
    place, here = Path(name), Path.cwd()
    return str(place.relative_to(here)) if place.is_relative_to(here) else name


@contextmanager
def _hooked(module: nn.Module, note: Callable[..., None]) -> Iterator[None]:
    handle = module.register_forward_pre_hook(note)
    try:
        yield
    finally:
        handle.remove()


@contextmanager
def _evaluated(model: nn.Module) -> Iterator[None]:
    flags = {module: module.training for module in model.modules()}
    devices = range(torch.cuda.device_count())
    try:
        model.eval()
        with torch.no_grad(), torch.random.fork_rng([*devices]):
            yield
    finally:
        for module, flag in flags.items():
            module.training = flag


def _call(model: nn.Module, example: Example) -> Any:
    match example:
        case Tensor():
            return model(example)
        case Mapping():
            return model(**example)
        case _:
            return model(*example)


def shapes(given: Any) -> Any:
    """The same with shapes in place of tensors."""
    match given:
        case Tensor():
            return tuple(given.shape)
        case Mapping():
            return {key: shapes(value) for key, value in given.items()}
        case list() | tuple():
            return [shapes(value) for value in given]
        case _:
            return type(given).__name__


def binding(layer: Layer, shape: Sequence[int]) -> dict[str, int]:
    """The run-time sizes of a layer whose input has this shape."""
    (port,) = layer.inputs
    sizes = list(shape)
    if [mode.name for mode in port.axes[0]] == [LEADING]:
        more = len(sizes) - len(port.axes) + 1
        sizes = [int(torch.Size(sizes[:more]).numel()), *sizes[more:]]
    elif len(sizes) == len(port.axes) - 1:  # a single sample
        sizes = [1, *sizes]
    axes = {f"{port.name}.{k}": size for k, size in enumerate(sizes)}
    return {entry.symbol: entry.sources[0].evaluate(axes) for entry in layer.run_time}
