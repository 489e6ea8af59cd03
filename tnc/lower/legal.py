"""Bring a graph into the operations that have a kernel each.

Sums, broadcasts, borders, reversed taps and relations that no convolution call knows leave the
contractions and become values of their own. What remains: a product of two operands in which every
mode is batch, contracted or free; and a convolution step (`Roles`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tnc.diagnostics.span import Span
from tnc.ir.graph import Builder, Value, reachable
from tnc.ir.tensor import Mode
from tnc.lower.patterns import ZERO, Windowing, chained, inner_signal, pointwise, symmetric
from tnc.lower.pieces import Diagonal, Flip, Ones
from tnc.lower.roles import RESULT, reading
from tnc.ops import Add, Call, Contract, Leaf, Pattern, Rename

MOST_RELATIONS = 3
"""Spatial axes of torch's convolutions."""


class Legaliser:
    """Translates values into a builder of its own; equal values stay one."""

    def __init__(self) -> None:
        self.build = Builder()
        self._made: dict[Value, Value] = {}
        self._raw: dict[Value, Value] = {}

    def __call__(self, value: Value) -> Value:
        for ancestor in reachable((value,), stop=frozenset(self._made)):
            if ancestor not in self._made:
                self._made[ancestor] = self._translate(ancestor)
        return self._made[value]

    def given(self, value: Value) -> Value:
        """The value as it comes from outside: of a leaf, before diagonals are taken."""
        return self._raw.get(value, self(value))

    def shaped(self, value: Value, like: Value) -> Value:
        """`value` with the modes of `given(like)`: a cotangent of a leaf."""
        made = self(value)
        for mode, copy in _repeated(like):
            made = self.build.make(Diagonal(mode, copy, adjoint=True), (made,), value.origin)
        return made

    def tangent(self, leaf: Value, like: Value) -> Value:
        """The tangent of `like` as it comes from outside."""
        if not _repeated(like):
            return self(leaf)
        assert isinstance(leaf.op, Leaf)
        raw = self.build.make(replace(leaf.op, axes=leaf_axes(like)), (), leaf.origin)
        made = raw
        for mode, copy in _repeated(like):
            made = self.build.make(Diagonal(mode, copy), (made,), leaf.origin)
        self._made[leaf] = made
        return raw

    def _translate(self, value: Value) -> Value:
        operands = tuple(self._made[operand] for operand in value.operands)
        match value.op:
            case Leaf():
                return self._leaf(value)
            case Contract(keep, patterns):
                return Contraction(self.build, value.origin).make(keep, patterns, operands)
            case Rename(modes):
                (old,), (new,) = value.operands, operands
                named = dict(zip(old.type.modes, modes, strict=True))
                op = Rename(tuple(named[mode] for mode in new.type.modes))
                return self.build.make(op, (new,), value.origin)
            case Add(modes):
                made = self.build.make(Add(_present(modes, operands)), operands, value.origin)
                return Contraction(self.build, value.origin).make(modes, (), (made,))
            case Call(modes=modes, over=over):
                if over:
                    domain = value.op.domain
                    whole = Contraction(self.build, value.origin).make(domain, (), operands)
                    return self.build.make(value.op, (whole,), value.origin)
                call = replace(value.op, modes=_present(modes, operands))
                made = self.build.make(call, operands, value.origin)
                return Contraction(self.build, value.origin).make(modes, (), (made,))
        return self.build.make(value.op, operands, value.origin)

    def _leaf(self, value: Value) -> Value:
        assert isinstance(value.op, Leaf)
        raw = self.build.make(replace(value.op, axes=leaf_axes(value)), (), value.origin)
        self._raw[value] = made = raw
        for mode, copy in _repeated(value):
            made = self.build.make(Diagonal(mode, copy), (made,), value.origin)
        return made


def leaf_axes(value: Value) -> tuple[tuple[Mode, ...], ...]:
    """The axes of a leaf with every further occurrence of a mode renamed."""
    assert isinstance(value.op, Leaf)
    seen: dict[Mode, int] = {}
    axes: list[tuple[Mode, ...]] = []
    for axis in value.op.axes:
        modes: list[Mode] = []
        for mode in axis:
            seen[mode] = count = seen.get(mode, 0) + 1
            modes.append(mode if count == 1 else Mode(f"{mode.name}°{count}", mode.size))
        axes.append(tuple(modes))
    return tuple(axes)


def _repeated(value: Value) -> list[tuple[Mode, Mode]]:
    """The modes that stand on several axes of a leaf, each with the copies."""
    if not isinstance(value.op, Leaf):
        return []
    old = [mode for axis in value.op.axes for mode in axis]
    new = [mode for axis in leaf_axes(value) for mode in axis]
    return [pair for pair in zip(old, new, strict=True) if pair[0] != pair[1]]


