"""Convolution steps: `conv1d` … `conv3d`, their transposes, and `convolution_backward`.

Three tensors take part (see `Frame`), whichever of them is the result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tnc.ir.layer import Axes
from tnc.ir.size import Size
from tnc.lower.forms import Form, Order, flat, ordered, solid
from tnc.lower.frames import (
    Frame,
    Passed,
    Taken,
    channelled,
    dense,
    follower,
    formats,
    frames,
    presented,
    short,
)
from tnc.lower.products import RATE
from tnc.lower.roles import RESULT, Roles, convolution_roles, product_roles
from tnc.lower.ways import COPY, LAUNCH, Site, Way
from tnc.ops import Pattern

IMAGE = 3
"""An image has so many modes besides its channels: a batch and two signals."""

POINTWISE = 60_000
"""Nanoseconds that a convolution takes however little it does."""

Kind = Callable[[Site, Frame, Roles, bool], Way]


def convolution_ways(site: Site) -> list[Way]:
    roles = convolution_roles(site.value)
    kind: Kind = _forward
    if roles.signal == RESULT:
        kind = _transposed
    elif roles.tap == RESULT:
        kind = _filter
    leader = site.orders[roles.result if roles.signal == RESULT else roles.signal]
    found = []
    for frame in frames(site, roles, site.value, leader):
        given, other = (frame.y, frame.x) if roles.signal == RESULT else (frame.x, frame.y)
        found += [kind(site, frame, roles, last) for last in formats(given, leader, other)]
    return list(dict.fromkeys(found))


def pointwise_ways(site: Site) -> list[Way]:
    """A product that sums over the channels of an image, where these lie last: a convolution with
    taps of size 1. On 32 × 32 × 32 positions, from 16 channels to 6, it takes 0.6 ms, `mm` 1.5."""
    roles = product_roles(site.value)
    if not site.measure.last or solid(roles.batch):
        return []
    found = []
    for k, outer in ((0, roles.right), (1, roles.left)):
        order = solid(site.orders[k])
        inner = ordered(solid(roles.contracted), order)
        free = order[: len(order) - len(inner)]
        if not inner or free + inner != order or len(free) != IMAGE or not solid(outer):
            continue
        spatial: tuple[Passed, Passed] = (free[1:2], free[2:])
        frame = Frame(free[:1], (), inner, ordered(outer, site.orders[1 - k]), spatial)
        way = _forward(site, frame, Roles(k, RESULT, 1 - k, *(frozenset(),) * 4), True)
        macs = site.measure(order) * site.measure(frame.outer)
        found.append(replace(way, cost=LAUNCH + POINTWISE + macs // RATE))
    return found


def both_ways(site: Site) -> list[Way]:
    """Signal and tap gradient of one convolution together; the operands are Y, X, W."""
    signal_gradient, _ = site.step.values
    roles = convolution_roles(signal_gradient)
    leader = site.orders[1]
    return [
        _both(site, frame, last)
        for frame in frames(site, roles, signal_gradient, leader)
        for last in formats(frame.x, leader, frame.y)
    ]


def _both(site: Site, frame: Frame, last: bool) -> Way:
    given = follower(0, frame.y, site.orders[0], last)
    signal, taps = presented(1, frame.x, last), _taps(site, frame, 2, last)
    taken = (given, signal, taps)
    return Way(
        tuple(one.axes for one in taken),
        (_given(frame.x, last), _given(frame.w, last)),
        _backward(frame, [one.text for one in taken], "{3}", "(<0>, <1>, False)"),
        (frame.group,),
        fits=tuple(one.orders for one in taken),
        cost=LAUNCH + _turning(site, frame, last),
        note=frame.note,
        unpacked=(0, 1, None),
    )


def _call(name: str, frame: Frame, operands: str, numbers: Sequence[str]) -> str:
    """The call without trailing arguments that have their default."""
    defaults = ["None", "1", "0", *(["0", "1", "1"] if "transpose" in name else ["1", "1"])]
    text = ["None", *numbers]
    while text and text[-1] == defaults[len(text) - 1]:
        text.pop()
    return f"torch.{name}{frame.rank}d({', '.join([operands, *text])})"


def _forward(site: Site, frame: Frame, roles: Roles, last: bool) -> Way:
    groups = "{2}" if solid(frame.group) else "1"
    numbers = [short(frame.stride), short(frame.padding), short(frame.dilation), groups]
    signal, taps = presented(roles.signal, frame.x, last), _taps(site, frame, roles.tap, last)
    text = _call("conv", frame, f"{signal.text}, {taps.text}", numbers)
    taken = {roles.signal: signal, roles.tap: taps}
    return _way(site, frame, last, taken, _given(frame.y, last), text, (frame.group,))


def _transposed(site: Site, frame: Frame, roles: Roles, last: bool) -> Way:
    groups = "{2}" if solid(frame.group) else "1"
    surplus = [size.value for size in frame.surplus]
    numbers: tuple[Order | Size, ...] = (frame.group,)
    extra = short([value or 0 for value in surplus])
    if None in surplus:
        numbers = (frame.group, *frame.surplus)
        extra = ", ".join(f"{{{3 + k}}}" for k in range(frame.rank))
        extra = f"({extra})" if frame.rank > 1 else extra
    texts = [short(frame.stride), short(frame.padding), extra, groups, short(frame.dilation)]
    signal, taps = presented(roles.result, frame.y, last), _taps(site, frame, roles.tap, last)
    text = _call("conv_transpose", frame, f"{signal.text}, {taps.text}", texts)
    taken = {roles.result: signal, roles.tap: taps}
    return _way(site, frame, last, taken, _given(frame.x, last), text, numbers)


def _filter(site: Site, frame: Frame, roles: Roles, last: bool) -> Way:
    shape = ", ".join(f"{{{3 + k}}}" for k in range(len(frame.w)))
    signal = presented(roles.signal, frame.x, last)
    result = follower(roles.result, frame.y, site.orders[roles.result], last)
    dummy = f"{result.text}.new_empty(1).expand({shape})"
    operands = (result.text, signal.text, dummy)
    text = _backward(frame, operands, "{2}", "(False, True, False)") + "[1]"
    taken = {roles.signal: signal, roles.result: result}
    numbers = (frame.group, *frame.w)
    return _way(site, frame, last, taken, _given(frame.w, last), text, numbers)


def _backward(frame: Frame, operands: Sequence[str], groups: str, mask: str) -> str:
    lists = [list(frame.stride), list(frame.padding), list(frame.dilation)]
    numbers = ", ".join(map(str, lists))
    groups = groups if solid(frame.group) else "1"
    tail = f"None, {numbers}, False, {[0] * frame.rank}, {groups}, {mask}"
    return f"torch.ops.aten.convolution_backward({', '.join(operands)}, {tail})"


def _way(
    site: Site,
    frame: Frame,
    last: bool,
    taken: Mapping[int, Taken],
    gives: Form,
    text: str,
    numbers: tuple[Order | Size, ...],
) -> Way:
    return Way(
        (taken[0].axes, taken[1].axes),
        (gives,),
        text,
        numbers,
        fits=(taken[0].orders, taken[1].orders),
        cost=LAUNCH + COPY * site.measure(flat(frame.y)) // 8 + _turning(site, frame, last),
        note=frame.note,
    )


def _turning(site: Site, frame: Frame, last: bool) -> int:
    """The channels of an image come first although the layer was given them last: the smaller of
    signal and result is moved somewhere, in the step before or after at the latest."""
    if last or not site.measure.last or not channelled(frame.x):
        return 0
    return LAUNCH + 4 * COPY * min(site.measure(flat(frame.x)), site.measure(flat(frame.y)))


def _taps(site: Site, frame: Frame, k: int, last: bool) -> Taken:
    """Operand `k`, the taps. They must not lie channels last where the signal does not: torch
    would follow them. Where both do, but for a stride of 1 on a last axis of size 1, the gradients
    of torch's convolution fail ("grad_weight must be contiguous")."""
    final = frame.spatial[-1]
    if last:
        unsafe = not (isinstance(final, Pattern) and final.taps[0].size.value != 1)
    else:
        unsafe = True in formats(frame.w, site.orders[k])
    text = f"{{{k}}}.contiguous()" if unsafe else f"{{{k}}}"
    return Taken(text, frame.w, dense(frame.w))


def _given(axes: Axes, last: bool) -> Form:
    return Form(axes, dense(axes)[last])
