"""The kernels that the weights of a product stand for, and their squared norms as networks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from tnc.diagnostics import Span
from tnc.ir.graph import Builder, Graph, Value, reachable
from tnc.ir.scalar import Scalar
from tnc.ir.size import Size
from tnc.ir.start import CONJUGATE
from tnc.ir.tensor import Mode
from tnc.ops import Add, Border, Call, Contract, Leaf, Mask, Pattern, Rename, Scale
from tnc.record import record

Modes = tuple[Mode, ...]

MOST_TERMS = 256
"""A product of sums which has more terms is not multiplied out."""


@record
class Factor:
    """A leaf, or a value that is not a plain product of leaves (a function of weights, weights
    convolved with each other), under the names that its modes have in the kernel."""

    value: Value
    modes: Modes

    @property
    def weights(self) -> tuple[str, ...]:
        """The weights in it, as often as they occur."""
        return tuple(_weights(self.value))

    @property
    def multilinear(self) -> bool:
        """Whether it grows with each of its weights as often as `weights` has it."""
        every = reachable((self.value,))
        return all(each.op.multilinear and not isinstance(each.op, Add) for each in every)

    @property
    def constant(self) -> bool:
        """Whether it can be computed from weights and buffers alone, all sizes being known."""
        return all(map(_known, reachable((self.value,))))


@record
class Kernel:
    """A product of factors, summed over the modes `summed`, times `scale`.

    `fan_in` is the product of the sizes of the modes that are summed between kernel and data.
    Run-time sizes are left out of it, and run-time numbers of `scale`. The taps of each pattern in
    `composed` act as one, u = Σ d_j a_j.
    """

    factors: tuple[Factor, ...]
    summed: Modes
    scale: float
    fan_in: int = 1
    origin: Span | None = None
    composed: tuple[Pattern, ...] = ()

    @property
    def weights(self) -> tuple[str, ...]:
        """The weights in it, as often as they occur."""
        return tuple(name for factor in self.factors for name in factor.weights)

    @property
    def elements(self) -> int:
        """How many it has: the product of the sizes of the modes that are not summed."""
        modes = {mode for factor in self.factors for mode in factor.modes}
        taps = {tap for pattern in self.composed for tap in pattern.taps}
        return _volume(modes.difference(self.summed, taps)) * _reach(self.composed)

    @property
    def bonds(self) -> float:
        """How many products are added up to an element, on average: the product of the sizes of
        the summed modes, and of taps that meet at one position."""
        taps = _volume(tap for pattern in self.composed for tap in pattern.taps)
        return _volume(self.summed) * taps / _reach(self.composed)


def kernels(value: Value, moving: frozenset[Value]) -> tuple[Kernel, ...]:
    """What a product has beside the data: the terms in which there is a weight.

    `moving` is what depends on an input. Modes that the data, a relation or the result have too
    stay open, taps and groups among them; the others are summed.
    """
    assert isinstance(value.op, Contract)
    still = [operand for operand in value.operands if operand not in moving]
    data = [operand.type.modes for operand in value.operands if operand in moving]
    legs = [pattern.legs for pattern in value.op.patterns]
    carried = {mode for modes in (*data, *legs) for mode in modes}
    modes = dict.fromkeys(mode for operand in still for mode in operand.type.modes)
    away = [mode for mode in modes if mode not in value.op.keep]
    composed = tuple(_composed(value.op, set(away), data))
    taps = {tap for pattern in composed for tap in pattern.taps}
    fan_in = _volume(mode for mode in away if mode in carried and mode not in taps)
    fan_in *= _reach(composed)
    bonds = tuple(mode for mode in away if mode not in carried)
    apart = _Apart({each.name for one in reachable(still) for each in one.type.modes}, set(modes))
    terms = _product([(each, each.type.modes) for each in still], bonds, apart)
    return tuple(
        replace(term, fan_in=fan_in, origin=value.origin, composed=composed)
        for term in terms
        if term.weights
    )


def _composed(op: Contract, away: set[Mode], data: Sequence[Modes]) -> Iterator[Pattern]:
    """Patterns with several taps that the weights alone have."""
    for pattern in op.patterns:
        others = [other.legs for other in op.patterns if other is not pattern]
        elsewhere = {mode for modes in (*data, *others) for mode in modes}
        taps = set(pattern.taps)
        known = all(tap.size.value is not None for tap in taps)
        if len(taps) > 1 and known and taps <= away and not taps & elsewhere:
            yield pattern


def doubled(build: Builder, kernel: Kernel) -> Graph:
    """Σ |kernel|² without the scale: the network contracted with its conjugate, the open modes
    shared and the summed ones primed. Each factor stands beside its conjugate, so that the written
    order is a sweep along a chain."""
    if kernel.composed:
        halves = [_whole(build, kernel, mark) for mark in ("", CONJUGATE)]
        return Graph((build.make(Contract(()), halves, kernel.origin),))
    values = reachable([factor.value for factor in kernel.factors])
    names = {mode.name for value in values for mode in value.type.modes}
    names |= {mode.name for factor in kernel.factors for mode in factor.modes}
    primed: dict[Mode, Mode] = {}
    for mode in kernel.summed:
        primed[mode] = _primed(mode, names)
        names.add(primed[mode].name)
    pairs: list[Value] = []
    for each in kernel.factors:
        modes = tuple(primed.get(mode, mode) for mode in each.modes)
        pairs.append(_made(build, each.value, each.modes, ""))
        pairs.append(_made(build, each.value, modes, CONJUGATE))
    return Graph((build.make(Contract(()), pairs, kernel.origin),))


def _whole(build: Builder, kernel: Kernel, mark: str) -> Value:
    """The kernel as one tensor, in which taps that act as one are one mode."""
    names = {mode.name for factor in kernel.factors for mode in factor.modes}
    open_ = dict.fromkeys(mode for factor in kernel.factors for mode in factor.modes)
    patterns = []
    for pattern in kernel.composed:
        one = _primed(Mode(pattern.result.name, Size.of(1)), names)
        names.add(one.name)
        whole = _primed(Mode(pattern.signal.name, pattern.reach + 1), names)
        names.add(whole.name)
        patterns.append(Pattern(whole, one, pattern.taps, 1, pattern.dilations))
        open_[whole] = None
    inner = {*kernel.summed, *(tap for pattern in patterns for tap in pattern.taps)}
    keep = tuple(mode for mode in open_ if mode not in inner)
    factors = [_made(build, each.value, each.modes, mark) for each in kernel.factors]
    return build.make(Contract(keep, tuple(patterns)), factors, kernel.origin)


# ---------------------------------------------------------------- multiplying out


@dataclass(slots=True)
class _Apart:
    """Names for modes that are summed inside: their own, unless it is in use."""

    names: set[str]
    used: set[Mode] = field(default_factory=set)

    def named(self, mode: Mode) -> Mode:
        new = mode
        if mode in self.used:
            new = _primed(mode, self.names)
            self.names.add(new.name)
        self.used.add(new)
        return new


def _terms(value: Value, modes: Modes, apart: _Apart) -> list[Kernel]:
    """A value as a sum of products; its modes are called `modes`."""
    named = dict(zip(value.type.modes, modes, strict=True))
    match value.op:
        case Rename():
            return _terms(value.operands[0], modes, apart)
        case Scale(factor):
            number = 1.0 if factor.value is None else factor.value
            terms = _terms(value.operands[0], modes, apart)
            return [replace(term, scale=term.scale * number) for term in terms]
        case Add():
            operands = [
                (each, tuple(map(named.__getitem__, each.type.modes))) for each in value.operands
            ]
            return [term for each, its in operands for term in _terms(each, its, apart)]
        case Contract(keep, ()):
            inner = dict.fromkeys(mode for each in value.operands for mode in each.type.modes)
            summed = {mode: apart.named(mode) for mode in inner if mode not in keep}
            named |= summed
            placed = [
                (each, tuple(map(named.__getitem__, each.type.modes))) for each in value.operands
            ]
            return _product(placed, tuple(summed.values()), apart)
    return [_alone(value, modes)]


def _product(operands: Sequence[tuple[Value, Modes]], bonds: Modes, apart: _Apart) -> list[Kernel]:
    parts = [_terms(value, modes, apart) for value, modes in operands]
    if math.prod(map(len, parts)) > MOST_TERMS:
        parts = [[_alone(value, modes)] for value, modes in operands]
    return [_joined(each, bonds) for each in product(*parts)]


def _alone(value: Value, modes: Modes) -> Kernel:
    return Kernel((Factor(value, modes),), (), 1.0)


def _joined(terms: Sequence[Kernel], bonds: Modes) -> Kernel:
    """The product of one term of each operand; a mode that none of them has is summed too, as
    often as it is long."""
    factors = tuple(factor for term in terms for factor in term.factors)
    present = {mode for factor in factors for mode in factor.modes}
    scale = math.prod(term.scale for term in terms)
    scale *= _volume(mode for mode in bonds if mode not in present)
    inner = tuple(mode for term in terms for mode in term.summed)
    return Kernel(factors, (*inner, *(mode for mode in bonds if mode in present)), scale)


# ---------------------------------------------------------------- values


def _weights(value: Value) -> Iterator[str]:
    if isinstance(value.op, Leaf) and value.op.kind == "weight":
        yield value.op.name
    for operand in value.operands:
        yield from _weights(operand)


def _known(value: Value) -> bool:
    match value.op:
        case Scale(factor):
            numbers: list[object] = [factor]
        case Call(options=options):
            numbers = [number for _, number in options]
        case Leaf() | Contract() | Add() | Rename() | Border() | Mask():
            numbers = []
        case _:
            return False
    sizes = [mode.size.value for mode in value.type.modes]
    return None not in sizes and not any(
        isinstance(number, Scalar) and number.value is None for number in numbers
    )


def _made(build: Builder, value: Value, modes: Modes, mark: str) -> Value:
    """The same value in another builder, its modes called `modes` and its leaves marked."""
    made: dict[Value, Value] = {}
    for each in reachable((value,)):
        op = replace(each.op, name=each.op.name + mark) if isinstance(each.op, Leaf) else each.op
        made[each] = build.make(op, [made[one] for one in each.operands], each.origin)
    if made[value].type.modes == modes:
        return made[value]
    return build.make(Rename(modes), (made[value],), value.origin)


def _primed(mode: Mode, names: Iterable[str]) -> Mode:
    name = f"{mode.name}'"
    while name in names:
        name += "'"
    return Mode(name, mode.size)


def _reach(patterns: Iterable[Pattern]) -> int:
    """How many positions the taps of patterns have together."""
    return math.prod((pattern.reach + 1).evaluate({}) for pattern in patterns)


def _volume(modes: Iterable[Mode]) -> int:
    return math.prod(mode.size.value or 1 for mode in modes)
