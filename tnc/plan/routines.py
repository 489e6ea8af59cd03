"""A routine run on hollow tensors, as its `autograd.Function` runs: forward, then backward."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from tnc.ir.lifetime import deaths
from tnc.ir.program import Line, Routine
from tnc.ir.strides import Ints
from tnc.plan.functions import run
from tnc.plan.hollow import Tensor
from tnc.record import record

Scope = dict[str, Any]
"""Variables: hollow tensors and sizes."""


@record
class Applied:
    """A call of a routine after its forward. `scope` holds what the call keeps, and all sizes;
    `weights` are the arguments that live longer than any call."""

    routine: Routine
    scope: Scope
    shapes: tuple[Ints, ...]
    weights: frozenset[str]

    def pull(
        self, seeds: Sequence[Tensor | None], wanted: frozenset[int]
    ) -> tuple[Tensor | None, ...]:
        """The gradients of the arguments whose positions are in `wanted`."""
        routine, scope = self.routine, self.scope
        given = next(seed for seed in seeds if seed is not None)
        for name, seed, shape in zip(routine.seeds, seeds, self.shapes, strict=True):
            scope[name] = given.new(shape) if seed is None else seed
        self._let_go()
        held = [name for name in _kept(routine) if name in scope and name not in self.weights]
        dying = deaths(routine.backward, held, [name for name in routine.gradients if name])
        scope["needs"] = tuple(k in wanted for k in range(len(routine.arguments)))
        execute(routine.backward, scope, dying, wanted)
        pairs = list(enumerate(routine.gradients))
        return tuple(scope[name] if name and k in wanted else None for k, name in pairs)

    def _let_go(self) -> None:
        """What the backward does not read is let go first, but for the last, which the variable
        `_` holds."""
        read = _read(self.routine.backward) | set(self.routine.gradients)
        for name in _kept(self.routine):
            if name not in read:
                self.scope["_"] = self.scope.pop(name)


def apply(
    routine: Routine, arguments: Sequence[Tensor], weights: Collection[str]
) -> tuple[list[Tensor], Applied]:
    """The outputs, and what is kept for the backward."""
    scope: Scope = dict(zip(routine.arguments, arguments, strict=True))
    execute(routine.sizes, scope)
    sizes = {name: value for name, value in scope.items() if isinstance(value, int)}
    results = (*routine.outputs, *routine.saved)
    execute(routine.forward, scope, deaths(routine.forward, (), results))
    outputs = [scope[name] for name in routine.outputs]
    kept = {name: scope[name] for name in _kept(routine)}
    shapes = tuple(output.shape for output in outputs)
    return outputs, Applied(routine, sizes | kept, shapes, frozenset(weights))


def _kept(routine: Routine) -> tuple[str, ...]:
    """What stays for the derivatives: all arguments where something would have to be computed
    anew, else those that are read."""
    if routine.saved:
        return (*routine.arguments, *routine.saved)
    read = _read((*routine.backward, *routine.tangent)) | set(routine.gradients)
    return tuple(name for name in routine.arguments if name in read)


def _read(lines: Iterable[Line]) -> set[str | None]:
    return {name for line in lines for name in line.reads}


def execute(
    lines: Sequence[Line],
    scope: Scope,
    dying: Sequence[Sequence[str]] = (),
    wanted: frozenset[int] = frozenset(),
) -> None:
    """Run lines, without those for gradients that nobody wants, and delete what is `dying`."""
    for line, dead in zip(lines, dying or [()] * len(lines), strict=True):
        if not line.needs or line.needs & wanted:
            _assign(scope, line.targets, run(line, scope))
        for name in dead:
            scope.pop(name, None)


def _assign(scope: Scope, targets: Sequence[str], value: Any) -> None:
    scope.update(zip(targets, (value,) if len(targets) == 1 else value, strict=True))
