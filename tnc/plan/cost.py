"""What a pairwise step costs, and what the search minimises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from functools import reduce
from operator import or_
from typing import Literal, NamedTuple

from tnc.ir.tensor import Mode
from tnc.ops import Contract
from tnc.plan.network import Link, Network, Tree, links
from tnc.plan.profile import DEPTHWISE, GROUPED, KINDS, Kind, Profile
from tnc.record import record

Objective = Literal["time", "macs", "memory"]


class Cost(NamedTuple):
    """`value` is in the unit of the objective: picoseconds, multiply-adds, or bytes of
    intermediates; equal values are told apart by `bytes`, what the steps read and write."""

    value: int
    bytes: int

    def plus(self, *others: Cost) -> Cost:
        return Cost(
            self.value + sum(other.value for other in others),
            self.bytes + sum(other.bytes for other in others),
        )

    @property
    def packed(self) -> int:
        """One number that adds and compares like the pair, as far as bytes stay below 2²⁵⁶."""
        return (self.value << 256) + self.bytes


FREE = Cost(0, 0)

NEVER = 1 << 4096
"""More than any order costs, as a packed cost."""


ROLES: tuple[Kind, ...] = ("tap gradient", "signal gradient", "convolution", "signal gradient")
"""The kind of a step whose result has the signal (bit 0), the result (bit 1) or taps of a
relation."""

PLAIN: dict[Kind, Kind] = {kind: kind for kind in ROLES}


def kind_of(op: Contract, first: Iterable[Mode], second: Iterable[Mode]) -> Kind:
    """The kind of a binary step, by the ways in which its modes occur; modes of size 1 do not."""
    numbers: dict[Mode, int] = {}
    parts = [
        sum(1 << numbers.setdefault(mode, len(numbers)) for mode in modes if not mode.unit)
        for modes in (dict.fromkeys(first), dict.fromkeys(second), op.keep)
    ]
    if not op.patterns:
        return _product(*parts)
    pattern = op.patterns[0]
    legs = [pattern.signal, pattern.result]
    roles = [
        sum(1 << k for k, leg in enumerate(legs) if leg in modes)
        for modes in (set(first), set(second), set(op.keep))
    ]
    return _grouping(parts, roles)[ROLES[roles[2]]]


def _product(first: int, second: int, result: int) -> Kind:
    shared = first & second
    if not shared & ~result:
        return "outer product"
    return "batched product" if shared & result else "matrix product"


def _grouping(parts: Sequence[int], roles: Sequence[int]) -> Mapping[Kind, Kind]:
    """Whether a convolution has groups, by the modes of its two operands and its result, of which
    one has taps and neither the signal nor the result. Where a side has one channel only, and not
    one for each, it is as slow as with groups."""
    (taps, *others) = sorted(zip(parts, roles, strict=True), key=lambda part: bool(part[1] & 3))
    one, two = (modes for modes, _ in others)
    groups = taps[0] & one & two
    left, right = taps[0] & one & ~groups, taps[0] & two & ~groups
    if groups and not left and not right:
        return DEPTHWISE
    return PLAIN if left and right and not groups else GROUPED


@record
class Measure:
    """Sizes and objective: all that the cost of a step depends on besides its modes.

    `element` is the size of an element in bytes. With `training`, the gradients of a step with
    respect to its two parts count as well: each is the same trilinear form, with the same
    multiply-adds and the same tensors; a part of which no gradient is wanted has none. With
    `folded`, what is made of weights alone is there already, and costs nothing.
    """

    binding: Mapping[str, int]
    objective: Objective
    profile: Profile
    training: bool = True
    element: int = 4
    folded: bool = False

    def step(self, kinds: Sequence[Kind], macs: int, moved: int, made: int) -> Cost:
        """The cost of a step and of its gradients, the `kinds` of which are given."""
        if self.objective == "time":
            value = self.profile.together(kinds, macs, moved)
        elif self.objective == "macs":
            value = len(kinds) * macs
        else:
            value = made
        return Cost(value, len(kinds) * moved)

    def least(self, macs: int, moved: int, made: int) -> Cost:
        """What no step with so many multiply-adds and bytes costs less than, whatever its kind."""
        if self.objective != "time":
            return self.step(KINDS[:1], macs, moved, made)
        return Cost(min([self.profile.picoseconds(kind, macs, moved) for kind in KINDS]), moved)


@record
class Costs:
    """The costs of one network under one measure, computed once per subset or set of modes."""

    network: Network
    measure: Measure
    sizes: tuple[int, ...]
    units: int  # the modes of size 1, whatever the run-time sizes
    signals: int  # the modes that a step can have as a signal
    products: tuple[tuple[int, ...], ...]  # of the sizes of any of every eight modes
    packed: dict[tuple[int, int], int] = field(default_factory=dict)
    _legs: dict[int, int] = field(default_factory=dict)
    _closed: dict[int, tuple[int, ...]] = field(default_factory=dict)
    _elements: dict[int, int] = field(default_factory=dict)
    _floors: dict[int, int] = field(default_factory=dict)
    _steps: dict[tuple[int, int], Cost | None] = field(default_factory=dict)

    def legs(self, subset: int) -> int:
        if (found := self._legs.get(subset)) is None:
            found = self._legs[subset] = self.network.legs(subset)
        return found

    def closed(self, subset: int) -> tuple[int, ...]:
        if (found := self._closed.get(subset)) is None:
            found = self._closed[subset] = self.network.closed(subset)
        return found

    def elements(self, modes: int) -> int:
        """Product of the sizes of some modes."""
        if (found := self._elements.get(modes)) is None:
            found, rest = 1, modes
            for products in self.products:
                found *= products[rest & 255]
                rest >>= 8
            self._elements[modes] = found
        return found

    def links(self, one: int, two: int) -> tuple[Link, ...] | None:
        if not self.network.axes:
            return ()
        a, b, both = self.closed(one), self.closed(two), self.closed(one | two)
        if both in (a, b):
            return ()
        return links(self.network, (a, b, both), self.legs(one) | self.legs(two))

    def macs(self, one: int, two: int, found: Sequence[Link]) -> int:
        """The rule of `tnc.ops.contract.counted`, on bits."""
        modes = self.legs(one) | self.legs(two) | self.legs(one | two)
        for link in found:
            modes &= ~link.signal
        return self.elements(modes)

    def floor(self, subset: int) -> int:
        """No step that makes the subset costs less; packed."""
        if self.measure.folded and not subset & self.network.data:
            return 0
        if (found := self._floors.get(subset)) is None:
            result = self.legs(subset)
            macs = self.elements(result & ~self.signals)
            made = self.elements(result) * self.measure.element
            counted = 0 if subset == self.network.everything else made
            found = self.measure.least(macs, made, counted).packed
            self._floors[subset] = found
        return found

    def step(self, one: int, two: int) -> Cost | None:
        """The cost of multiplying two disjoint subsets; None where that is not one step."""
        if (key := (one, two)) not in self._steps:
            self._steps[key] = self._step(one, two)
        return self._steps[key]

    def pack(self, one: int, two: int) -> int:
        """The cost of a step as one number, which is also kept in `packed`; `NEVER` where it is
        not one step."""
        step = self._step(one, two)
        found = self.packed[one, two] = NEVER if step is None else step.packed
        return found

    def _step(self, one: int, two: int) -> Cost | None:
        if (found := self.links(one, two)) is None:
            return None
        a, b, result = self.legs(one), self.legs(two), self.legs(one | two)
        made = self.elements(result) * self.measure.element
        moved = made + (self.elements(a) + self.elements(b)) * self.measure.element
        if self.measure.folded and not (one | two) & self.network.data:
            return Cost(0, moved)
        kinds = self._kinds((a, b, result), found)
        if not self.measure.training:
            kinds = kinds[:1]
        elif self.network.wanted & one == 0 or self.network.wanted & two == 0:
            pairs = zip(kinds[1:], (one, two), strict=True)
            kinds = [kinds[0], *(kind for kind, part in pairs if part & self.network.wanted)]
        last = one | two == self.network.everything
        return self.measure.step(kinds, self.macs(one, two, found), moved, 0 if last else made)

    def _kinds(self, legs: tuple[int, int, int], found: Sequence[Link]) -> list[Kind]:
        """The kinds of a step, and of its gradients for both parts."""
        a, b, result = (modes & ~self.units for modes in legs)
        if not found:
            return [_product(a, b, result), _product(b, result, a), _product(a, result, b)]
        roles = [found[0].first, found[0].second, found[0].rest]
        grouping = _grouping((a, b, result), roles)
        return [grouping[ROLES[roles[k] & 3]] for k in (2, 0, 1)]

    def total(self, tree: Tree) -> Cost | None:
        """The cost of a whole order; None where it has a step that is not primitive."""
        found = self._total(tree)
        return None if found is None else found[1]

    def _total(self, tree: Tree) -> tuple[int, Cost] | None:
        if isinstance(tree, int):
            return 1 << tree, FREE
        one, two = (self._total(part) for part in tree)
        if one is None or two is None or (step := self.step(one[0], two[0])) is None:
            return None
        return one[0] | two[0], step.plus(one[1], two[1])


def costs(network: Network, measure: Measure) -> Costs:
    """The costs of a network at the sizes of the measure."""
    sizes = tuple(max(1, mode.size.evaluate(measure.binding)) for mode in network.modes)
    units = sum(1 << k for k, mode in enumerate(network.modes) if mode.size.value == 1)
    signals = reduce(or_, (mode for axis in network.axes for mode in axis.partial), 0)
    return Costs(network, measure, sizes, units, signals, _products(sizes))


def _products(sizes: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    found = []
    for start in range(0, len(sizes), 8):
        products = [1]
        for size in sizes[start : start + 8]:
            products += [product * size for product in products]
        found.append(tuple(products))
    return tuple(found)
