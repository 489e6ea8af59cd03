"""How much memory a planned layer has allocated, step by step, forward and backward."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tnc.ir.graph import Graph, Value, reachable
from tnc.ops import Contract, Leaf, Rename


class Region(Protocol):
    """What is read of a multilinear region."""

    @property
    def inputs(self) -> Sequence[Value]: ...
    @property
    def values(self) -> Sequence[Value]: ...
    @property
    def outputs(self) -> Sequence[Value]: ...


class Derivation(Protocol):
    """What is read of a region's derivatives: per input its cotangent or None."""

    @property
    def region(self) -> Region: ...
    @property
    def seeds(self) -> Sequence[Value]: ...
    @property
    def gradients(self) -> Sequence[Value | None]: ...


@dataclass(frozen=True, slots=True)
class Backward:
    """The values of one region's backward, operands first, and what they read of the forward."""

    derivation: Derivation
    values: tuple[Value, ...]
    reads: frozenset[Value]


def backward(derivation: Derivation) -> Backward:
    """The steps of a backward, in the order in which they are made."""
    region = derivation.region
    known = frozenset((*region.inputs, *region.values))
    wanted = [gradient for gradient in derivation.gradients if gradient is not None]
    values = tuple(
        value
        for value in reachable(wanted, stop=known)
        if value not in known and not isinstance(value.op, Leaf)
    )
    reads = frozenset(v for value in values for v in value.operands if v in known)
    return Backward(derivation, values, reads)


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes: `saved` between forward and backward, besides inputs, weights and the result;
    `peak` at most at once, not counting inputs, weights and the incoming cotangents."""

    saved: int
    peak: int


def simulate(
    graph: Graph,
    backwards: Sequence[Backward],
    binding: Mapping[str, int],
    element: int = 4,
    remembered: Collection[Value] = (),
) -> Memory:
    """Run the plan in thought: every value is freed after its last use, gradients of leaves and
    the result live to the end, what PyTorch's barriers remember is in `remembered`."""
    results = frozenset(graph.outputs)
    saved = frozenset(remembered).union(*(each.reads for each in backwards)) - results
    saved = frozenset(value for value in saved if not _given(value))
    ledger = _Ledger(binding, element)
    ledger.run([v for v in graph.values if not _given(v)], saved | results)
    for each in reversed(backwards):
        derivation = each.derivation
        cotangents = [
            seed
            for seed, output in zip(derivation.seeds, derivation.region.outputs, strict=True)
            if output not in results
        ]
        ledger.hold(cotangents)
        pairs = zip(derivation.region.inputs, derivation.gradients, strict=True)
        lasting = {g for v, g in pairs if g is not None and _given(v)}
        ledger.run(each.values, lasting)
        ledger.release((*cotangents, *(v for v in each.reads if v not in results)))
    return Memory(sum(map(ledger.size, saved)), ledger.peak)


class _Ledger:
    """What is allocated, and the most that ever was."""

    def __init__(self, binding: Mapping[str, int], element: int) -> None:
        self.binding, self.element = binding, element
        self.held: dict[Value, int] = {}
        self.peak = 0

    def size(self, value: Value) -> int:
        """Bytes of a value; a view has none of its own."""
        if _is_view(value):
            return 0
        return value.type.elements.evaluate(self.binding) * self.element

    def hold(self, values: Iterable[Value]) -> None:
        for value in values:
            self.held.setdefault(value, self.size(value))
        self.peak = max(self.peak, sum(self.held.values()))

    def release(self, values: Iterable[Value]) -> None:
        for value in values:
            self.held.pop(value, None)

    def run(self, values: Sequence[Value], lasting: Collection[Value]) -> None:
        """Make the values in order; free each after its last use unless it is to last."""
        lasting = _with_bases(lasting)
        last: dict[Value, int] = {}
        for at, value in enumerate(values):
            last[value] = at
            for operand in _with_bases(value.operands):
                last[operand] = at
        made = set(values)
        dying: dict[int, list[Value]] = {}
        for value, at in last.items():
            if value in made and value not in lasting:
                dying.setdefault(at, []).append(value)
        for at, value in enumerate(values):
            self.hold([value])
            self.release(dying.get(at, ()))


def _with_bases(values: Iterable[Value]) -> set[Value]:
    """The values, and those whose memory views among them show."""
    found = set()
    for value in values:
        found.add(value)
        while _is_view(value):
            (value,) = value.operands
            found.add(value)
    return found


def _given(value: Value) -> bool:
    return isinstance(value.op, Leaf)


def _is_view(value: Value) -> bool:
    """Renamed, reordered, or without its modes of size 1."""
    if isinstance(value.op, Rename):
        return True
    if not isinstance(value.op, Contract) or value.op.patterns or len(value.operands) != 1:
        return False
    changed = set(value.operands[0].type.modes) ^ set(value.op.keep)
    return all(mode.size.value == 1 for mode in changed)
