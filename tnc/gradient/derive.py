"""Derivatives in the graph: reverse accumulation and tangents, by the rule of each operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tnc.ir.graph import Builder, Value, reachable
from tnc.ops import Add


def pull_back(
    build: Builder, outputs: Sequence[Value], seeds: Sequence[Value], wrt: Sequence[Value]
) -> tuple[Value | None, ...]:
    """The cotangent of each value of `wrt`, given one seed per output; None where no output
    depends on it. Values of `wrt` are not looked behind.

    Source: reverse accumulation; each step is the network with one operand replaced by the seed.
    """
    boundary = frozenset(wrt)
    active = depends_on(outputs, boundary)
    parts: dict[Value, list[Value]] = {}
    for output, seed in zip(outputs, seeds, strict=True):
        parts.setdefault(output, []).append(seed)
    for value in reversed(reachable(outputs, stop=boundary)):
        if value not in parts:
            continue
        seed = total(build, parts[value])
        parts[value] = [seed]
        if value in boundary:
            continue
        for k, operand in enumerate(value.operands):
            if operand in active:
                pulled = value.op.pull(build, value, seed, k)
                parts.setdefault(operand, []).append(pulled)
    return tuple(parts[value][0] if value in parts else None for value in wrt)


def push_forward(
    build: Builder, outputs: Sequence[Value], tangents: Mapping[Value, Value]
) -> tuple[Value | None, ...]:
    """The tangent of each output, given those of some values; None where it does not depend on
    them."""
    pushed: dict[Value, Value] = dict(tangents)
    for value in reachable(outputs, stop=frozenset(tangents)):
        if value in pushed:
            continue
        parts = [
            value.op.push(build, value, pushed[operand], k)
            for k, operand in enumerate(value.operands)
            if operand in pushed
        ]
        if parts:
            pushed[value] = total(build, parts)
    return tuple(pushed.get(output) for output in outputs)


def depends_on(outputs: Sequence[Value], sources: frozenset[Value]) -> frozenset[Value]:
    """The ancestors of `outputs` (and these) which depend on one of `sources` (and these)."""
    active: set[Value] = set()
    for value in reachable(outputs, stop=sources):
        if value in sources or any(operand in active for operand in value.operands):
            active.add(value)
    return frozenset(active)


def total(build: Builder, parts: Sequence[Value]) -> Value:
    """The sum of values that have the same modes, whatever their order."""
    first, *rest = parts
    if not rest:
        return first
    return build.make(Add(first.type.modes), parts, first.origin)
