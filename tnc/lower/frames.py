"""How the modes of a convolution step stand on the axes of its three tensors.

    X[batch | group in | p…]     W[group out | in | a…]     Y[batch | group out | i…]

Batch modes that lie behind the channels in memory become spatial axes with a tap of size 1, so
that a relation on one of two spatial modes needs no permutation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tnc.ir.graph import Value
from tnc.ir.layer import Axes
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.lower.forms import Order, flat, ordered, solid
from tnc.lower.memory import IMAGES
from tnc.lower.roles import RESULT, Roles
from tnc.lower.ways import Site
from tnc.ops import Contract, Pattern
from tnc.record import record

MOST_AXES = 3
Passed = Order
"""Batch modes that stand on a spatial axis of their own."""


@record
class Frame:
    """The axes of the three tensors, and the numbers of the call."""

    batch: Order
    group: Order
    inner: Order
    outer: Order
    spatial: tuple[Pattern | Passed, ...]

    @property
    def x(self) -> Axes:
        return (self.batch, (*self.group, *self.inner), *self._spatial(0))

    @property
    def w(self) -> Axes:
        return ((*self.group, *self.outer), self.inner, *self._spatial(2))

    @property
    def y(self) -> Axes:
        return (self.batch, (*self.group, *self.outer), *self._spatial(1))

    def _spatial(self, leg: int) -> Axes:
        passed = leg != RESULT
        return tuple(
            (one.legs[leg],) if isinstance(one, Pattern) else (one if passed else ())
            for one in self.spatial
        )

    @property
    def rank(self) -> int:
        return len(self.spatial)

    def numbers(self, default: int, kind: str) -> tuple[int, ...]:
        """`stride`, `left` or `dilation`, per spatial axis."""
        return tuple(
            _number(one, kind) if isinstance(one, Pattern) else default for one in self.spatial
        )

    @property
    def stride(self) -> tuple[int, ...]:
        return self.numbers(1, "stride")

    @property
    def padding(self) -> tuple[int, ...]:
        return self.numbers(0, "left")

    @property
    def dilation(self) -> tuple[int, ...]:
        return self.numbers(1, "dilation")

    @property
    def surplus(self) -> tuple[Size, ...]:
        """`output_padding`: positions of the signal behind the last window."""
        return tuple(
            one.left - one.right if isinstance(one, Pattern) else Size.of(0) for one in self.spatial
        )

    @property
    def note(self) -> str:
        notes = []
        if any(step != 1 for step in self.stride):
            notes.append(f"stride {short(self.stride)}")
        if any(self.padding):
            notes.append(f"pad {short(self.padding)}")
        if any(step != 1 for step in self.dilation):
            notes.append(f"dilation {short(self.dilation)}")
        if solid(self.group):
            narrow = not solid((*self.inner, *self.outer))
            notes.append("depthwise" if narrow else "grouped")
        return ", ".join(notes)


def _number(pattern: Pattern, kind: str) -> int:
    if kind == "left":
        assert pattern.left.value is not None
        return pattern.left.value
    return pattern.stride if kind == "stride" else pattern.dilations[0]


def short(numbers: Sequence[int]) -> str:
    """One number where all are the same."""
    return str(numbers[0]) if len(set(numbers)) == 1 else str(tuple(numbers))


def frames(site: Site, roles: Roles, value: Value, leader: Order) -> Iterator[Frame]:
    """Batch modes behind the channels: as spatial axes where there is room; or all in front.
    Where the channels lie last, so do they in the call. `leader` is the order of X, or of Y where
    X is the result."""
    assert isinstance(value.op, Contract)
    patterns = value.op.patterns
    if patterns[0].signal not in leader:
        by_result = {pattern.result: pattern.signal for pattern in patterns}
        leader = tuple(by_result.get(mode, mode) for mode in leader)
    own = {pattern.signal: pattern for pattern in patterns}
    leader = (*leader, *(signal for signal in own if signal not in leader))
    others = tuple(mode for order in site.orders for mode in order)
    group, inner = (ordered(part, (*leader, *others)) for part in (roles.group, roles.inner))
    outer = ordered(roles.outer, others)
    batch = ordered(roles.batch, leader)
    yield Frame(batch, group, inner, outer, tuple(own[mode] for mode in leader if mode in own))
    present = tuple(mode for mode in leader if not mode.unit or mode in own)
    every = roles.group | roles.inner | roles.outer
    before = tuple(mode for mode in present if mode not in every)
    trailing = before != present and present[: len(before)] == before
    for part in (present, before) if trailing else (present,):
        front, spatial = _behind(part, roles, own)
        if len(spatial) <= MOST_AXES and len(solid(batch)) > len(front):
            yield Frame(front, group, inner, outer, spatial)
    if trailing and len(own) == 1:
        yield from _planes(before, own, (group, inner, outer))


def _planes(
    before: Order, own: dict[Mode, Pattern], channels: tuple[Order, Order, Order]
) -> Iterator[Frame]:
    """One relation on channels that lie last: torch's formats for these have two signals at
    least, and the batch modes that stand next to the relation's make the second."""
    (at,) = (k for k, mode in enumerate(before) if mode in own)
    relation, front, behind = own[before[at]], before[:at], before[at + 1 :]
    if behind:
        yield Frame(front, *channels, (relation, behind))
    else:
        first, rest = (front[:-1], front[-1:]) if len(solid(front)) > 1 else (front, ())
        yield Frame(first, *channels, (rest, relation))


