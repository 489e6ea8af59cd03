"""Convolution steps: `conv1d` … `conv3d`, their transposes, and `convolution_backward`.

Three tensors take part, whichever of them is the result:

    X[batch | group in | p…]     W[group out | in | a…]     Y[batch | group out | i…]

Batch modes that lie behind the channels in memory become spatial axes with a tap of size 1, so
that a relation on one of two spatial modes needs no permutation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tnc.ir.graph import Value
from tnc.ir.layer import Axes
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.lower.forms import Form, Order, flat, ordered, solid, unit
from tnc.lower.memory import IMAGES
from tnc.lower.roles import RESULT, Roles, convolution_roles
from tnc.lower.ways import COPY, LAUNCH, Site, Way
from tnc.ops import Contract, Pattern

MOST_AXES = 3
Passed = Order
"""Batch modes that stand on a spatial axis of their own."""


@dataclass(frozen=True, slots=True)
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
            notes.append(f"stride {_short(self.stride)}")
        if any(self.padding):
            notes.append(f"pad {_short(self.padding)}")
        if any(step != 1 for step in self.dilation):
            notes.append(f"dilation {_short(self.dilation)}")
        if solid(self.group):
            narrow = not solid((*self.inner, *self.outer))
            notes.append("depthwise" if narrow else "grouped")
        return ", ".join(notes)


def _number(pattern: Pattern, kind: str) -> int:
    if kind == "left":
        assert pattern.left.value is not None
        return pattern.left.value
    return pattern.stride if kind == "stride" else pattern.dilations[0]


def _short(numbers: Sequence[int]) -> str:
    """One number where all are the same."""
    return str(numbers[0]) if len(set(numbers)) == 1 else str(tuple(numbers))


def convolution_ways(site: Site) -> list[Way]:
    roles = convolution_roles(site.value)
    found: list[Way] = []
    leader = site.orders[roles.result if roles.signal == RESULT else roles.signal]
    for frame in frames(site, roles, site.value, leader):
        if roles.signal == RESULT:
            found.append(_transposed(site, frame, roles))
        elif roles.tap == RESULT:
            found.append(_filter(site, frame, roles))
        else:
            found.append(_forward(site, frame, roles))
    return list(dict.fromkeys(found))


def both_ways(site: Site) -> list[Way]:
    """Signal and tap gradient of one convolution together; the operands are Y, X, W."""
    signal_gradient, _ = site.step.values
    roles = convolution_roles(signal_gradient)
    return [
        Way(
            (frame.y, frame.x, frame.w),
            (_given(frame.x, last), _given(frame.w, last)),
            _backward(
                frame, ("{0}", "{1}", _taps(site, frame, 2, last)), "{3}", "(<0>, <1>, False)"
            ),
            (frame.group,),
            fits=((dense(frame.y)[last],), dense(frame.x), dense(frame.w)),
            cost=LAUNCH + _turning(site, frame, last),
            note=frame.note,
        )
        for frame in frames(site, roles, signal_gradient, site.orders[1])
        for last in (_channels_last(site.orders[1], frame.x),)
    ]


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
    present = tuple(mode for mode in leader if not unit(mode) or mode in own)
    front, spatial = _behind(present, roles, own)
    if len(spatial) <= MOST_AXES and len(solid(batch)) > len(front):
        yield Frame(front, group, inner, outer, spatial)
    every = roles.group | roles.inner | roles.outer
    before = tuple(mode for mode in present if mode not in every)
    if len(own) == 1 and before != present and present[: len(before)] == before:
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


def _call(name: str, frame: Frame, operands: str, numbers: Sequence[str]) -> str:
    """The call without trailing arguments that have their default."""
    defaults = ["None", "1", "0", *(["0", "1", "1"] if "transpose" in name else ["1", "1"])]
    text = ["None", *numbers]
    while text and text[-1] == defaults[len(text) - 1]:
        text.pop()
    return f"torch.{name}{frame.rank}d({', '.join([operands, *text])})"


def _forward(site: Site, frame: Frame, roles: Roles) -> Way:
    groups = "{2}" if solid(frame.group) else "1"
    numbers = [_short(frame.stride), _short(frame.padding), _short(frame.dilation), groups]
    last = _channels_last(site.orders[roles.signal], frame.x)
    taps = _taps(site, frame, roles.tap, last)
    text = _call("conv", frame, f"{{{roles.signal}}}, {taps}", numbers)
    return _way(site, frame, roles, last, text, (frame.group,))


def _transposed(site: Site, frame: Frame, roles: Roles) -> Way:
    groups = "{2}" if solid(frame.group) else "1"
    surplus = [size.value for size in frame.surplus]
    numbers: tuple[Order | Size, ...] = (frame.group,)
    extra = _short([value or 0 for value in surplus])
    if None in surplus:
        numbers = (frame.group, *frame.surplus)
        extra = ", ".join(f"{{{3 + k}}}" for k in range(frame.rank))
        extra = f"({extra})" if frame.rank > 1 else extra
    texts = [_short(frame.stride), _short(frame.padding), extra, groups, _short(frame.dilation)]
    last = _channels_last(site.orders[roles.result], frame.y)
    taps = _taps(site, frame, roles.tap, last)
    call = _call("conv_transpose", frame, f"{{{roles.result}}}, {taps}", texts)
    return _way(site, frame, roles, last, call, numbers)


def _filter(site: Site, frame: Frame, roles: Roles) -> Way:
    shape = ", ".join(f"{{{3 + k}}}" for k in range(len(frame.w)))
    signal, result = f"{{{roles.signal}}}", f"{{{roles.result}}}"
    dummy = f"{result}.new_empty(1).expand({shape})"
    mask = "(False, True, False)"
    text = _backward(frame, (result, signal, dummy), "{2}", mask) + "[1]"
    last = _channels_last(site.orders[roles.signal], frame.x)
    return _way(site, frame, roles, last, text, (frame.group, *frame.w))


def _backward(frame: Frame, operands: tuple[str, str, str], groups: str, mask: str) -> str:
    lists = [list(frame.stride), list(frame.padding), list(frame.dilation)]
    numbers = ", ".join(map(str, lists))
    groups = groups if solid(frame.group) else "1"
    tail = f"None, {numbers}, False, {[0] * frame.rank}, {groups}, {mask}"
    return f"torch.ops.aten.convolution_backward({', '.join(operands)}, {tail})"


def _way(
    site: Site,
    frame: Frame,
    roles: Roles,
    last: bool,
    text: str,
    numbers: tuple[Order | Size, ...],
) -> Way:
    result = frame.x if roles.signal == RESULT else frame.w if roles.tap == RESULT else frame.y
    wants: list[Axes] = [(), ()]
    for k, axes in ((roles.signal, frame.x), (roles.result, frame.y), (roles.tap, frame.w)):
        if k != RESULT:
            wants[k] = axes
    return Way(
        tuple(wants),
        (_given(result, last),),
        text,
        numbers,
        fits=tuple(dense(axes) for axes in wants),
        cost=LAUNCH + COPY * site.measure(flat(frame.y)) // 8 + _turning(site, frame, last),
        note=frame.note,
    )


def _channels_last(order: Order, axes: Axes) -> bool:
    """Whether a convolution takes an operand for one with the channels last; its results then
    are so too."""
    contiguous, last = dense(axes)
    return len(axes) in IMAGES and solid(order) == solid(last) != solid(contiguous)


def _turning(site: Site, frame: Frame, last: bool) -> int:
    """The channels of an image come first although the layer was given them last: elements are
    moved somewhere, in the step before or after at the latest."""
    if last or not site.measure.last:
        return 0
    return LAUNCH + 2 * COPY * (site.measure(flat(frame.x)) + site.measure(flat(frame.y)))


def _taps(site: Site, frame: Frame, k: int, last: bool) -> str:
    """Operand `k`, the taps. They must not lie channels last where the signal does not: torch
    would follow them. Where both do, but for a stride of 1 on a last axis of size 1, the gradients
    of torch's convolution fail ("grad_weight must be contiguous")."""
    final = frame.spatial[-1]
    if last:
        unsafe = not (isinstance(final, Pattern) and final.taps[0].size.value != 1)
    else:
        unsafe = _channels_last(site.orders[k], frame.w)
    return f"{{{k}}}.contiguous()" if unsafe else f"{{{k}}}"


def _given(axes: Axes, last: bool) -> Form:
    return Form(axes, dense(axes)[last])
