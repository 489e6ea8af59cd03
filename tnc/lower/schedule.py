"""The order of the steps of a backward in which least is allocated at once."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from tnc.ir.graph import Value
from tnc.lower.kernels import aliased
from tnc.lower.ways import Measure, Step

BEAM, LONG = 64, 40
"""So many sets of finished steps are followed at a time; of more than `LONG` steps, an eighth."""

FAR, NARROW, NEAR = 200, 4, 4
"""Of more than `FAR` steps `NARROW` sets are followed, and after each the steps that the last one
made ready, and the first `NEAR` of the others: the time goes with the square of the steps else."""

WORTH = 20
"""An order of its own must save one part in so many."""


class State(NamedTuple):
    """After some steps: most elements that were allocated at once, their sum over the steps, the
    steps in order, how many elements are allocated, and the steps as a bit mask."""

    peak: int
    area: int
    order: tuple[int, ...]
    now: int
    done: int


START = State(0, 0, (), 0, 0)


def scheduled(
    steps: Sequence[Step], measure: Measure, freed: Collection[Value], kept: Iterable[Value]
) -> tuple[Step, ...]:
    """The steps, operands first, such that few elements are allocated at once.

    `freed` are values from before which may be deleted after their last use, `kept` those that
    are still needed at the end. It is the order in which fewest tensors of a run-time size are
    held, which layers of other sizes share, unless the best one for these sizes needs less by one
    part in `WORTH`.
    """
    stay = frozenset(kept)
    exact = _Memory(steps, lambda value: measure(value.type.modes), freed, stay)
    usual = _best(_Memory(steps, _large, freed, stay), len(steps))
    best = _best(exact, len(steps))
    most = exact.along(usual).peak
    chosen = usual if (most - exact.along(best).peak) * WORTH <= most else best
    return tuple(steps[k] for k in chosen)


def _large(value: Value) -> int:
    return 0 if all(mode.size.value is not None for mode in value.type.modes) else 1


def _best(memory: _Memory, count: int) -> tuple[int, ...]:
    """Least at once; of equally good orders that which holds it for fewer steps, then the given
    one. Several orders lead to the same set of finished steps, of which only the best goes on: so
    this is exact while no more than `BEAM` sets are reached."""
    states = [START]
    ready = {START.done: memory.first}
    beam = BEAM if count <= LONG else BEAM // 8 if count <= FAR else NARROW
    near = count if count <= FAR else NEAR
    for _ in range(count):
        best: dict[int, State] = {}
        for state in states:
            for k in {*ready[state.done][:near], *memory.fresh(state)[:near]}:
                memory.follow(state, k, best)
        states = sorted(best.values())[:beam]
        ready = {each.done: memory.ready(each, ready) for each in states}
    return states[0].order


class _Memory:
    """What each step allocates, and what nobody needs after it. A value that is another one under
    another name is the same memory."""

    def __init__(
        self,
        steps: Sequence[Step],
        size: Callable[[Value], int],
        freed: Collection[Value],
        stay: frozenset[Value],
    ) -> None:
        number = {value: k for k, step in enumerate(steps) for value in step.values}
        self._before = [
            _bits(number[operand] for operand in step.operands if operand in number)
            for step in steps
        ]
        self.first = [k for k, before in enumerate(self._before) if not before]
        self._next: list[list[int]] = [[] for _ in steps]
        for k, step in enumerate(steps):
            for at in {number[operand] for operand in step.operands if operand in number}:
                self._next[at].append(k)
        owner: dict[Value, Value] = {}
        self._made: list[int] = []
        readers: dict[Value, dict[int, None]] = {}
        for k, step in enumerate(steps):
            (first, *_), new = step.values, 0
            for value in step.values:
                source = step.operands[0] if value is first and aliased(value) else value
                owner[value] = owner.get(source, source)
                new += size(value) if owner[value] is value else 0
            self._made.append(new)
            for value in (*step.operands, *step.values):
                own = owner.get(value, value)
                readers.setdefault(own, {})[k] = None
        last = {owner.get(value, value) for value in stay}
        dying = [own for own in readers if own not in last and (own in number or own in freed)]
        self._touched: list[list[tuple[int, int]]] = [[] for _ in steps]
        for own in dying:
            one = _bits(readers[own]), size(own)
            for reader in readers[own]:
                self._touched[reader].append(one)

    def fresh(self, state: State) -> list[int]:
        """The steps that can be done because the last one was."""
        later = self._next[state.order[-1]] if state.order else []
        return [k for k in later if not self._before[k] & ~state.done]

    def ready(self, state: State, before: Mapping[int, list[int]]) -> list[int]:
        """The steps that can be done, given those `before` the last step by what was done then."""
        last = state.order[-1]
        ready = before[state.done ^ 1 << last].copy()
        del ready[bisect_left(ready, last)]
        for k in self.fresh(state):
            insort(ready, k)
        return ready

    def along(self, order: Iterable[int]) -> State:
        state = START
        for k in order:
            state = self.after(state, k)
        return state

    def after(self, state: State, k: int) -> State:
        (found,) = self.follow(state, k, {}).values()
        return found

    def follow(self, state: State, k: int, best: dict[int, State]) -> dict[int, State]:
        """Add the state after a step to the best ones by what is done, unless one is as good. What
        is allocated then depends on what is done alone."""
        peak, area, order, now, done = state
        done |= 1 << k
        most = now + self._made[k]
        peak, area = max(peak, most), area + most
        known = best.get(done)
        if known is None:
            gone = sum(size for readers, size in self._touched[k] if not readers & ~done)
            best[done] = State(peak, area, (*order, k), most - gone, done)
        elif (peak, area) <= known[:2]:
            best[done] = min(known, State(peak, area, (*order, k), known.now, done))
        return best


def _bits(numbers: Iterable[int]) -> int:
    found = 0
    for k in numbers:
        found |= 1 << k
    return found