class Contraction:
    """Makes the values of one contraction."""

    def __init__(self, build: Builder, origin: Span | None) -> None:
        self._build, self._origin = build, origin

    def make(
        self, keep: Sequence[Mode], patterns: Sequence[Pattern], operands: Sequence[Value]
    ) -> Value:
        keep = tuple(keep)
        patterns = tuple(one for pattern in patterns for one in chained(pattern))
        legs = {leg for pattern in patterns for leg in pattern.legs}
        operands = tuple(
            self._summed(operand, {*keep, *legs, *_others(operands, k)})
            for k, operand in enumerate(operands)
        )
        if not patterns:
            return self._product(keep, operands)
        group = self._group(keep, patterns, operands)
        alone = next((pattern for pattern in patterns if pattern not in group), None)
        if alone is not None:
            rest = tuple(pattern for pattern in patterns if pattern != alone)
            return self._alone(keep, alone, rest, operands)
        return self._convolution(keep, patterns, operands)

    # ------------------------------------------------------------------ without patterns
    def _summed(self, operand: Value, kept: set[Mode]) -> Value:
        modes = tuple(mode for mode in operand.type.modes if mode in kept)
        return self._plain(modes, (operand,))

    def _plain(self, keep: tuple[Mode, ...], operands: Sequence[Value]) -> Value:
        if len(operands) == 1 and set(keep) == set(operands[0].type.modes):
            return operands[0]
        return self._build.make(Contract(keep), operands, self._origin)

    def _product(self, keep: tuple[Mode, ...], operands: Sequence[Value]) -> Value:
        present = tuple(mode for mode in keep if any(mode in one.type for one in operands))
        made = self._plain(present, operands)
        return self._plain(keep, (made,))

    # ------------------------------------------------------------------ one relation by itself
    def _alone(
        self,
        keep: tuple[Mode, ...],
        pattern: Pattern,
        rest: Sequence[Pattern],
        operands: Sequence[Value],
    ) -> Value:
        """Signals become windows; a kept signal is folded together at the end."""
        windowing = Windowing(self._build, pattern, self._origin)
        signal, result, (tap,) = pattern.signal, pattern.result, pattern.taps
        kept = signal in keep
        carried = any(signal in operand.type for operand in operands)
        made = [windowing.windows(one) if signal in one.type else one for one in operands]
        if not kept and not carried:
            ones = self._build.make(Ones((signal,)), (operands[0],), self._origin)
            mask = windowing.windows(ones)
            modes = dict.fromkeys((*made[0].type.modes, result, tap))
            made[0] = self._plain(tuple(modes), (made[0], mask))
        if not kept:
            return self.make(keep, rest, made)
        inner = tuple(dict.fromkeys((*(mode for mode in keep if mode != signal), result, tap)))
        return windowing.overlap(self.make(inner, rest, made), keep)

    # ------------------------------------------------------------------ convolutions
    def _group(
        self, keep: tuple[Mode, ...], patterns: Sequence[Pattern], operands: Sequence[Value]
    ) -> tuple[Pattern, ...]:
        """The relations that one call of a convolution can do together."""
        readings: dict[tuple[int, int, int], list[Pattern]] = {}
        for pattern in patterns:
            found = reading(pattern, keep, operands)
            if found is not None:
                readings.setdefault(found, []).append(pattern)
        group = max(readings.values(), key=len, default=[])[:MOST_RELATIONS]
        legs = [leg for pattern in group for leg in pattern.legs]
        if len(set(legs)) < len(legs):
            group = group[:1]
        if all(pointwise(pattern) for pattern in group):
            return ()
        return tuple(group)

    def _convolution(
        self, keep: tuple[Mode, ...], patterns: Sequence[Pattern], operands: Sequence[Value]
    ) -> Value:
        """One call: flips, wraps and one-sided borders are done before it, or after it."""
        found = reading(patterns[0], keep, operands)
        assert found is not None
        signal, _, tap = found
        given = self._completed(patterns, found, operands)
        for pattern in patterns:
            if pattern.flip and tap != RESULT:
                given[tap] = self._build.make(Flip(pattern.taps), (given[tap],), self._origin)
            if not symmetric(pattern) and signal != RESULT:
                given[signal] = self._windowing(pattern).padded(given[signal])
        exact = tuple(_exact(pattern) for pattern in patterns)
        made = self._call(keep, patterns, exact, given)
        flipped = tuple(pattern.taps[0] for pattern in patterns if pattern.flip)
        if flipped and tap == RESULT:
            made = self._build.make(Flip(flipped), (made,), self._origin)
        if signal == RESULT:
            for pattern in patterns:
                if not symmetric(pattern):
                    made = self._windowing(pattern).cropped(made)
        return self._product(keep, (made,))

    def _windowing(self, pattern: Pattern) -> Windowing:
        return Windowing(self._build, pattern, self._origin)

    def _completed(
        self, patterns: Sequence[Pattern], found: tuple[int, int, int], operands: Sequence[Value]
    ) -> list[Value]:
        """Two operands: legs that nobody carries are summed, as if multiplied by ones."""
        if len(operands) == 2:
            return [*operands]
        legs = tuple(pattern.legs[found.index(1)] for pattern in patterns)
        return [*operands, self._build.make(Ones(legs), (operands[0],), self._origin)]

    def _call(
        self,
        keep: tuple[Mode, ...],
        patterns: Sequence[Pattern],
        exact: tuple[Pattern, ...],
        given: Sequence[Value],
    ) -> Value:
        renamed = {old.signal: new.signal for old, new in zip(patterns, exact, strict=True)}
        inner = tuple(renamed.get(mode, mode) for mode in keep)
        legs = [leg for pattern in exact for leg in pattern.legs]
        modes = tuple(mode for mode in inner if mode in legs or _anywhere(mode, given))
        return self._build.make(Contract(modes, exact), given, self._origin)


def _exact(pattern: Pattern) -> Pattern:
    """The pattern of the call itself, after flips, wraps and one-sided borders."""
    if symmetric(pattern):
        return replace(pattern, flip=False)
    return replace(pattern, signal=inner_signal(pattern), left=ZERO, flip=False, circular=False)


def _present(modes: Sequence[Mode], operands: Sequence[Value]) -> tuple[Mode, ...]:
    return tuple(mode for mode in modes if any(mode in one.type for one in operands))


def _others(operands: Sequence[Value], k: int) -> list[Mode]:
    """The modes of the other operands."""
    return [mode for j, one in enumerate(operands) if j != k for mode in one.type.modes]


def _anywhere(mode: Mode, operands: Sequence[Value]) -> bool:
    return any(mode in operand.type for operand in operands)
