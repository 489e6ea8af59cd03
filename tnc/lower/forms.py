"""How a tensor lies in memory, and the views that present it otherwise.

A *form* says which modes stand on which axis, and in which order they are expected in memory. The
expectation only guides the choice of layouts: a merge is written `reshape` or `flatten`, a view
where memory permits it and a copy elsewhere, so the lines are right for every stride.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from functools import lru_cache

from tnc.ir.layer import Axes
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.record import record

Order = tuple[Mode, ...]


@record
class Form:
    """`axes` are exact; `order` is the expected order in memory, outermost first."""

    axes: Axes
    order: Order

    @staticmethod
    def plain(order: Iterable[Mode]) -> Form:
        """One axis per mode, contiguous."""
        order = tuple(order)
        return Form(tuple((mode,) for mode in order), order)

    @staticmethod
    def packed(*axes: Iterable[Mode]) -> Form:
        """The given axes, contiguous."""
        groups = tuple(tuple(axis) for axis in axes)
        return Form(groups, flat(groups))

    @property
    def modes(self) -> Order:
        return flat(self.axes)


@record
class View:
    """One method call on a tensor: `name` with axis numbers, or with a shape, or (`flatten`) with
    either."""

    name: str
    numbers: tuple[int, ...] = ()
    shape: Axes | None = None


@lru_cache(1 << 14)
def flat(axes: Axes) -> Order:
    return tuple(itertools.chain.from_iterable(axes))


@lru_cache(1 << 14)
def solid(modes: Order) -> Order:
    """A mode of size 1 may stand anywhere."""
    return tuple([mode for mode in modes if not mode.unit])


def extent(modes: Iterable[Mode]) -> Size:
    return Size.product(mode.size for mode in modes)


@lru_cache(1 << 14)
def bare(axes: Axes) -> Axes:
    return tuple(solid(axis) for axis in axes)


@lru_cache(1 << 14)
def copies(order: Order, want: Axes) -> bool:
    """Whether merging to `want` moves elements of a tensor that lies in memory as `order`."""
    place = {mode: k for k, mode in enumerate(solid(order))}
    return any(
        place[second] != place[first] + 1
        for axis in bare(want)
        for first, second in itertools.pairwise(axis)
    )


def ordered(modes: Iterable[Mode], like: Order) -> Order:
    """`modes` in the order of `like`; those which it lacks come last."""
    place = {mode: k for k, mode in enumerate(like)}
    return tuple(sorted(modes, key=lambda mode: place.get(mode, len(place))))


def views(axes: Axes, want: Axes) -> tuple[View, ...]:
    """The method calls that turn a tensor with `axes` into one with `want`: at most a split, a
    permutation and a merge."""
    here, there = bare(axes), bare(want)
    if flat(here) == flat(there):
        return _regroup(here, there)
    runs, atoms = (
        _turned(here, _runs(here, there), there),
        _turned(here, _atoms(here, there), there),
    )
    return runs if len(runs) <= len(atoms) else atoms


def _turned(here: Axes, parts: Axes, there: Axes) -> tuple[View, ...]:
    """From `here` to `parts`, these in the order of `there`, and then grouped so."""
    place = {mode: k for k, mode in enumerate(flat(there))}
    turned = sorted(range(len(parts)), key=lambda k: place[parts[k][0]])
    moved = tuple(parts[k] for k in turned)
    return (*_regroup(here, parts), *_permute(turned), *_regroup(moved, there))


def _runs(here: Axes, there: Axes) -> Axes:
    """The longest pieces, across axes, that stay together in `there`."""
    return _atoms((flat(here),), there)


def _atoms(here: Axes, there: Axes) -> Axes:
    """The coarsest split of the axes `here` from which `there` is a permutation and a merge."""
    follows = {(first, second) for axis in there for first, second in itertools.pairwise(axis)}
    atoms: list[Order] = []
    for axis in here:
        for k, mode in enumerate(axis):
            if k and (axis[k - 1], mode) in follows:
                atoms[-1] = (*atoms[-1], mode)
            else:
                atoms.append((mode,))
    return tuple(atoms)


def _permute(turned: Sequence[int]) -> tuple[View, ...]:
    rank = len(turned)
    if list(turned) == list(range(rank)):
        return ()
    if list(turned) == [1, 0]:
        return (View("t"),)
    if list(turned) == [*range(rank - 2), rank - 1, rank - 2]:
        return (View("mT"),)
    return (View("permute", tuple(turned)),)


def _regroup(here: Axes, there: Axes) -> tuple[View, ...]:
    """From one grouping to another of the same modes in the same order."""
    if here == there:
        return ()
    first = _agreeing(here, there)
    last = _agreeing(here[first:][::-1], there[first:][::-1])
    old, new = here[first : len(here) - last], there[first : len(there) - last]
    if not old and len(new) == 1:
        return (View("unsqueeze", (first,)),)
    if not new and len(old) == 1:
        return (View("squeeze", (first,)),)
    if len(new) == 1:
        numbers = (first,) if not last else (first, first + len(old) - 1)
        return (View("flatten", numbers, there),)
    merges = any(mode in axis[1:] and mode not in _tails(here) for axis in there for mode in axis)
    return (View("reshape" if merges else "view", shape=there),)


def _agreeing(here: Sequence[Order], there: Sequence[Order]) -> int:
    """How many leading axes are the same."""
    count = 0
    for old, new in zip(here, there, strict=False):
        if old != new:
            break
        count += 1
    return count


def _tails(axes: Axes) -> frozenset[Mode]:
    """The modes that follow another one on their axis."""
    return frozenset(mode for axis in axes for mode in axis[1:])