def _behind(
    leader: Order, roles: Roles, own: Mapping[Mode, Pattern]
) -> tuple[Order, tuple[Pattern | Passed, ...]]:
    """Split a layout at its last channel, or where there is none before its first signal."""
    every = roles.group | roles.inner | roles.outer
    channels = [k for k, mode in enumerate(leader) if mode in every]
    signals = [k for k, mode in enumerate(leader) if mode in own]
    start = channels[-1] + 1 if channels else signals[0]
    spatial: list[Pattern | Passed] = []
    for mode in leader[start:]:
        if mode in own:
            spatial.append(own[mode])
        elif spatial and not isinstance(spatial[-1], Pattern):
            spatial[-1] = (*spatial[-1], mode)
        else:
            spatial.append((mode,))
    early = [own[mode] for mode in leader[:start] if mode in own]
    front = tuple(mode for mode in leader[:start] if mode in roles.batch)
    return front, (*early, *spatial)


def dense(axes: Axes) -> tuple[Order, ...]:
    """The orders in memory that a convolution takes: contiguous, and channels last."""
    batch, channels, *spatial = axes
    return (flat(axes), (*batch, *flat(tuple(spatial)), *channels))


def formats(axes: Axes, order: Order, other: Axes = ()) -> tuple[bool, ...]:
    """Whether a convolution takes a tensor that lies as `order` for one with its channels last;
    its result, which has the axes `other`, then lies so too. What has one channel may be taken for
    either."""
    if len(axes) not in IMAGES:
        return (False,)
    if channelled(axes):
        return (solid(order) == solid(dense(axes)[1]),)
    return (False, True) if other and channelled(other) else (False,)


def channelled(axes: Axes) -> bool:
    """Whether it matters where the channels lie."""
    contiguous, last = map(solid, dense(axes))
    return contiguous != last


@record
class Taken:
    """An operand in the text of a call, with the axes that it is wanted with, and the orders in
    memory that the call takes without copying."""

    text: str
    axes: Axes
    orders: tuple[Order, ...]


def presented(k: int, axes: Axes, last: bool) -> Taken:
    """Operand `k`, from which a convolution reads where the channels lie. Of one channel only the
    stride says that it lies last, so it is put last and moved."""
    moved = last and not channelled(axes)
    return _moved(k, axes) if moved else Taken(f"{{{k}}}", axes, dense(axes))


def follower(k: int, axes: Axes, order: Order, last: bool) -> Taken:
    """Operand `k`, which lies as `order`, and which a convolution brings into the format of the
    signal: if it must be copied for its axes, then into that format at once."""
    due = dense(axes)[last]
    moved = last and solid(order) != solid(due)
    return _moved(k, axes) if moved else Taken(f"{{{k}}}", axes, (due,))


def _moved(k: int, axes: Axes) -> Taken:
    batch, channels, *spatial = axes
    return Taken(f"{{{k}}}.movedim(-1, 1)", (batch, *spatial, channels), (dense(axes)[True],))
