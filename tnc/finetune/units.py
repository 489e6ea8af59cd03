"""Which parts of a network are tuned one after the other, and what goes into and comes out of
them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from tnc.driver.origin import layer_of
from tnc.finetune.batches import called
from tnc.record import record


class _Enough(Exception):
    """All that was asked for has been seen: the rest of the network need not run."""


@record
class Unit:
    """A part of the network: `name`, its path in both networks; `calls`, how often it is called for
    a batch; `layer`, the path of the one layer of tnc's in it, None for a block of several."""

    name: str
    calls: int
    layer: str | None


def units(student: nn.Module, teacher: nn.Module, globs: Sequence[str], inputs: Any) -> list[Unit]:
    """The parts to tune, in the order in which they are first called: those that `globs` name, else
    every part of the teacher that the student has replaced.

    Errors: ValueError where a glob matches nothing that both networks have and that is called.
    """
    names = _named(student, teacher, globs) if globs else _replaced(student, teacher)
    calls = _calls(student, names, inputs)
    if globs:
        for glob in globs:
            if not any(fnmatchcase(name, glob) and calls[name] for name in names):
                raise ValueError(f"`{glob}` matches no part that both networks have and call")
    return [
        Unit(name, count, _only_layer(student.get_submodule(name), name))
        for name, count in calls.items()
        if count
    ]


def _named(student: nn.Module, teacher: nn.Module, globs: Sequence[str]) -> list[str]:
    theirs = {name for name, _ in teacher.named_modules()}
    found = [
        name
        for name, _ in student.named_modules()
        if name in theirs and any(fnmatchcase(name, glob) for glob in globs)
    ]
    return [name for name in found if not any(name.startswith(f"{outer}.") for outer in found)]


def _replaced(student: nn.Module, teacher: nn.Module) -> list[str]:
    """The outermost parts of which the student has another class."""
    found: list[str] = []
    ours = dict(student.named_modules())
    for name, module in teacher.named_modules():
        if any(name.startswith(f"{outer}.") for outer in found):
            continue
        if name in ours and type(ours[name]) is not type(module) and name:
            found.append(name)
    return found


def _calls(student: nn.Module, names: Sequence[str], inputs: Any) -> dict[str, int]:
    """How often each part is called for a batch, in the order of the first calls."""
    counts: dict[str, int] = {}

    def count(name: str) -> None:
        counts[name] = counts.get(name, 0) + 1

    handles = [
        student.get_submodule(name).register_forward_pre_hook(lambda *_, name=name: count(name))
        for name in names
    ]
    try:
        with torch.no_grad():
            called(student, inputs)
    finally:
        for handle in handles:
            handle.remove()
    return counts


def _only_layer(part: nn.Module, name: str) -> str | None:
    """The path of the layer of tnc's that has all weights of a part, if there is one."""
    made = [path for path, each in part.named_modules() if layer_of(type(each)) is not None]
    if not made:
        return None
    outer = made[0]  # modules come before those inside of them
    inside = set(part.get_submodule(outer).parameters())
    if any(parameter not in inside for parameter in part.parameters()):
        return None
    return f"{name}.{outer}" if outer else name


@dataclass(slots=True)
class Probe:
    """Reads what goes into a part of a network (its first argument), or with `results` what comes
    out of it, call by call. The network runs no further than that, and learns nothing. It is a
    context: what reads is taken off at its end."""

    network: nn.Module
    path: str
    calls: int
    results: bool
    _found: list[Tensor] = field(default_factory=list)
    _handle: RemovableHandle | None = None

    def __enter__(self) -> Probe:
        part = self.network.get_submodule(self.path)
        if self.results:
            self._handle = part.register_forward_hook(lambda _, inputs, output: self._keep(output))
        else:
            self._handle = part.register_forward_pre_hook(
                lambda _, inputs, named: self._keep(next(iter((*inputs, *named.values())), None)),
                with_kwargs=True,
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self._handle is not None:
            self._handle.remove()

    def __call__(self, inputs: Any) -> list[Tensor]:
        """What is read when the network gets a batch."""
        self._found = []
        try:
            with torch.no_grad():
                called(self.network, inputs)
        except _Enough:
            pass
        return self._found

    def _keep(self, value: Any) -> None:
        if not isinstance(value, Tensor):
            verb = "gives" if self.results else "takes"
            kind = type(value).__name__
            raise TypeError(f"`{self.path}` {verb} a {kind}, not a tensor: tune parts inside of it")
        self._found.append(value.detach().clone())  # the network may go on, and change it in place
        if len(self._found) == self.calls:
            raise _Enough
