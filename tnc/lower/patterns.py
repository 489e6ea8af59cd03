"""One convolution relation at a time: padded, windowed, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from tnc.diagnostics.span import Span
from tnc.ir.graph import Builder, Value
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.lower.pieces import Diagonal, Edge, Every, Flip, Overlap, Pad, Windows, Wrap
from tnc.ops import Contract, Pattern, Rename
from tnc.record import record

ZERO = Size.of(0)


def chained(pattern: Pattern) -> tuple[Pattern, ...]:
    """A pattern of several taps as patterns of one: p = m + d_k·a_k − left, m = s·i + …"""
    if len(pattern.taps) == 1:
        return (pattern,)
    *taps, last = pattern.taps
    *dilations, dilation = pattern.dilations
    inner = replace(
        pattern, taps=tuple(taps), dilations=tuple(dilations), left=ZERO, circular=False
    )
    size = pattern.stride * (pattern.result.size - 1) + inner.reach + 1
    middle = Mode(f"{pattern.result.name}+{last.name}", size)
    outer = replace(pattern, result=middle, taps=(last,), dilations=(dilation,), stride=1)
    return (outer, *chained(replace(inner, signal=middle)))


@lru_cache(1 << 10)
def used(pattern: Pattern) -> Size:
    """How many positions the windows span, from the first to the last."""
    return pattern.stride * (pattern.result.size - 1) + pattern.reach + 1


@lru_cache(1 << 10)
def fitting(pattern: Pattern) -> bool:
    """Whether the windows cover the signal: no padding, and no remainder or one that does no harm,
    as windows of one element with a step over it have it."""
    if pattern.left != ZERO:
        return False
    positions = (pattern.signal.size - 1) // pattern.stride + 1
    loose = pattern.reach == ZERO and not pattern.circular and positions == pattern.result.size
    return loose or used(pattern) == pattern.signal.size


@lru_cache(1 << 10)
def symmetric(pattern: Pattern) -> bool:
    """Whether a convolution with `left` zeros on both sides provably has the result's size."""
    left = pattern.left.value
    if pattern.circular or left is None or left < 0:
        return False
    room = pattern.signal.size + 2 * left - pattern.reach - 1
    return room // pattern.stride + 1 == pattern.result.size


def pointwise(pattern: Pattern) -> bool:
    """One tap, or one window: the relation is a choice of positions."""
    return pattern.taps[0].size.value == 1 or pattern.result.size.value == 1


def inner_signal(pattern: Pattern) -> Mode:
    """The signal once it is padded, or wrapped, to exactly what the windows use."""
    if fitting(pattern):
        return pattern.signal
    return Mode(f"{pattern.signal.name}+{pattern.result.name}", used(pattern))


