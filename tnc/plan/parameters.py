"""How many parameters a layer has, and how many the kernels that it represents would have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tnc.ir.graph import Value, reachable
from tnc.ir.layer import Layer
from tnc.ir.tensor import Mode
from tnc.ops import Add, Contract, Leaf, Pattern
from tnc.record import record


@record
class Kernel:
    """The tensor which `weights` represent where they meet `data`."""

    weights: frozenset[Value]
    data: frozenset[Value]
    modes: frozenset[Mode]


def parameters(layer: Layer, binding: Mapping[str, int]) -> int:
    """Elements of the trained weights as they lie in memory."""
    return sum(
        _elements((mode for axis in weight.axes for mode in axis), binding)
        for weight in layer.weights
        if weight.trained
    )


def dense_parameters(layer: Layer, binding: Mapping[str, int]) -> int:
    """Parameters of the represented kernels: where weights meet data, the modes of all of them
    which the data, the result, or a relation have. A bias counts as itself; weights that are used
    several times, and the terms of one sum over the same modes and data, count once."""
    trained = frozenset(weight.value for weight in layer.weights if weight.trained)
    met = {value: _kernels(value, trained) for value in layer.graph.values}
    repeated = {term for value in layer.graph.values for term in _further_terms(value, met)}
    modes: dict[frozenset[Value], frozenset[Mode]] = {}
    for value, kernels in met.items():
        for kernel in kernels if value not in repeated else ():
            modes[kernel.weights] = kernel.modes | modes.get(kernel.weights, frozenset())
    return sum(_elements(found, binding) for found in modes.values())


def _kernels(value: Value, trained: frozenset[Value]) -> list[Kernel]:
    leaves = {
        operand: frozenset(v for v in reachable([operand]) if isinstance(v.op, Leaf))
        for operand in value.operands
    }
    ours = [operand for operand in leaves if leaves[operand] and leaves[operand] <= trained]
    data = frozenset(operand for operand in leaves if operand not in ours)
    if not ours or not data:
        return []
    if not isinstance(value.op, Contract):
        return [Kernel(leaves[v], data, frozenset(v.type.modes)) for v in ours]
    legs = {leg for pattern in value.op.patterns for leg in pattern.legs}
    around = _modes(data) | legs | set(value.op.keep)
    weights = frozenset(leaf for operand in ours for leaf in leaves[operand])
    met = _modes(ours) & around
    for pattern in value.op.patterns:
        met = _together(met, pattern, _modes(data))
    return [Kernel(weights, data, frozenset(met))]


def _together(modes: set[Mode], pattern: Pattern, elsewhere: set[Mode]) -> set[Mode]:
    """Several taps of one pattern that the weights alone have act as one."""
    taps = set(pattern.taps)
    if len(taps) < 2 or not taps <= modes or taps & elsewhere:
        return modes
    name = " + ".join(tap.name for tap in pattern.taps)
    return (modes - taps) | {Mode(name, pattern.reach + 1)}


def _further_terms(value: Value, met: Mapping[Value, Sequence[Kernel]]) -> list[Value]:
    """The terms of a sum that add to a kernel of an earlier term."""
    found, seen = [], set()
    for term in value.operands if isinstance(value.op, Add) else ():
        for kernel in met[term] if isinstance(term.op, Contract) else ():
            if (kernel.data, kernel.modes) in seen:
                found.append(term)
            seen.add((kernel.data, kernel.modes))
    return found


def _modes(values: Iterable[Value]) -> set[Mode]:
    return {mode for value in values for mode in value.type.modes}


def _elements(modes: Iterable[Mode], binding: Mapping[str, int]) -> int:
    count = 1
    for mode in modes:
        count *= mode.size.evaluate(binding)
    return count
