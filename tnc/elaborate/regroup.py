"""Renaming by which an axis is split into several modes, or several become one, row-major.

The position c of a merged axis is |b|·a + b for its modes a and b: the relation of a convolution
whose windows do not overlap. So splitting and merging are contractions with such a pattern, which
the rest of the compiler derives, plans and lowers like any other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from tnc.diagnostics import Span
from tnc.elaborate.products import renamed
from tnc.elaborate.scope import Scope
from tnc.ir.graph import Value
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.ops import Contract, Pattern
from tnc.record import record

Group = tuple[Mode, ...]


@record
class Regrouped:
    """The modes of one axis as the tensor has them, and as they are written: as many elements."""

    old: Group
    new: Group

    @property
    def plain(self) -> bool:
        """Whether the modes correspond one by one."""
        return len(self.old) == len(self.new)

    @property
    def size(self) -> Size:
        """The elements of the axis."""
        return Size.product(mode.size for mode in self.old)


def unknown_inner(group: Group) -> Mode | None:
    """A mode that is not the first of its group and whose size is known at run time only."""
    return next((mode for mode in group[1:] if mode.size.value is None), None)


def regrouped(scope: Scope, value: Value, axes: Sequence[Regrouped], span: Span) -> Value:
    """The same elements, axis by axis under the new modes."""
    taken = {mode.name for mode in value.type.modes} | set(scope.modes.names)
    taken |= {mode.name for axis in axes for mode in axis.new}
    names: dict[str, Mode] = {}
    merges: list[Pattern] = []
    splits: list[Pattern] = []
    for axis in axes:
        apart = axis.new
        if not axis.plain:
            apart = tuple(_fresh(mode.name, mode.size, taken) for mode in axis.old)
            (whole,) = min(apart, axis.new, (_fresh("merged", axis.size, taken),), key=len)
            if len(apart) > 1:
                merges.append(_row_major(whole, apart))
            if len(axis.new) > 1:
                splits.append(_row_major(whole, axis.new))
        names |= {old.name: new for old, new in zip(axis.old, apart, strict=True)}
    value = renamed(scope, value, names, span)
    merged = _moved(scope, value, merges, False, span)
    return _moved(scope, merged, splits, True, span)


def _moved(
    scope: Scope, value: Value, patterns: Sequence[Pattern], split: bool, span: Span
) -> Value:
    """Each pattern's one mode replaced by its several, or the reverse."""
    if not patterns:
        return value
    modes = list(value.type.modes)
    for pattern in patterns:
        one, several = [pattern.signal], [pattern.result, *pattern.taps]
        gone, come = (one, several) if split else (several, one)
        modes = [mode for mode in modes if mode not in gone] + come
    return scope.build.make(Contract(tuple(modes), tuple(patterns)), (value,), span)


def _row_major(whole: Mode, parts: Group) -> Pattern:
    """whole = Σ_k parts_k · Π sizes of the parts after it. While checking, unknown sizes are 1."""
    inner = [mode.size.value or 1 for mode in parts[1:]]
    steps = [math.prod(inner[k:]) for k in range(len(parts))]
    return Pattern(whole, parts[0], parts[1:], steps[0], tuple(steps[1:]))


def _fresh(name: str, size: Size, taken: set[str]) -> Mode:
    name += "^"
    while name in taken:
        name += "^"
    taken.add(name)
    return Mode(name, size)