@record
class Windowing:
    """Makes the pieces for one pattern."""

    build: Builder
    pattern: Pattern
    origin: Span | None

    def padded(self, value: Value) -> Value:
        pattern = self.pattern
        if fitting(pattern):
            return value
        if pattern.circular:
            wrap = Wrap(pattern.signal, inner_signal(pattern), pattern.left)
            return self.build.make(wrap, (value,), self.origin)
        return self._pad(Edge(pattern.signal, inner_signal(pattern), pattern.left), value)

    def cropped(self, value: Value) -> Value:
        """The transpose of `padded`."""
        pattern = self.pattern
        if fitting(pattern):
            return value
        if pattern.circular:
            wrap = Wrap(pattern.signal, inner_signal(pattern), pattern.left, adjoint=True)
            return self.build.make(wrap, (value,), self.origin)
        return self._pad(Edge(inner_signal(pattern), pattern.signal, -pattern.left), value)

    def _pad(self, edge: Edge, value: Value) -> Value:
        """Several modes are padded at once; what crops the whole signal away pads first."""
        amounts = [amount.value or 0 for amount in (edge.left, edge.right)]
        cut, new = min(amounts), max(amounts)
        size = edge.mode.size.value
        if new > 0 and size is not None and -cut >= size:
            middle = Mode(f"{edge.mode.name}+", Size.of(size + new))
            first = Edge(edge.mode, middle, Size.of(max(edge.left.value or 0, 0)))
            value = self.build.make(Pad((first,)), (value,), self.origin)
            last = Edge(middle, edge.padded, Size.of(min(edge.left.value or 0, 0)))
            return self.build.make(Pad((last,)), (value,), self.origin)
        edges: tuple[Edge, ...] = (edge,)
        if isinstance(value.op, Pad):
            edges, (value,) = (*value.op.edges, edge), value.operands
        return self.build.make(Pad(edges), (value,), self.origin)

    def windows(self, value: Value) -> Value:
        """The signal of `value` replaced by the result and the tap; a leg that `value` has
        already takes the diagonal."""
        pattern = self.pattern
        result, tap = (self._fresh(leg, value) for leg in (pattern.result, pattern.taps[0]))
        made = self._unfold(self.padded(value), result, tap)
        if pattern.flip and tap.size.value != 1:
            made = self.build.make(Flip((tap,)), (made,), self.origin)
        for leg, fresh in ((pattern.result, result), (pattern.taps[0], tap)):
            if leg != fresh:
                made = self.build.make(Diagonal(leg, fresh), (made,), self.origin)
        return made

    def overlap(self, value: Value, keep: Sequence[Mode]) -> Value:
        """The result and the tap of `value` replaced by the signal; those in `keep` stay too."""
        pattern = self.pattern
        legs: list[Mode] = []
        for leg in (pattern.result, pattern.taps[0]):
            fresh = leg
            if leg in keep:
                fresh = Mode(f"{leg.name}°", leg.size)
                value = self.build.make(Diagonal(leg, fresh, adjoint=True), (value,), self.origin)
            legs.append(fresh)
        result, tap = legs
        if pattern.flip and tap.size.value != 1:
            value = self.build.make(Flip((tap,)), (value,), self.origin)
        return self.cropped(self._fold(value, result, tap))

    def _fresh(self, leg: Mode, value: Value) -> Mode:
        return Mode(f"{leg.name}°", leg.size) if leg in value.type else leg

    def _unfold(self, value: Value, result: Mode, tap: Mode) -> Value:
        pattern, build = self.pattern, self.build
        inner = inner_signal(pattern)
        stride, dilation = pattern.stride, pattern.dilations[0]
        if not pointwise(pattern):
            op = Windows(inner, result, tap, stride, dilation)
            return build.make(op, (value,), self.origin)
        one, many, step = (tap, result, stride)
        if tap.size.value != 1:
            one, many, step = (result, tap, dilation)
        made = self._every(value, inner, many, step)
        return build.make(Contract((*made.type.modes, one)), (made,), self.origin)

    def _every(self, value: Value, inner: Mode, many: Mode, step: int) -> Value:
        if inner.size == many.size:
            modes = tuple(many if mode == inner else mode for mode in value.type.modes)
            return self.build.make(Rename(modes), (value,), self.origin)
        return self.build.make(Every(inner, many, step), (value,), self.origin)

    def _fold(self, value: Value, result: Mode, tap: Mode) -> Value:
        pattern, build = self.pattern, self.build
        inner = inner_signal(pattern)
        stride, dilation = pattern.stride, pattern.dilations[0]
        if not pointwise(pattern):
            op = Overlap(inner, result, tap, stride, dilation)
            return build.make(op, (value,), self.origin)
        one, many, step = (tap, result, stride)
        if tap.size.value != 1:
            one, many, step = (result, tap, dilation)
        rest = tuple(mode for mode in value.type.modes if mode != one)
        made = build.make(Contract(rest), (value,), self.origin)
        if inner.size == many.size:
            modes = tuple(inner if mode == many else mode for mode in rest)
            return build.make(Rename(modes), (made,), self.origin)
        return build.make(Every(inner, many, step, adjoint=True), (made,), self.origin)
