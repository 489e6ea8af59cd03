"""Random contractions: every mode in any of the places operand, operand, result; every reading of
every relation."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hypothesis import assume
from hypothesis import strategies as st

from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.ops import Contract, Pattern

LARGEST = 40_000
"""Elements in the product of all modes."""


@dataclass(frozen=True)
class Case:
    """A contraction, and the modes of its operands in memory order."""

    operands: tuple[tuple[Mode, ...], ...]
    op: Contract

    def __repr__(self) -> str:
        shown = [[f"{mode}:{mode.size}" for mode in modes] for modes in self.operands]
        kept = [f"{mode}:{mode.size}" for mode in self.op.keep]
        return f"{shown} -> {kept} | {', '.join(map(str, self.op.patterns))}"


READINGS = ((0, 2, 1), (2, 0, 1), (2, 1, 0), (0, 1, 2), (1, 2, 0), (1, 0, 2))


def places(draw: st.DrawFn, count: int) -> set[int]:
    every = [*range(count), 2]
    return set(draw(st.lists(st.sampled_from(every), min_size=1, max_size=3, unique=True)))


@st.composite
def relations(draw: st.DrawFn, k: int) -> Pattern:
    signal = Mode("phxz"[k], Size.of(draw(st.integers(1, 6))))
    result = Mode("phxz"[k] + "'", Size.of(draw(st.integers(1, 4))))
    tap = Mode("ijkl"[k], Size.of(draw(st.integers(1, 3))))
    return Pattern(
        signal,
        result,
        (tap,),
        draw(st.integers(1, 3)),
        (draw(st.integers(1, 3)),),
        Size.of(draw(st.integers(-1, 3))),
        draw(st.booleans()),
        draw(st.booleans()),
    )


@st.composite
def cases(draw: st.DrawFn, *, most: int = 4, regular: bool = False, count: int = 2) -> Case:
    """`regular`: all relations read alike, each leg in one place."""
    where: dict[Mode, set[int]] = {}
    for name in "abcde"[: draw(st.integers(0, 4))]:
        where[Mode(name, Size.of(draw(st.sampled_from([1, 2, 3]))))] = places(draw, count)
    patterns = [draw(relations(k)) for k in range(draw(st.integers(1 if regular else 0, most)))]
    common = draw(st.sampled_from(READINGS))
    for pattern in patterns:
        reading = common if regular else draw(st.sampled_from(READINGS))
        for leg, place in zip(pattern.legs, reading, strict=True):
            odd = not regular and draw(st.integers(0, 5)) == 0
            where[leg] = places(draw, count) if odd else {place}
            if odd and draw(st.booleans()):
                where[leg] = set()
    legs = [leg for pattern in patterns for leg in pattern.legs]
    assume(math.prod(mode.size.value or 1 for mode in {*where, *legs}) <= LARGEST)
    tensors = [
        tuple(draw(st.permutations([mode for mode in where if k in where[mode]]))) for k in range(3)
    ]
    return Case(tuple(tensors[:count]), Contract(tensors[2], tuple(patterns)))
