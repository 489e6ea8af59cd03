"""The order of a backward: of all orders none needs less memory."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from tests.lower.running import leaf
from tnc.ir.graph import Builder, Value
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.lower.schedule import WORTH, scheduled
from tnc.lower.ways import Measure, Step
from tnc.ops import Contract, Rename

MODES = [Mode(name, Size.of(size)) for name, size in zip("abcde", (1, 2, 3, 5, 11), strict=True)]


def elements(value: Value) -> int:
    size = 1
    for mode in value.type.modes:
        size *= mode.size.value or 1
    return size


def most(order: Sequence[Step], freed: set[Value], kept: set[Value]) -> int | None:
    """Most elements at once, of what is made and not kept alive by others, by executing the order
    with sets of tensors; None where an operand is not there yet."""
    made = {value for step in order for value in step.values}
    alive: set[Value] = set()
    gone = 0
    peak = 0
    for k, step in enumerate(order):
        if any(operand in made and operand not in alive for operand in step.operands):
            return None
        alive |= set(step.values)
        peak = max(peak, sum(map(elements, alive)) - gone)
        later = {operand for other in order[k + 1 :] for operand in other.operands}
        alive = {v for v in alive if v in kept or v in later}
        gone = sum(elements(v) for v in freed if v not in later and used(v, order[: k + 1]))
    return peak


def used(value: Value, order: Sequence[Step]) -> bool:
    return any(value in step.operands for step in order)


@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.integers(0, 40), st.sets(st.sampled_from(MODES))),
        min_size=2,
        max_size=6,
    ),
    st.integers(0, 63),
)
def test_no_order_needs_less(drawn: list[tuple[int, int, set[Mode]]], some: int) -> None:
    build = Builder()
    values = [leaf(build, "input", name, MODES[k:]) for k, name in enumerate("xyz")]
    freed, steps = set(values[:2]), []
    for one, two, modes in drawn:
        operands = values[one % len(values)], values[two % len(values)]
        keep = tuple(mode for mode in MODES if mode in modes)
        value = build.make(Contract(keep), operands)
        if value not in values:
            steps.append(Step((value,), value.operands))
            values.append(value)
    kept = {step.values[0] for k, step in enumerate(steps) if some >> k & 1}
    found = scheduled(steps, Measure({}), freed, kept)
    assert sorted(map(id, found)) == sorted(map(id, steps))
    peaks = [most(order, freed, kept) for order in permutations(steps)]
    chosen, least = most(found, freed, kept), min(peak for peak in peaks if peak is not None)
    assert chosen is not None
    assert chosen * (WORTH - 1) <= least * WORTH


def test_another_name_is_no_memory() -> None:
    """Of `large` and `named`, which share their memory, nothing is left after `small`; of `wide`
    something is. Were `named` memory of its own, `wide` would have to come first."""
    a, b, c = Mode("a", Size.of(100)), Mode("b", Size.of(100)), Mode("c", Size.of(60))
    build = Builder()
    x, p = leaf(build, "input", "x", (a,)), leaf(build, "input", "p", (c,))
    large = build.make(Contract((a,)), (x, x))
    named = build.make(Rename((b,)), (large,))
    small = build.make(Contract(()), (named, large))
    wide = build.make(Contract((c,)), (p, p))
    steps = [Step((value,), value.operands) for value in (wide, large, named, small)]
    found = [step.values[0] for step in scheduled(steps, Measure({}), (), (wide, small))]
    assert found.index(small) < found.index(wide)
    alone = [step for step in steps if step.values[0] is not small]
    assert scheduled(alone, Measure({}), (), (wide, large))[0].values == (wide,)


def test_sizes_matter_only_where_they_save_much() -> None:
    """Both results stay; the first order is as good as any but for its area."""
    n = Mode("n", Size.symbol("n"))
    build = Builder()
    x = leaf(build, "input", "x", (n, *MODES))
    one, two = (build.make(Contract((n, mode)), (x,)) for mode in (MODES[4], MODES[1]))
    steps = [Step((value,), value.operands) for value in (one, two)]
    assert scheduled(steps, Measure({"n": 9}), (), (one, two)) == tuple(steps)
