"""What single steps of a planned graph cost."""

from __future__ import annotations

from collections.abc import Mapping

from tnc.ir.graph import Value
from tnc.ops import Contract, Leaf, Rename
from tnc.plan.cost import kind_of
from tnc.plan.profile import Kind, Profile
from tnc.record import record


@record
class Prices:
    """Costs at the run-time sizes in `binding`, with elements of `element` bytes; `counted` in
    multiply-adds or else in picoseconds."""

    profile: Profile
    binding: Mapping[str, int]
    element: int = 4
    counted: bool = False

    def macs(self, value: Value) -> int:
        """Multiply-adds, by `tnc.ops.contract.counted`; what only adds or moves has none."""
        if not isinstance(value.op, Contract):
            return 0
        return value.op.macs([v.type for v in value.operands]).evaluate(self.binding)

    def bytes(self, value: Value) -> int:
        """What a value takes in memory."""
        return value.type.elements.evaluate(self.binding) * self.element

    def moved(self, value: Value) -> int:
        """What its step reads and writes."""
        return sum(self.bytes(v) for v in (value, *value.operands))

    def cost(self, value: Value) -> int:
        return self.macs(value) if self.counted else self.picoseconds(value)

    def picoseconds(self, value: Value) -> int:
        """The time of its step; what is given, and another name, takes none."""
        if isinstance(value.op, Leaf | Rename):
            return 0
        return self.profile.picoseconds(step_kind(value), self.macs(value), self.moved(value))


def step_kind(value: Value) -> Kind:
    """The kind of the step that computes a value."""
    if not isinstance(value.op, Contract):
        return "copy"
    types = [set(v.type.modes) for v in value.operands]
    if len(types) == 2:
        return kind_of(value.op, *types)
    summed = any(types) and types[0] - set(value.op.keep)
    return "sum" if summed and not value.op.patterns else "copy"
