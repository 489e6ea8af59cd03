"""Ways of computing a step: which forms it wants, what it gives, what it costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from functools import cache

from tnc.ir.graph import Value
from tnc.ir.layer import Axes
from tnc.ir.scalar import Scalar
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.lower.forms import Form, Order, copies, flat, solid
from tnc.record import record

COPY, LAUNCH = 1, 3000
"""Nanoseconds: moving one element, one call of a kernel."""

CACHE, LINE = 2**14, 16
"""So many elements stay in the cache while they are moved; so many are read at once."""

FAR = 4
"""So many times as long a copy takes that has to read a line again for each of its elements."""


@record
class Step:
    """One call: `values` are computed together from `operands`."""

    values: tuple[Value, ...]
    operands: tuple[Value, ...]


@record
class Way:
    """`template` is filled with the operands, then with `numbers`.

    `wants` and `gives` are the axes of operands and results. `inner`: per operand, the axes of
    which one must lie innermost in memory, else it is copied. `fits`: per operand, the
    orders in memory that the call takes without copying. `cost` is in nanoseconds, without copies.
    `unpacked`: of a call with several results, which value each one is; None for what nobody needs.
    """

    wants: tuple[Axes, ...]
    gives: tuple[Form, ...]
    template: str
    numbers: tuple[Order | Size | Scalar, ...] = ()
    inner: tuple[tuple[int, ...], ...] = ()
    fits: tuple[tuple[Order, ...], ...] = ()
    cost: int = LAUNCH
    note: str = ""
    unpacked: tuple[int | None, ...] = ()

    def copied(self, k: int, order: Order) -> bool:
        """Whether operand `k`, lying in memory as `order`, has to be copied."""
        lies = solid(order)
        if copies(order, self.wants[k]) or self.scattered(k, order):
            return True
        return bool(self.fits and self.fits[k] and lies not in map(solid, self.fits[k]))

    def scattered(self, k: int, order: Order) -> bool:
        """Whether operand `k`, lying in memory as `order`, is presented without a copy and then
        has none of the axes innermost of which the call needs one."""
        want, lies = self.wants[k], solid(order)
        if not self.inner or not self.inner[k] or not lies or copies(order, want):
            return False
        return not any(lies[-1] in want[axis] for axis in self.inner[k])


class Measure:
    """Numbers of elements at the sizes for which the layout is chosen. `last`: whether the layer
    follows images that have their channels last."""

    def __init__(self, binding: Mapping[str, int], last: bool = False) -> None:
        self.binding, self.last = binding, last
        self._one = cache(self._size)
        self.copy = cache(self._copy)

    def __call__(self, modes: Iterable[Mode]) -> int:
        total = 1
        for mode in modes:
            total *= self._one(mode)
        return total

    def _copy(self, order: Order, target: Order) -> int:
        """Nanoseconds of a copy from one order in memory to another.

        The lines of the cache that are read are written as they are; or they stay until all of
        their elements have been written; or they are read again and again. On one thread of a CPU,
        4 M elements: 3 to 5 ms, 5 ms, 17 to 22 ms.
        """
        cost, within = 2 * COPY * self(order), 1
        line = self._line(order)
        if line == self._line(target):
            return LAUNCH + cost // 2
        waiting = set(line)
        for mode in reversed(solid(target)):
            waiting.discard(mode)
            within *= self._one(mode)
            if waiting and within > CACHE:
                return LAUNCH + FAR * cost
        return LAUNCH + cost

    def _line(self, order: Order) -> Order:
        """The modes along which a line of the cache lies, innermost first."""
        line: Order = ()
        for mode in reversed(solid(order)):
            if self(line) >= LINE:
                break
            line = (*line, mode)
        return line

    def _size(self, mode: Mode) -> int:
        return max(1, mode.size.evaluate(self.binding))


@record
class Site:
    """A step, the forms of its operands, and the sizes that count."""

    step: Step
    forms: tuple[Form, ...]
    measure: Measure = field(compare=False)

    @property
    def value(self) -> Value:
        return self.step.values[0]

    @property
    def orders(self) -> tuple[Order, ...]:
        return tuple(form.order for form in self.forms)


def apart(axes: Axes, *modes: Mode) -> Axes:
    """The axes, split so that each of `modes` has one to itself."""
    parts: list[Order] = []
    for axis in axes:
        run: Order = ()
        for mode in axis:
            if mode in modes:
                parts.extend(part for part in (run, (mode,)) if part)
                run = ()
            else:
                run = (*run, mode)
        if run or not axis:
            parts.append(run)
    present = set(flat(axes))
    parts.extend((mode,) for mode in modes if mode not in present)
    return tuple(parts)


def axis_of(axes: Axes, mode: Mode) -> int:
    return next(k for k, axis in enumerate(axes) if mode in axis)
