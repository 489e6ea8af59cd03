"""Lattices of partial convolutions: how one n-ary relation is split into one-tap patterns.

A relation `p = s·i − left + Σ_j d_j·a_j` has the *participants* p (signal, number 0), i (result,
number 1) and a_j (taps, numbers 2 …). A *group* is a set of them, as a bit mask. Whatever has been
multiplied so far, the participants in it that nobody else needs are represented by one mode: the
sum `s·i + Σ d_j·a_j` over the group (over the complement, when the signal is in the group),
counted on the lattice of its possible values. So a partial mode depends on the group only, never
on the way that led to it, and three groups that make up the relation are linked by one pattern
with one tap.

Source: addition of indices commutes and associates; gcd rules as in the algebra's contract
(partial sums on the lattice gcd(s, d_j), taps of size 1 do not count).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from dataclasses import field, replace

from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.ops.contract import Pattern
from tnc.record import record

SIGNAL, RESULT = 1, 2
"""The groups of the signal alone and of the result alone."""


class Names:
    """Fresh modes: the same key gives the same mode, different keys different names."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._modes: dict[Hashable, Mode] = {}
        self._taken = set(taken)

    def mode(self, key: Hashable, name: str, size: Size) -> Mode:
        if key not in self._modes:
            unique, count = name, 2
            while unique in self._taken:
                unique, count = f"{name}.{count}", count + 1
            self._taken.add(unique)
            self._modes[key] = Mode(unique, size)
        return self._modes[key]


@record
class Relation:
    """A pattern, seen as participants and groups of participants."""

    pattern: Pattern
    names: Names = field(default_factory=Names, compare=False)

    @property
    def legs(self) -> tuple[Mode, ...]:
        return self.pattern.legs

    @property
    def everything(self) -> int:
        """The group of all participants."""
        return (1 << len(self.legs)) - 1

    def group(self, modes: Iterable[Mode]) -> int:
        """The participants among `modes`."""
        present = set(modes)
        return sum(1 << k for k, leg in enumerate(self.legs) if leg in present)

    def members(self, group: int) -> tuple[Mode, ...]:
        return tuple(leg for k, leg in enumerate(self.legs) if group >> k & 1)

    def dual(self, group: int) -> int:
        """The same mode stands for a group and its complement: the one without the signal."""
        return self.everything ^ group if group & SIGNAL else group

    def step(self, group: int) -> int:
        """By how much the signal moves when the mode of `group` moves by one."""
        group = self.dual(group)
        pattern = self.pattern
        if group == self.everything ^ SIGNAL:
            return 1
        weights = (1, pattern.stride, *pattern.dilations)
        chosen = [k for k in range(1, len(self.legs)) if group >> k & 1]
        if len(chosen) == 1:
            return weights[chosen[0]]
        if pattern.circular and group & RESULT:
            return 1
        moving = [k for k in chosen if k == 1 or self.legs[k].size.value != 1]
        return math.gcd(*(weights[k] for k in moving)) or 1

    def mode(self, group: int) -> Mode:
        """The mode that stands for `group`: a participant itself, or a partial mode."""
        group = self.dual(group)
        if group == self.everything ^ SIGNAL:
            return self.pattern.signal
        members = self.members(group)
        if len(members) == 1:
            return members[0]
        return self.names.mode((self.pattern, group), self._name(group), self._length(group))

    def _length(self, group: int) -> Size:
        pattern = self.pattern
        if pattern.circular and group & RESULT:
            return pattern.signal.size
        weights = (1, pattern.stride, *pattern.dilations)
        spans = [
            weights[k] * (leg.size - 1)
            for k, leg in enumerate(self.legs)
            if group >> k & 1 and leg.size.value != 1
        ]
        return 1 + sum(spans, Size.of(0)) // self.step(group)

    def _name(self, group: int) -> str:
        """`i+j` for merged taps, `h~i` for the signal h after the tap i."""
        if not group & RESULT:
            return "+".join(mode.name for mode in self.members(group))
        gone = self.members(self.everything ^ group ^ SIGNAL)
        return "~".join(mode.name for mode in (self.pattern.signal, *gone))

    def link(self, first: int, second: int) -> Pattern:
        """The one-tap pattern between two groups and the rest of the relation."""
        rest = self.everything ^ first ^ second
        major, minor = sorted(
            (group for group in (first, second, rest) if not group & SIGNAL),
            key=lambda group: (not group & RESULT, group),
        )
        total = major | minor
        return Pattern(
            self.mode(total),
            self.mode(major),
            (self.mode(minor),),
            self._ratio(major, total),
            (self._ratio(minor, total),),
            self.pattern.left if total == self.everything ^ SIGNAL else Size.of(0),
            self.pattern.flip and bool(total & RESULT),
            self.pattern.circular and bool(total & RESULT),
        )

    def _ratio(self, part: int, total: int) -> int:
        """The step of a part on the lattice of the total; a mode of size 1 never steps."""
        fine, coarse = self.step(total), self.step(part)
        return coarse // fine if coarse % fine == 0 else 1

    def without(self, group: int) -> Pattern | None:
        """What is left of the relation once `group` (at least two) is one mode; None if nothing
        but the one participant which that mode then is."""
        rest = self.everything ^ group
        if len(self.members(rest)) < 2:
            return None
        if not group & SIGNAL:
            return self._merged(group)
        numbers = [k for k in range(1, len(self.legs)) if rest >> k & 1]
        steps = [self._ratio(1 << k, rest) for k in numbers]
        legs = self.members(rest)
        outer = bool(rest & RESULT)
        return Pattern(
            self.mode(rest),
            legs[0],
            legs[1:],
            steps[0],
            tuple(steps[1:]),
            flip=self.pattern.flip and outer,
            circular=self.pattern.circular and outer,
        )

    def _merged(self, group: int) -> Pattern:
        """The relation with a group that lacks the signal replaced by its mode."""
        pattern = self.pattern
        left_over = [
            (tap, dilation)
            for k, (tap, dilation) in enumerate(
                zip(pattern.taps, pattern.dilations, strict=True), start=2
            )
            if not group >> k & 1
        ]
        merged, step = self.mode(group), self.step(group)
        if group & RESULT:
            changed = replace(pattern, result=merged, stride=step)
        else:
            changed = pattern
            left_over.append((merged, step))
        return replace(
            changed,
            taps=tuple(tap for tap, _ in left_over),
            dilations=tuple(dilation for _, dilation in left_over),
        )
