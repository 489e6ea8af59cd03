"""What becomes of each axis of the input on its way to the output, in one term of a layer."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Literal

from tnc.fitting.refusal import Unfit
from tnc.fitting.terms import Placed, Term
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.ops import Pattern
from tnc.record import record

Edge = Literal["zeros", "circular", "reflect", "replicate"]


@record
class Passage:
    """One mode of the input in one term.

    `end`: the mode of the output that it becomes, or None where it is summed with weights. On the
    way its position is `stride·end + Σ dilation·tap − left`; `taps` holds the taps with their
    dilations, `edge` says what lies outside. `clipped`: a convolution pads or crops the result of
    another, so that near the border the layer is no single convolution. `transposed`: the position
    of the *output* is that formula of the input's.
    """

    mode: Mode
    end: Mode | None
    stride: int = 1
    left: Size = Size.of(0)
    taps: tuple[tuple[Mode, int], ...] = ()
    flip: bool = False
    edge: Edge = "zeros"
    clipped: bool = False
    transposed: bool = False

    @property
    def moved(self) -> bool:
        """Whether it is a position, which a window slides over."""
        return bool(self.taps) or (self.end is not None and self.end.name != self.mode.name)


def passages(
    term: Term, data: Placed, outputs: Collection[Mode]
) -> tuple[tuple[Passage, ...], tuple[Pattern, ...]]:
    """What becomes of each mode of the input, and the patterns in which it takes no part."""
    left = list(term.patterns)
    found = []
    for own, mode in zip(data.leaf.type.modes, data.modes, strict=True):
        passage = _followed(term, own, mode, outputs, left)
        if passage.end is None and passage.taps:
            raise Unfit(f"the positions `{own}` are summed", data.leaf.origin)
        found.append(passage)
    carried = {mode for each in term.leaves if each is not data for mode in each.modes}
    positions = {each.end for each in found if each.moved and each.end is not None}
    if local := positions & carried:
        raise Unfit(f"a weight depends on the position `{min(map(str, local))}`", data.leaf.origin)
    return tuple(found), tuple(left)


def _followed(
    term: Term, own: Mode, mode: Mode, outputs: Collection[Mode], left: list[Pattern]
) -> Passage:
    """The passage of the mode `own`, called `mode` in the term; its patterns leave `left`."""
    passage = Passage(own, mode if mode in outputs else None)
    while passage.end is None or mode not in outputs:
        border = next((each for each in term.borders if each.mode == mode), None)
        if border is not None:
            clipped = passage.clipped or bool(passage.taps)
            ahead = passage.left + passage.stride * border.left
            passage = replace(passage, left=ahead, edge=border.kind, clipped=clipped)
            mode = border.padded
            continue
        pattern = next((each for each in left if mode in (each.signal, each.result)), None)
        if pattern is None:
            return replace(passage, end=None)
        left.remove(pattern)
        passage = _through(passage, pattern, pattern.result == mode)
        mode = pattern.signal if pattern.result == mode else pattern.result
        if mode in outputs:
            return replace(passage, end=mode)
    return passage


def _through(passage: Passage, pattern: Pattern, transposed: bool) -> Passage:
    """The passage after one more convolution."""
    if passage.taps and (transposed or passage.transposed):
        raise Unfit("a transposed convolution is one of several stages", None)
    if passage.taps and pattern.flip != passage.flip:
        raise Unfit("some of its taps are reversed, some are not", None)
    later = bool(passage.taps)
    pads = later and not (_none(pattern.left) and _none(pattern.right))
    edge: Edge = "circular" if pattern.circular else passage.edge
    taps = zip(pattern.taps, pattern.dilations, strict=True)
    return replace(
        passage,
        stride=passage.stride * pattern.stride,
        left=passage.left + passage.stride * pattern.left,
        taps=(*passage.taps, *((tap, passage.stride * dilation) for tap, dilation in taps)),
        flip=pattern.flip,
        edge=edge,
        clipped=passage.clipped or pads or (later and edge == "circular"),
        transposed=transposed,
    )


def _none(padding: Size) -> bool:
    """Whether nothing is padded, as far as is known before the sizes are."""
    return padding.value is not None and padding.value <= 0
