"""Ranks of a family in the place of one dense layer: from a ratio, a number, or an error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from tnc.compression.dense import Dense, Unfit
from tnc.compression.families import Family
from tnc.compression.spec import Call, Candidate, Refused, candidate

RATIO, RANK = "ratio", "R"
"""The parameters of a layer that decide its ranks."""

Error = Callable[[Candidate], float]
"""Fits a candidate; the relative error of its kernel."""


@dataclass
class Choices:
    """Every way in which a family can take the place of a dense layer, by its number of
    parameters.

    A family has a parameter `ratio`, or only `R`, with which its parameters grow; of a family
    without either there is one way.
    """

    family: Family
    dense: Dense
    base: Call = field(init=False)
    _made: dict[tuple[tuple[str, str], ...], Candidate | Refused] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.base = Call(self.family, tuple(self.family.settings(self.dense).items()))

    # ------------------------------------------------------------------ one of them
    def as_given(self) -> Candidate:
        """With the ranks that the family has by itself. Errors: Unfit."""
        return self._smaller(self._candidate({}))

    def with_rank(self, rank: int) -> Candidate:
        """Every rank is `rank`. Errors: Unfit."""
        if RANK not in self.family.parameters:
            raise Unfit(f"{self.family.layer.name} has no parameter `{RANK}`")
        return self._smaller(self._candidate({RANK: str(rank), **self._no_ratio()}))

    def with_ratio(self, ratio: float) -> Candidate:
        """The largest ranks with at most `ratio` times the parameters of the dense kernel.

        Errors: Unfit.
        """
        most = part_of(ratio, self.dense.kernel)
        if RATIO in self.family.parameters:
            found = self._candidate({RATIO: repr(float(ratio))})
            if found.kernel <= most:
                return self._smaller(found)
            raise self._too_large(found.kernel)
        if (best := self.at_most(most)) is None:
            least = self.least()
            raise self._too_large(
                self._candidate({RANK: "1"}).kernel if least is None else least.kernel
            )
        return best

    def _too_large(self, kernel: int) -> Unfit:
        ratio = kernel / self.dense.kernel
        return Unfit(f"the smallest possible ratio is {ratio:.3g}")

    def _smaller(self, found: Candidate) -> Candidate:
        if found.kernel >= self.dense.kernel:
            raise Unfit(f"{found.kernel:,} parameters, {self.dense.kernel:,} dense")
        return found

    def like(self, other: Candidate) -> Candidate:
        """With the ranks of another, which stands for a kernel of the same shape. Errors: Unfit."""
        settings = dict(other.call.settings)
        knobs = {name: settings[name] for name in (RATIO, RANK) if name in settings}
        return self._candidate(knobs)

    # ------------------------------------------------------------------ many of them
    def at_most(self, kernel: int) -> Candidate | None:
        """The largest with at most so many parameters in its factors; None where there is none."""
        if kernel < 1:
            return None
        try:
            if RATIO in self.family.parameters:
                found = self._candidate({RATIO: decimal(kernel, self.dense.kernel)})
            elif RANK in self.family.parameters:
                return self._largest_rank(kernel)
            else:
                found = self._candidate({})
        except Unfit:
            return None
        return found if found.kernel <= kernel else None

    def least(self) -> Candidate | None:
        """The smallest; None where it is no smaller than the dense layer."""
        low, high = 0, self.dense.kernel - 1
        best = self.at_most(high)
        if best is None:
            return None
        while high - low > 1:
            middle = (low + high) // 2
            found = self.at_most(middle)
            low, high = (middle, high) if found is None else (low, found.kernel)
            best = found or best
        return best

    def growing(self, factor: float) -> Iterator[Candidate]:
        """From the smallest on, each with about `factor` times the parameters of the one before,
        all of them smaller than the dense layer."""
        found = self.least()
        while found is not None:
            yield found
            found = self._next(found, factor)

    def _next(self, before: Candidate, factor: float) -> Candidate | None:
        most = max(int(before.kernel * factor), before.kernel + 1)
        while most < self.dense.kernel:
            found = self.at_most(most)
            if found is not None and found.kernel > before.kernel:
                return found
            most = max(int(most * factor), most + 1)
        found = self.at_most(self.dense.kernel - 1)
        return found if found is not None and found.kernel > before.kernel else None

    def within(self, error: float, fitted: Error) -> Candidate:
        """The smallest that is fitted to within `error`. Errors: Unfit.

        One after the other is fitted, with twice the parameters each, up to the first that is near
        enough; then those between are bisected.
        """
        low, high, nearest = 0, None, 1.0
        for found in self.growing(2.0):
            told = fitted(found)
            nearest = min(nearest, told)
            if told <= error:
                high = found
                break
            low = found.kernel
        if high is None:
            raise Unfit(
                f"no ranks below the dense layer's size reach the error {error:g}: "
                f"the nearest is {nearest:.3g}"
            )
        while (middle := self._between(low, high.kernel)) is not None:
            if fitted(middle) <= error:
                high = middle
            else:
                low = middle.kernel
        return high

    def _between(self, low: int, high: int) -> Candidate | None:
        """One with more parameters than `low` and fewer than `high`, near their middle."""
        first, last = low, high - 1
        while first < last:
            middle = (first + last + 1) // 2
            found = self.at_most(middle)
            if found is not None and found.kernel > low:
                return found
            first = middle
        return None

    # ------------------------------------------------------------------ making them
    def _candidate(self, settings: dict[str, str]) -> Candidate:
        call = self.base.with_settings(settings)
        if call.settings not in self._made:
            try:
                self._made[call.settings] = candidate(call)
            except Refused as error:
                self._made[call.settings] = error
        found = self._made[call.settings]
        if isinstance(found, Refused):
            raise Unfit(str(found)) from found
        return found

    def _no_ratio(self) -> dict[str, str]:
        return {RATIO: "0.0"} if RATIO in self.family.parameters else {}

    def _largest_rank(self, kernel: int) -> Candidate | None:
        """The largest R for which the factors have at most so many parameters."""
        best, low, high = None, 0, 1
        while (found := self._rank(high)) is not None and found.kernel <= kernel:
            if best is not None and found.kernel == best.kernel:
                return best  # the rank does not matter
            best, low, high = found, high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            found = self._rank(middle)
            if found is not None and found.kernel <= kernel:
                best, low = found, middle
            else:
                high = middle
        return best

    def _rank(self, rank: int) -> Candidate | None:
        try:
            return self._candidate({RANK: str(rank), **self._no_ratio()})
        except Unfit:
            return None


def part_of(ratio: float, whole: int) -> int:
    """⌊ratio·whole⌋ of the decimal number that is written: 0.018 of 24000 is 432, not 431."""
    return int(Fraction(repr(float(ratio))) * whole)


def decimal(part: int, whole: int) -> str:
    """A decimal number `ratio` with ⌊ratio·whole⌋ = part, as short as is easy."""
    for digits in range(1, len(str(whole)) + 2):
        scale = 10**digits
        numerator = -(-part * scale // whole)
        if numerator * whole // scale == part:
            return f"{numerator // scale}.{numerator % scale:0{digits}d}"
    raise AssertionError((part, whole))
