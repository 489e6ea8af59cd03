"""Values in the order in which they are computed, gradients of one convolution together."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence

from tnc.ir.graph import Value, reachable
from tnc.lower.applied import calls_of
from tnc.lower.roles import RESULT, convolution_roles
from tnc.lower.ways import Step
from tnc.ops import Contract, Leaf


def steps_of(wanted: Iterable[Value], known: Iterable[Value], pairs: bool = False) -> list[Step]:
    """The steps that compute `wanted` from what is known, operands first. With `pairs`, the
    signal and the tap gradient of one convolution are one step."""
    known = frozenset(known)
    values = [
        value
        for value in reachable(tuple(wanted), stop=known)
        if value not in known and not isinstance(value.op, Leaf)
    ]
    joint = calls_of(values) | (_pairs(values) if pairs else {})
    steps: dict[Value, Step] = {}
    for value in values:
        if value not in steps:
            step = joint.get(value) or Step((value,), value.operands)
            steps.update(dict.fromkeys(step.values, step))
    return _sorted(list(dict.fromkeys(steps.values())), steps)


def _sorted(steps: Sequence[Step], made_by: Mapping[Value, Step]) -> list[Step]:
    """Operands first; among those that are ready, in order of making."""
    number = {step: k for k, step in enumerate(steps)}
    waits = {
        step: {made_by[operand] for operand in step.operands if operand in made_by}
        for step in steps
    }
    readers: dict[Step, list[Step]] = {}
    for step, before in waits.items():
        for other in before:
            readers.setdefault(other, []).append(step)
    ready = [number[step] for step in steps if not waits[step]]
    heapq.heapify(ready)
    found = []
    while ready:
        step = steps[heapq.heappop(ready)]
        found.append(step)
        for reader in readers.get(step, ()):
            waits[reader].discard(step)
            if not waits[reader]:
                heapq.heappush(ready, number[reader])
    return found


def _pairs(values: Sequence[Value]) -> dict[Value, Step]:
    """Convolutions read backwards and sideways, with the same seed and the same pattern."""
    signals: dict[object, Value] = {}
    taps: dict[object, Value] = {}
    for value in values:
        if not (isinstance(value.op, Contract) and value.op.patterns):
            continue
        roles = convolution_roles(value)
        if roles.result == RESULT:
            continue
        seed = value.operands[roles.result]
        if roles.signal == RESULT:
            other = value.operands[roles.tap]
            key = (value.op.patterns, seed, _modes(value), _modes(other))
            signals.setdefault(key, value)
        else:
            other = value.operands[roles.signal]
            key = (value.op.patterns, seed, _modes(other), _modes(value))
            taps.setdefault(key, value)
    joint: dict[Value, Step] = {}
    for shared, signal in signals.items():
        if (tap := taps.get(shared)) is not None:
            step = _both(signal, tap)
            joint.update({signal: step, tap: step})
    return joint


def _both(signal: Value, tap: Value) -> Step:
    of_signal, of_tap = convolution_roles(signal), convolution_roles(tap)
    seed = signal.operands[of_signal.result]
    operands = (seed, tap.operands[of_tap.signal], signal.operands[of_signal.tap])
    return Step((signal, tap), operands)


def _modes(value: Value) -> frozenset[object]:
    return frozenset(value.type.modes)


def readers(
    steps: Sequence[Step], final: Mapping[Value, frozenset[int]]
) -> dict[Value, frozenset[int]]:
    """For each value, the numbers of the final values that depend on it."""
    needs = dict(final)
    for step in reversed(steps):
        for value in step.values:
            for operand in step.operands:
                needs[operand] = needs.get(operand, frozenset()) | needs.get(value, frozenset())
    return needs
