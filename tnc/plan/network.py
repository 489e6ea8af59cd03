"""A product of tensors, prepared for the search: modes as bits, operands as bit masks.

The network is *clean*: no operand carries two participants of one relation, no mode belongs to
two relations, every participant is carried by an operand or kept, and where several participants
of a relation are kept, no operand carries them (`prepare` sees to that). Subsets of operands are
bit masks too; everything here is a function of the subset, not of the order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import NamedTuple

from tnc.ir.tensor import Mode
from tnc.ops.contract import Pattern
from tnc.plan.lattice import Names, Relation
from tnc.record import record

Tree = int | tuple["Tree", "Tree"]
"""An order of contraction: an operand's number, or the two parts of a product."""


@record
class Axis:
    """A relation in a network. `partial[g]` is the bit of the mode that stands for the group g
    (0 for the empty group, and where the relation is fully contracted)."""

    relation: Relation
    partial: tuple[int, ...]
    carriers: tuple[int, ...]  # per participant: the operands that carry it
    kept: int  # group of the participants that the result has

    def closed(self, subset: int) -> int:
        """The participants which nobody outside `subset` needs."""
        return sum(
            1 << k
            for k, carriers in enumerate(self.carriers)
            if carriers and not carriers & ~subset and not self.kept >> k & 1
        )

    def done(self, group: int) -> bool:
        """Whether at most one participant is missing from the group."""
        rest = (len(self.partial) - 1) ^ group
        return not rest & (rest - 1)


@record
class Network:
    """Operands and modes of one product; `modes` ends with the partial modes of its relations."""

    modes: tuple[Mode, ...]
    operands: tuple[int, ...]  # modes of each operand
    carriers: tuple[int, ...]  # operands of each mode
    kept: int
    axes: tuple[Axis, ...]
    data: int  # the operands that depend on an input
    wanted: int  # the operands whose gradient is wanted
    written: tuple[int, ...] = field(compare=False)  # the operands as the source orders them

    @property
    def everything(self) -> int:
        """The subset of all operands."""
        return (1 << len(self.operands)) - 1

    def bits(self, mask: int) -> tuple[int, ...]:
        return tuple(k for k in range(mask.bit_length()) if mask >> k & 1)

    def named(self, mask: int) -> tuple[Mode, ...]:
        """Modes in canonical order: kept ones as the result has them, then by name."""
        return tuple(self.modes[k] for k in self.bits(mask))

    def closed(self, subset: int) -> tuple[int, ...]:
        return tuple(axis.closed(subset) for axis in self.axes)

    def legs(self, subset: int) -> int:
        """The modes of the product of a subset of operands."""
        found = 0
        for mode, carriers in enumerate(self.carriers):
            if carriers & subset and (carriers & ~subset or self.kept >> mode & 1):
                found |= 1 << mode
        for axis in self.axes:
            found |= axis.partial[axis.closed(subset)]
        return found


@record
class Link:
    """Two groups of a relation that a step brings together, and the bit of the signal leg."""

    axis: Axis
    first: int
    second: int
    signal: int

    @property
    def rest(self) -> int:
        """The group whose leg results."""
        return self.axis.relation.everything ^ self.first ^ self.second

    @property
    def pattern(self) -> Pattern:
        return self.axis.relation.link(self.first, self.second)


Closed = tuple[int, ...]
"""For every relation of a network, the group that is closed in a subset."""


def links(
    network: Network, closed: tuple[Closed, Closed, Closed], present: int
) -> tuple[Link, ...] | None:
    """The patterns of a step, given the closed groups of its parts and of their product and the
    modes that the parts have; None if the step is not primitive.

    Where the state of a relation changes, each part contributes exactly one leg, and neither of
    them has the leg that results. A part that has all participants but one has that one as an
    ordinary mode, and the relation is done with.
    """
    found: list[Link] = []
    for axis, a, b, ab in zip(network.axes, *closed, strict=True):
        if ab in (a, b) or not ab & (ab - 1) or axis.done(a) or axis.done(b):
            continue
        if not a or not b or ab != a | b or axis.partial[ab] & present:
            return None
        rest = axis.relation.everything ^ ab
        if rest:
            legs = [axis.partial[group] for group in (a, b, rest)]
            has_signal = [group & 1 for group in (a, b, rest)]
            found.append(Link(axis, a, b, legs[has_signal.index(1)]))
    return tuple(found)


class Roles(NamedTuple):
    """What is known of the operands besides their modes; see `Network`."""

    data: int
    wanted: int
    written: tuple[int, ...]


def network_of(
    operands: Sequence[Sequence[Mode]],
    keep: Sequence[Mode],
    patterns: Sequence[Pattern],
    names: Names,
    roles: Roles,
) -> Network:
    """The network of a clean product."""
    relations = [Relation(pattern, names) for pattern in patterns]
    present = {mode for operand in operands for mode in operand}
    present.update(leg for relation in relations for leg in relation.legs)
    partial = {
        relation.mode(group) for relation in relations for group in range(1, relation.everything)
    }
    order = dict.fromkeys(mode for mode in keep if mode in present)
    order |= dict.fromkeys(sorted(present | partial, key=lambda mode: mode.name))
    modes = tuple(order)
    number = {mode: k for k, mode in enumerate(modes)}
    masks = tuple(sum(1 << number[mode] for mode in set(operand)) for operand in operands)
    carriers = tuple(
        sum(1 << n for n, mask in enumerate(masks) if mask >> k & 1) for k in range(len(modes))
    )
    axes = tuple(_axis(relation, number, carriers, set(keep)) for relation in relations)
    kept = sum(1 << number[mode] for mode in keep if mode in number)
    return Network(modes, masks, carriers, kept, axes, roles.data, roles.wanted, roles.written)


def _axis(
    relation: Relation, number: dict[Mode, int], carriers: tuple[int, ...], keep: set[Mode]
) -> Axis:
    groups = range(relation.everything + 1)
    partial = [
        1 << number[relation.mode(group)] if 0 < group < relation.everything else 0
        for group in groups
    ]
    return Axis(
        relation,
        tuple(partial),
        tuple(carriers[number[leg]] for leg in relation.legs),
        relation.group(keep),
    )
