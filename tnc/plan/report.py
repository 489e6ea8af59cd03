"""A planned and derived layer as a `Plan`: every step with its costs, and what they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tnc.ir.graph import Value, reachable
from tnc.ir.layer import Layer
from tnc.ir.plan import Alternative, Plan, Step
from tnc.ir.program import Program
from tnc.ir.region import Derived
from tnc.ir.tensor import Mode
from tnc.ops import Contract, Leaf, Pattern
from tnc.plan.clock import price
from tnc.plan.memory import simulate
from tnc.plan.parameters import dense_parameters, parameters
from tnc.plan.planner import Planned
from tnc.plan.price import Prices, step_kind
from tnc.plan.profile import PICOSECONDS
from tnc.plan.text import compare, envelope, math, table
from tnc.record import record

__all__ = ["compare", "envelope", "math", "report", "table"]


def report(
    layer: Layer,
    planned: Planned,
    derived: Sequence[Derived],
    binding: Mapping[str, int],
    program: Program,
    inside: Mapping[Layer, Program],
    *,
    element: int = 4,
) -> Plan:
    """The plan of a layer. `derived` holds the derivatives of the regions of the planned graph,
    `program` is what was made of both, `inside` has the programs of the layers in it; elements have
    `element` bytes. Multiply-adds follow
    `tnc.ops.contract.counted`."""
    values = _contractions(planned.graph.values)
    pulled = [value for each in derived for value in each.pulled]
    later = _contractions(pulled)
    again = [value for each in derived for value in each.recomputed]
    read = {operand for value in (*pulled, *again) for operand in value.operands}
    saved = frozenset(read - {*planned.graph.outputs, *again})
    prices = Prices(planned.measure.profile, binding, element)
    numbers = {value: number for number, value in enumerate(values, 1)}
    ledger = _Ledger(prices, _gradients(values, later), saved, frozenset(again), numbers)
    steps = tuple(map(ledger.step, values))
    later += _contractions(again)
    memory = simulate(program, binding, inside, element)
    macs, moved = sum(step.macs for step in steps), sum(step.bytes for step in steps)
    return Plan(
        layer=layer.name,
        objective=planned.measure.objective,
        profile=planned.measure.profile.name,
        binding=tuple(sorted(binding.items())),
        steps=steps,
        macs=macs,
        macs_backward=sum(map(prices.macs, later)),
        bytes=moved,
        saved_bytes=memory.saved,
        peak_bytes=memory.peak,
        seconds=price(program, binding, planned.measure.profile) / PICOSECONDS,
        parameters=parameters(layer, binding),
        dense_parameters=dense_parameters(layer, binding),
        alternatives=_alternatives(planned, macs, moved),
    )


@record
class _Ledger:
    """Texts of single steps, with their costs."""

    prices: Prices
    pulled: Mapping[Value, tuple[Value, ...]]
    saved: frozenset[Value]
    again: frozenset[Value]
    numbers: Mapping[Value, int]

    def step(self, value: Value) -> Step:
        assert isinstance(value.op, Contract)
        prices = self.prices
        gradients = self.pulled.get(value, ())
        return Step(
            operands=tuple(map(_named, value.operands)),
            result=_named(value),
            kind=_kind_shown(value),
            macs=prices.macs(value),
            macs_gradients=tuple(map(prices.macs, gradients)),
            bytes=prices.moved(value),
            result_bytes=prices.bytes(value),
            saved=value in self.saved,
            recomputed=value in self.again,
            relations=tuple(self._relation(pattern) for pattern in value.op.patterns),
            line=None if value.origin is None else value.origin.line,
            sources=tuple(map(self._sources, value.operands)),
        )

    def _sources(self, operand: Value) -> tuple[int, ...]:
        """The steps of which an operand is made: itself, or the last ones before functions."""
        reached = reachable([operand], stop=frozenset(self.numbers))
        return tuple(self.numbers[value] for value in reached if value in self.numbers)

    def _relation(self, pattern: Pattern) -> str:
        """`h = h' + i - 1 (32 -> 32, pad 1 1)`; the remaining terms only where they differ."""
        binding = self.prices.binding
        before, after = (m.size.evaluate(binding) for m in (pattern.signal, pattern.result))
        left, right = (size.evaluate(binding) for size in (pattern.left, pattern.right))
        notes = [f"{before} -> {after}"]
        notes += [f"stride {pattern.stride}"] if pattern.stride != 1 else []
        notes += [f"dilation {pattern.dilations[0]}"] if pattern.dilations != (1,) else []
        notes += [f"pad {left} {right}"] if (left, right) != (0, 0) else []
        return f"{pattern} ({', '.join(notes)})"


def _named(value: Value) -> str:
    """`A[r, s]` for what is given, the modes alone for what was computed."""
    name = value.op.name if isinstance(value.op, Leaf) else ""
    return f"{name}{value.type}"


def _kind_shown(value: Value) -> str:
    """As `step_kind`, steps of one operand by what they do."""
    assert isinstance(value.op, Contract)
    if len(value.operands) == 2 or step_kind(value) == "sum":
        return step_kind(value)
    if not value.op.patterns:
        return "broadcast" if set(value.op.keep) - _modes(value.operands) else "reorder"
    return "unfold" if value.op.patterns[0].signal in _modes(value.operands) else "fold"


def _contractions(values: Iterable[Value]) -> list[Value]:
    return [value for value in values if isinstance(value.op, Contract)]


def _gradients(values: Sequence[Value], later: Sequence[Value]) -> dict[Value, tuple[Value, ...]]:
    """Which of the `later` values are gradients of each step: it, with one operand replaced by the
    seed."""
    made = {
        (value.op, value.operands[1:], frozenset(value.operands[0].type.modes)): value
        for value in later
        if value.operands
    }
    found: dict[Value, tuple[Value, ...]] = {}
    for value in values:
        assert isinstance(value.op, Contract)
        seed = frozenset(value.op.keep)
        keys = [
            (
                Contract(operand.type.modes, value.op.patterns),
                value.operands[:k] + value.operands[k + 1 :],
                seed,
            )
            for k, operand in enumerate(value.operands)
        ]
        found[value] = tuple(made[key] for key in dict.fromkeys(keys) if key in made)
    return found


def _alternatives(planned: Planned, macs: int, moved: int) -> tuple[Alternative, ...]:
    """Whole layers: every network in the named order, or as chosen where it has no such order."""
    found = []
    for name in ("left to right", "reconstruct first", "dense"):
        change = [0, 0]
        known = False
        for choice in planned.choices:
            chosen, *others = choice.orders
            other = next((order for order in others if order.name == name), None)
            if other is not None:
                known = True
                change[0] += other.macs - chosen.macs
                change[1] += other.bytes - chosen.bytes
        if known:
            found.append(Alternative(name, macs + change[0], moved + change[1]))
    return tuple(found)


def _modes(values: Sequence[Value]) -> set[Mode]:
    return {mode for value in values for mode in value.type.modes}
