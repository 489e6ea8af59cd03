"""Steps on one tensor: windows, overlap-adds, diagonals, and the merging of its own modes.

Every step here is a plain sum, broadcast, *unfold* (the signal is carried, result and tap are
kept: im2col) or *fold* (result and tap are carried, the signal is kept: col2im), each with one
tap. They serve networks in which one tensor carries several participants of a relation, or in
which several are kept.
"""

from __future__ import annotations

from collections.abc import Iterable

from tnc.ir.graph import Builder, IllTyped, Value
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.ops.contract import Contract, Pattern
from tnc.plan.lattice import Names, Relation


def arrange(build: Builder, value: Value, keep: Iterable[Mode]) -> Value:
    """Sum, broadcast or reorder to exactly `keep`."""
    keep = tuple(keep)
    if value.type.modes == keep:
        return value
    return build.make(Contract(keep), (value,), value.origin)


def windows(build: Builder, value: Value, pattern: Pattern) -> Value:
    """Unfold: x[p, …] -> x[i, a, …], zero outside the signal."""
    return _exchange(build, value, pattern, {pattern.signal}, (pattern.result, *pattern.taps))


def overlap(build: Builder, value: Value, pattern: Pattern) -> Value:
    """Fold: x[i, a, …] -> x[p, …], a sum."""
    return _exchange(build, value, pattern, {pattern.result, *pattern.taps}, (pattern.signal,))


def _exchange(
    build: Builder, value: Value, pattern: Pattern, old: set[Mode], new: tuple[Mode, ...]
) -> Value:
    others = [mode for mode in value.type.modes if mode not in old]
    return build.make(Contract((*others, *new), (pattern,)), (value,), value.origin)


def merge(build: Builder, value: Value, relation: Relation, group: int) -> Value:
    """Replace the modes of `group`, which only this tensor has, by the one mode of the group."""
    first, *others = [k for k in reversed(range(len(relation.legs))) if group >> k & 1]
    merged = 1 << first
    for k in others:
        value = _merge_two(build, value, relation, relation.link(merged, 1 << k))
        merged |= 1 << k
    return value


def _merge_two(build: Builder, value: Value, relation: Relation, link: Pattern) -> Value:
    """Two legs of `link` are carried and summed: only the third is left."""
    (tap,) = link.taps
    if link.signal not in value.type:
        return overlap(build, value, link)
    dropped, wanted = (tap, link.result) if tap in value.type else (link.result, tap)
    return _correlate(build, value, relation.names, link, dropped, wanted)


def _correlate(
    build: Builder, value: Value, names: Names, link: Pattern, dropped: Mode, wanted: Mode
) -> Value:
    """Σ over p and one other leg of x[p, leg]: slide every slice by its own amount, add them, and
    take every s-th position."""
    (tap,), (dilation,) = link.taps, link.dilations
    slide = dilation if dropped == tap else link.stride
    shift = slide * (dropped.size - 1)
    length = link.signal.size if link.circular else link.signal.size + shift
    slid = names.mode(("slid", link, dropped), f"{link.signal}~{dropped}", length)
    flip = not link.flip if dropped == tap else True
    value = overlap(
        build,
        value,
        Pattern(slid, link.signal, (dropped,), 1, (slide,), Size.of(0), flip, link.circular),
    )
    one = names.mode(("one", link, wanted), f"1~{wanted}", Size.of(1))
    left = link.left - shift
    if dropped == tap:
        sample = Pattern(slid, wanted, (one,), link.stride, (1,), left, False, link.circular)
    else:
        sample = Pattern(slid, one, (wanted,), 1, (dilation,), left, link.flip, link.circular)
    value = windows(build, value, sample)
    return arrange(build, value, [mode for mode in value.type.modes if mode != one])


def scatter(build: Builder, value: Value, relation: Relation, group: int) -> Value:
    """Replace the mode of `group` by all the other participants, none of which it has."""
    while len(relation.members(relation.everything ^ group)) > 1:
        last = 1 << (relation.everything ^ group).bit_length() - 1
        link = relation.link(group, last)
        value = _scatter_one(build, value, relation.names, link, relation.mode(group))
        group |= last
    return value


def _scatter_one(build: Builder, value: Value, names: Names, link: Pattern, carried: Mode) -> Value:
    """One leg of `link` is carried, the other two are kept."""
    if carried == link.signal:
        return windows(build, value, link)
    (tap,), (dilation,) = link.taps, link.dilations
    step, other = (link.stride, tap) if carried == link.result else (dilation, link.result)
    flip = link.flip and carried == tap
    slide = dilation if other == tap else link.stride
    if step != 1 or flip or link.circular:
        value, spread = _stretch(build, value, names, link, carried)
    else:
        spread = carried
    mirrored = not link.flip if other == tap else True
    shift = slide * (other.size - 1) - link.left
    toeplitz = Pattern(spread, link.signal, (other,), 1, (slide,), shift, mirrored, link.circular)
    return windows(build, value, toeplitz)


def _stretch(
    build: Builder, value: Value, names: Names, link: Pattern, carried: Mode
) -> tuple[Value, Mode]:
    """x[i] -> x[s·i], zero between; taps reversed where the relation reverses them."""
    (tap,), (dilation,) = link.taps, link.dilations
    step = link.stride if carried == link.result else dilation
    length = link.signal.size if link.circular else step * (carried.size - 1) + 1
    spread = names.mode(("spread", link, carried), f"{step}~{carried}", length)
    one = names.mode(("one", link, carried), f"1~{carried}", Size.of(1))
    value = arrange(build, value, (*value.type.modes, one))
    result, taps = (carried, (one,)) if carried == link.result else (one, (carried,))
    stride, dilations = (step, (1,)) if carried == link.result else (1, (step,))
    flip = link.flip and carried == tap
    stretched = Pattern(spread, result, taps, stride, dilations, Size.of(0), flip, link.circular)
    return overlap(build, value, stretched), spread


def diagonal(build: Builder, value: Value, names: Names, first: Mode, second: Mode) -> Value:
    """x[m, m̂, …] -> x[m, m, …], left with `first`: the two modes are laid out row by row in one,
    of which every (K + 1)-th position is taken."""
    if (size := first.size.value) is None:
        raise IllTyped(f"no plan: the diagonal of {first} needs its size when compiling")
    flat = names.mode(("flat", first, second), f"{first}~{second}", Size.of(size * size))
    one = names.mode(("one", first, second), f"1~{second}", Size.of(1))
    value = overlap(build, value, Pattern(flat, second, (first,), size))
    value = windows(build, value, Pattern(flat, first, (one,), size + 1))
    return arrange(build, value, [mode for mode in value.type.modes if mode != one])
