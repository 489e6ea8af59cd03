"""What a graph means, by numpy and dense patterns: shares no code with the compiler."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from random import Random

import numpy as np

from tnc.ir.graph import Builder, Value, reachable
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.ops import Add, Contract, Leaf, Pattern, Rename, Scale
from tnc.plan.network import Network, Tree, links

Array = np.ndarray


def dense(pattern: Pattern, binding: Mapping[str, int]) -> Array:
    """P[p, i, a_1 …], written out."""
    signal, result, *taps = (leg.size.evaluate(binding) for leg in pattern.legs)
    left = pattern.left.evaluate(binding)
    table = np.zeros((signal, result, *taps))
    for i, *a in itertools.product(*map(range, (result, *taps))):
        reach = sum(
            d * (k - 1 - j if pattern.flip else j)
            for d, j, k in zip(pattern.dilations, a, taps, strict=True)
        )
        p = pattern.stride * i - left + reach
        if pattern.circular:
            p %= signal
        if 0 <= p < signal:
            table[(p, i, *a)] = 1
    return table


def contracted(
    op: Contract,
    operands: Sequence[tuple[Sequence[Mode], Array]],
    binding: Mapping[str, int],
) -> Array:
    """The n-ary product with every pattern dense, summed by one einsum."""
    factors = list(operands)
    factors += [(pattern.legs, dense(pattern, binding)) for pattern in op.patterns]
    present = {mode for modes, _ in factors for mode in modes}
    factors += [
        ([mode], np.ones(mode.size.evaluate(binding))) for mode in op.keep if mode not in present
    ]
    number = {mode: k for k, mode in enumerate(dict.fromkeys(m for ms, _ in factors for m in ms))}
    arguments = [part for modes, array in factors for part in (array, [number[m] for m in modes])]
    return np.einsum(*arguments, [number[mode] for mode in op.keep], optimize="greedy")


def values_of(value: Value, known: dict[Value, Array], binding: Mapping[str, int]) -> Array:
    """The array of a value, its axes in the order of its type; `known` is filled."""
    for step in reachable([value]):
        if step not in known:
            known[step] = _apply(step, [known[v] for v in step.operands], binding)
            assert known[step].shape == tuple(m.size.evaluate(binding) for m in step.type.modes)
    return known[value]


def _apply(value: Value, arrays: list[Array], binding: Mapping[str, int]) -> Array:
    types = [operand.type.modes for operand in value.operands]
    match value.op:
        case Contract() as op:
            return contracted(op, list(zip(types, arrays, strict=True)), binding)
        case Add(modes):
            return sum(
                contracted(Contract(modes), [(t, a)], binding)
                for t, a in zip(types, arrays, strict=True)
            )
        case Rename():
            return arrays[0]
        case Scale(factor):
            return arrays[0] * float(factor)
        case other:
            raise TypeError(other)


def trees(subset: Sequence[int]) -> Iterator[Tree]:
    """Every unordered binary tree over the numbers."""
    first, *rest = subset
    if not rest:
        yield first
    for count in range(len(rest)):
        for others in itertools.combinations(rest, count):
            left = [first, *others]
            right = [k for k in rest if k not in others]
            yield from itertools.product(trees(left), trees(right))


def mode(name: str, size: int | str) -> Mode:
    return Mode(name, Size.symbol(size) if isinstance(size, str) else Size.of(size))


def leaf(build: Builder, name: str, modes: Sequence[Mode], kind: str = "weight") -> Value:
    return build.make(Leaf(kind, name, tuple((m,) for m in modes)))  # type: ignore[arg-type]


def legal(network: Network) -> list[Tree]:
    """Every order of primitive steps."""
    return [tree for tree in trees(range(len(network.operands))) if _subset(network, tree)]


def some_trees(network: Network, random: Random, count: int) -> list[Tree]:
    """Random orders of primitive steps; all of them would be too many."""
    found: list[Tree] = []
    for _ in range(200 * count):
        parts: list[Tree] = list(range(len(network.operands)))
        while len(parts) > 1 and _subset(network, parts[-1]):
            random.shuffle(parts)
            parts.append((parts.pop(), parts.pop()))
        if len(parts) == 1 and _subset(network, parts[0]):
            found.append(parts[0])
        if len(found) == count:
            break
    return found


def _subset(network: Network, tree: Tree) -> int:
    """The operands of an order; 0 if one of its steps is not primitive."""
    if isinstance(tree, int):
        return 1 << tree
    one, two = (_subset(network, part) for part in tree)
    if not one or not two:
        return 0
    closed = network.closed(one), network.closed(two), network.closed(one | two)
    present = network.legs(one) | network.legs(two)
    return 0 if links(network, closed, present) is None else one | two
