"""The one multilinear operation: contraction, with index patterns for convolution."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tnc.ir.graph import Builder, IllTyped, Op, Value
from tnc.ir.size import Size
from tnc.ir.tensor import Mode, TensorType
from tnc.record import record


@record
class Pattern:
    """The 0/1 tensor of a convolution relation.

        P[p, i, a_1 … a_m] = 1  iff  p = stride·i − left + Σ_j dilations_j·a_j

    with p the `signal`, i the `result`, a_j the `taps`; positions of p outside its range
    contribute nothing. `flip` reverses the taps (a_j → K_j − 1 − a_j, a true convolution);
    `circular` takes p modulo its size. Never materialised.

    Source: Hayashi et al. 2019; Dangel 2024 (arXiv 2307.02275).
    """

    signal: Mode
    result: Mode
    taps: tuple[Mode, ...]
    stride: int = 1
    dilations: tuple[int, ...] = (1,)
    left: Size = Size.of(0)
    flip: bool = False
    circular: bool = False

    @property
    def legs(self) -> tuple[Mode, ...]:
        return (self.signal, self.result, *self.taps)

    @property
    def reach(self) -> Size:
        """Σ d_j (K_j − 1): how many positions a window spans beyond its first."""
        spans = [d * (tap.size - 1) for tap, d in zip(self.taps, self.dilations, strict=True)]
        return sum(spans, Size.of(0))

    @property
    def right(self) -> Size:
        """Padding on the right that the last window needs; negative where positions are unused."""
        return self.stride * (self.result.size - 1) + self.reach - self.left - self.signal.size + 1

    def __str__(self) -> str:
        taps = " + ".join(
            f"{d}·{tap}" if d != 1 else f"{tap}"
            for tap, d in zip(self.taps, self.dilations, strict=True)
        )
        result = f"{self.stride}·{self.result}" if self.stride != 1 else f"{self.result}"
        left = f" - {self.left}" if self.left != Size.of(0) else ""
        notes = " flipped" * self.flip + " circular" * self.circular
        return f"{self.signal} = {result} + {taps}{left}{notes}"


@record
class Contract(Op):
    """Multiply all operands and patterns; sum over every mode not in `keep`.

    Shapes:   the result has exactly `keep`, in that order. A kept mode which no operand and no
              pattern has is broadcast (a factor of ones).
    Gradient: multilinear: the cotangent of operand k contracts the seed with the others,
              keeping the modes of k; a mode summed from k alone gets a factor of ones.
    Cost:     macs = product of the sizes of all modes, a convolution counting its taps once
              (see `counted`); a single operand is only summed, moved or repeated: 0 macs.
    Source:   Su et al. 2018 (arXiv 1805.10352).
    """

    keep: tuple[Mode, ...]
    patterns: tuple[Pattern, ...] = ()

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        sizes: dict[str, Size] = {}
        legs = [leg for pattern in self.patterns for leg in pattern.legs]
        for mode in (*(m for operand in operands for m in operand.modes), *legs, *self.keep):
            if sizes.setdefault(mode.name, mode.size) != mode.size:
                raise IllTyped(f"mode {mode} has sizes {sizes[mode.name]} and {mode.size}")
        if len(set(self.keep)) != len(self.keep):
            raise IllTyped("a mode is kept twice")
        return TensorType(self.keep)

    def pull(self, build: Builder, value: Value, seed: Value, k: int) -> Value:
        others = value.operands[:k] + value.operands[k + 1 :]
        operand = value.operands[k]
        return build.make(
            Contract(operand.type.modes, self.patterns), (seed, *others), value.origin
        )

    def macs(self, operands: Sequence[TensorType]) -> Size:
        """Multiplications and additions of the step."""
        if len(operands) < 2:
            return Size.of(0)
        return Size.product(mode.size for mode in counted(operands, self.keep, self.patterns))


def counted(
    operands: Iterable[TensorType], keep: Iterable[Mode], patterns: Iterable[Pattern]
) -> tuple[Mode, ...]:
    """The modes whose sizes multiply to the cost of a step: all of them, except that the signal of
    a pattern follows from its result and taps. This is the one cost rule: search, report and
    tests use it."""
    patterns = tuple(patterns)
    legs = [leg for pattern in patterns for leg in pattern.legs]
    modes = dict.fromkeys([*(m for operand in operands for m in operand.modes), *legs, *keep])
    for pattern in patterns:
        modes.pop(pattern.signal, None)
    return tuple(modes)
