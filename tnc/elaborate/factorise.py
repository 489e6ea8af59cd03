"""Balanced factorisations of an integer, `factor(96, 3)`."""

from __future__ import annotations

from tnc.elaborate.values import Mismatch

LARGEST = 10**12
MOST = 1000


def factorisation(number: int, count: int) -> tuple[int, ...]:
    """`count` factors in ascending order whose product is `number`, the largest as small as can
    be in proportion to the smallest: `(4, 4, 6)` for 96 and 3."""
    if number < 1 or count < 1:
        raise Mismatch(f"`factor({number}, {count})`: both must be positive")
    if count > MOST:
        raise Mismatch(f"`factor` gives at most {MOST:,} factors, not {count:,}")
    if number > LARGEST:
        raise Mismatch(f"`factor` takes numbers up to {LARGEST:,}")
    best: tuple[int, ...] | None = None
    for smallest in range(_root(number, count), 0, -1):
        if best and not _better(_bound(number // smallest, count - 1), smallest, best):
            break
        found = _filled((smallest,), number, count)
        if found and (best is None or _better(found[-1], smallest, best)):
            best = found
    return best or (*(1,) * (count - 1), number)


def _better(largest: float, smallest: int, best: tuple[int, ...]) -> bool:
    return largest * best[0] < best[-1] * smallest


def _bound(rest: int, count: int) -> float:
    """The largest of `count` factors of `rest` is at least this, up to rounding."""
    return rest ** (1 / count) - 1e-6 if count else 1.0


def _root(number: int, count: int) -> int:
    root: int = round(number ** (1 / count))
    while root**count > number:
        root -= 1
    return root


def _filled(chosen: tuple[int, ...], number: int, count: int) -> tuple[int, ...] | None:
    """Factors that begin with the single one in `chosen`, with the smallest largest one."""
    best: tuple[int, ...] | None = None
    pending = [(chosen, number)]
    while pending:
        factors, rest = pending.pop()
        if rest % factors[-1]:
            continue
        rest //= factors[-1]
        missing = count - len(factors)
        if missing == 0:
            if rest == 1 and (best is None or factors[-1] < best[-1]):
                best = factors
        elif best is None or _bound(rest, missing) < best[-1]:
            tops = range(factors[-1], _root(rest, missing) + 1) if missing > 1 else (rest,)
            pending += [((*factors, top), rest) for top in tops if top >= factors[-1]]
    return best
