"""Sizes that are read from the shapes of a routine's arguments."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from tnc.ir.lifetime import variables
from tnc.ir.program import Line, Routine
from tnc.lower.names import Names, safe
from tnc.record import record

FACTORS = 3
"""A size is the product of so many axes at most."""


@record
class Axis:
    """Axis `index` of the `rank` axes of an argument, and the modes that it holds."""

    argument: str
    index: int
    rank: int
    modes: tuple[str, ...]


Extents = Mapping[Axis, int]
"""The sizes of axes, as they are in one layer."""


def products(sizes: Sequence[int], layers: Sequence[Extents]) -> Iterator[tuple[Axis, ...]]:
    """The axes whose product is `sizes[k]` in layer number `k`, for all of them; short products
    first."""
    axes: dict[tuple[str, ...], Axis] = {}
    for axis in layers[0]:
        axes.setdefault(axis.modes, axis)
    for count in range(1, FACTORS + 1):
        for some in combinations(axes.values(), count):
            if all(
                math.prod(each[axis] for axis in some) == size
                for size, each in zip(sizes, layers, strict=True)
            ):
                yield some


class Choice:
    """Chooses among products for the sizes of one line: those of modes that its comment says, best
    of its result, each in its turn."""

    def __init__(self, comment: str) -> None:
        result, _, rest = comment.partition("<-")
        self._result, self._rest = (re.findall(r"[^\s(),]+", text) for text in (result, rest))
        self._used: Counter[str] = Counter()

    def take(self, found: Iterable[tuple[Axis, ...]]) -> tuple[Axis, ...]:
        best = min(found, key=self._strange)
        self._used.update(_modes(best))
        return best

    def _strange(self, axes: tuple[Axis, ...]) -> tuple[int, ...]:
        modes = _modes(axes)
        return (
            sum(mode not in self._result for mode in modes),
            sum(mode not in (*self._result, *self._rest) for mode in modes),
            sum(self._used[mode] for mode in modes),
            len(axes),
            *(self._result.index(mode) for mode in modes if mode in self._result),
        )


def _modes(axes: Iterable[Axis]) -> list[str]:
    return [mode for axis in axes for mode in axis.modes]


class Readings:
    """The axes whose sizes the lines of a routine want, each under a name of its own."""

    def __init__(self, routine: Routine) -> None:
        self._routine = routine
        self._taken = _taken(routine)
        self._names = Names(self._taken)
        self._read: dict[Axis, str] = {}

    def text(self, axes: Iterable[Axis]) -> str:
        """The product of the sizes of some axes, as Python."""
        return " * ".join(map(self._name, axes))

    def _name(self, axis: Axis) -> str:
        if axis not in self._read:
            wish = safe("_".join(axis.modes))
            self._read[axis] = self._names.take(wish if wish not in self._taken else f"{wish}_size")
        return self._read[axis]

    def lines(self) -> tuple[Line, ...]:
        """The definitions of sizes of the routine, with those that are read besides."""
        lines, arguments = list(self._routine.sizes), self._routine.arguments
        for argument in arguments:
            wanted = {axis.index: axis for axis in self._read if axis.argument == argument}
            if wanted:
                old = next((line for line in lines if _indices(line, argument)), None)
                targets = {k: self._read[axis] for k, axis in wanted.items()}
                targets |= _indices(old, argument) if old else {}
                new = _definition(argument, targets, next(iter(wanted.values())).rank)
                lines = [new, *(line for line in lines if line is not old)]
        order = {argument: k for k, argument in enumerate(arguments)}
        return tuple(sorted(lines, key=lambda line: order.get("".join(line.reads), len(order))))


def _taken(routine: Routine) -> set[str]:
    """Every name in a routine."""
    lines = (*routine.sizes, *routine.forward, *routine.backward, *routine.tangent)
    read = {name for line in lines for name in variables(line.expression)}
    given = (*routine.arguments, *routine.seeds, *routine.tangents)
    return {*read, *given, *(target for line in lines for target in line.targets)}


def _indices(line: Line | None, argument: str) -> dict[int, str]:
    """The axes of the argument of which a line takes the sizes, with their variables."""
    if line is None:
        return {}
    if line.expression == f"{argument}.shape":
        return {k: target for k, target in enumerate(line.targets) if target != "_"}
    found = re.fullmatch(rf"{re.escape(argument)}\.shape\[(\d+)\]", line.expression)
    return {int(found[1]): line.targets[0]} if found else {}


def _definition(argument: str, targets: Mapping[int, str], rank: int) -> Line:
    if len(targets) == 1:
        ((index, name),) = targets.items()
        return Line((name,), f"{argument}.shape[{index}]", (argument,))
    every = tuple(targets.get(index, "_") for index in range(rank))
    return Line(every, f"{argument}.shape", (argument,))
