"""Ranks from a budget of parameters, and the largest ranks that are of use.

A factorised weight has Σ over its factors of the product of their sizes parameters: a posynomial,
which grows with every rank. All arithmetic is exact, so that every machine finds the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from fractions import Fraction
from math import floor, prod

from tnc.ir.size import Size
from tnc.record import record

Ranks = dict[str, int]
Fits = Callable[[Ranks], bool]


@record
class Bond:
    """A rank to be found: its symbol, the largest useful value, and its share among the ranks.

    A weight that is a float stands for the decimal that it prints as: 0.1 is a tenth.
    """

    name: str
    cap: int
    weight: int | float = 1

    def __post_init__(self) -> None:
        if self.cap < 1 or self.share <= 0:
            raise ValueError(f"the cap and the weight of `{self.name}` must be positive")

    @property
    def share(self) -> Fraction:
        """The weight, exactly."""
        return Fraction(str(self.weight))


class Infeasible(ValueError):
    """No ranks are small enough; `least` is the number of parameters when every rank is 1."""

    def __init__(self, least: int) -> None:
        super().__init__(f"even ranks of 1 need {least} parameters")
        self.least = least


def largest(parameters: Size, bonds: Sequence[Bond], budget: int | Fraction) -> Ranks:
    """Ranks with at most `budget` parameters, of which none can be raised within cap and budget.

    `parameters` is a size over the symbols of the bonds that falls with none of them. The ranks
    are max(1, min(cap, ⌊scale·weight⌋)) for the largest scale that fits; what this leaves of the
    budget goes, one by one, to the rank with the lowest rank/cap that can still be raised (of
    equals, the first). Raises Infeasible when all ranks 1 are too many, and KeyError when
    `parameters` depends on something else than the bonds.
    """
    whole = floor(budget)

    def fits(ranks: Ranks) -> bool:
        return parameters.evaluate(ranks) <= whole

    ones = {bond.name: 1 for bond in bonds}
    if not fits(ones):
        raise Infeasible(parameters.evaluate(ones))
    return _raised(_scaled(bonds, fits), bonds, fits)


def _scaled(bonds: Sequence[Bond], fits: Fits) -> Ranks:
    """The ranks at the largest scale that fits.

    They change only where the scale is a whole number of some bond's 1/weight; hence one search
    for each bond among its own multiples finds that scale exactly.
    """
    shares = [bond.share for bond in bonds]

    def at(scale: Fraction) -> Ranks:
        pairs = zip(bonds, shares, strict=True)
        return {bond.name: max(1, min(bond.cap, floor(scale * share))) for bond, share in pairs}

    def furthest(bond: Bond, share: Fraction) -> Fraction:
        return _last(bond.cap, lambda n: fits(at(n / share))) / share

    return at(max(map(furthest, bonds, shares), default=Fraction(0)))


def _raised(ranks: Ranks, bonds: Sequence[Bond], fits: Fits) -> Ranks:
    """Raise the rank with the lowest rank/cap; one that fits no more never fits again."""
    growing = list(bonds)
    while growing:
        ranks = _levelled(ranks, growing, fits)
        while True:
            lowest = min(growing, key=lambda bond: Fraction(ranks[bond.name], bond.cap))
            raised = ranks | {lowest.name: ranks[lowest.name] + 1}
            if raised[lowest.name] > lowest.cap or not fits(raised):
                break
            ranks = raised
        growing.remove(lowest)
    return ranks


def _levelled(ranks: Ranks, growing: Sequence[Bond], fits: Fits) -> Ranks:
    """All raises, the lowest rank/cap first, up to the first that does not fit, but for a few.

    Once every rank at or below the level n/cap of the finest bond was raised, each is the whole
    part of level·cap, plus 1, or what it was if that is more. So the level can be searched for.
    """
    finest = max(bond.cap for bond in growing)

    def at(level: int) -> Ranks:
        floors = {bond.name: level * bond.cap // finest + 1 for bond in growing}
        return {name: max(rank, floors.get(name, rank)) for name, rank in ranks.items()}

    return at(_last(finest - 1, lambda level: fits(at(level))))


def _last(top: int, fits: Callable[[int], bool]) -> int:
    """The largest n ≤ top that fits, where 0 does and nothing does above one that does not."""
    low, high = 0, top
    while low < high:
        middle = (low + high + 1) // 2
        if fits(middle):
            low = middle
        else:
            high = middle - 1
    return low


def caps(
    factors: Iterable[Collection[str]], sizes: Mapping[str, int], bonds: Iterable[str]
) -> Ranks:
    """The largest useful size of each bond of a network of factors, given by their modes.

    `sizes` has the open modes, those of the represented kernel; every other mode is summed over.
    - A bond without which the network falls apart: one part can hold the whole kernel while the
      others select an entry of it. That takes the product of the open modes which that part lacks,
      for the best part. Of two parts it is the smaller of the products on either side, the rank of
      a matrix; of m parts (CP) the product of all but the largest (Kolda and Bader, Tensor
      decompositions and applications, 2009, section 3.1). An open mode that all parts carry, like
      that of groups, does not count: the bound is one for each of its indices.
    - A bond of two factors on a cycle: opened elsewhere, a ring is a chain. The cap is the largest
      that the bond has when one other summed mode is 1.
    - A bond on more cycles, or a summed mode of three or more factors on one: as if it alone held
      the factors together.
    - A mode of a single factor is of no use: 1.
    """
    networks = [frozenset(factor) for factor in factors]
    return {bond: _cap(bond, networks, sizes) for bond in bonds}


def _cap(bond: str, factors: Sequence[frozenset[str]], sizes: Mapping[str, int]) -> int:
    def ends(*cut: str) -> list[frozenset[str]]:
        """The parts that only the bond holds together, when the modes in `cut` are cut."""
        return [part for part in _parts(factors, {bond, *cut, *sizes}) if bond in part]

    carriers = sum(bond in factor for factor in factors)
    if carriers < 2:
        return 1
    if len(ends()) > 1:
        return _enough(ends(), sizes)
    (network,) = ends()
    opened = [ends(mode) for mode in sorted(network - {bond, *sizes})] if carriers == 2 else []
    chains = [_enough(parts, sizes) for parts in opened if len(parts) > 1]
    return max(chains, default=_enough([part for part in factors if part <= network], sizes))


def _parts(factors: Sequence[frozenset[str]], cut: AbstractSet[str]) -> list[frozenset[str]]:
    """The modes of each part that hangs together by modes outside of `cut`."""
    parts: list[frozenset[str]] = []
    for factor in factors:
        near = [part for part in parts if (part & factor) - cut]
        parts = [part for part in parts if part not in near] + [factor.union(*near)]
    return parts


def _enough(parts: Sequence[frozenset[str]], sizes: Mapping[str, int]) -> int:
    """The size with which a mode of all parts lets them represent every kernel."""
    kernel = {mode: size for mode, size in sizes.items() if any(mode in part for part in parts)}
    return min(prod(n for mode, n in kernel.items() if mode not in part) for part in parts)
