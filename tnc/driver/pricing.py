"""What orders and programs cost at any size of the batch.

Orders are priced by their steps, which is quick and decides what is lowered; programs by what they
do, which decides what runs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field, replace

from tnc.ir.program import Program
from tnc.ir.size import Size
from tnc.lower.names import safe
from tnc.plan.clock import picoseconds, worked
from tnc.plan.cost import Costs, Measure, costs
from tnc.plan.network import Network, Tree
from tnc.plan.planner import Planned
from tnc.plan.profile import Profile
from tnc.record import record

NEVER = 10**30
"""The time of an order that cannot be followed."""

Orders = tuple[Tree, ...]
"""How the networks of a layer are contracted, one after the other."""


def orders(planned: Planned) -> Orders:
    return tuple(choice.tree for choice in planned.choices)


@record
class Prices:
    """Picoseconds of the same networks in one use of a layer, by the `measure` of that use. What
    inference keeps of weights alone has no price, but comparing these with what it was made of."""

    networks: tuple[Network, ...]
    measure: Measure
    symbol: str
    _tables: dict[int, tuple[Costs, ...]] = field(default_factory=dict)
    _known: dict[tuple[Orders, int], int] = field(default_factory=dict)

    def of(self, chosen: Orders, size: int) -> int:
        """The time of a layer contracted so at this size of the batch."""
        if (key := (chosen, size)) not in self._known:
            pairs = zip(self._at(size), chosen, strict=True)
            self._known[key] = sum(self._one(table, tree) for table, tree in pairs)
        return self._known[key]

    def _one(self, table: Costs, tree: Tree) -> int:
        total = table.total(tree)
        compared = _compared(table, tree) if self.measure.folded else 0
        return NEVER if total is None else total.value + compared

    def _at(self, size: int) -> tuple[Costs, ...]:
        if size not in self._tables:
            binding: Mapping[str, int] = self.measure.binding
            binding = {**binding, self.symbol: size} if self.symbol else binding
            measure = replace(self.measure, binding=binding, objective="time")
            self._tables[size] = tuple(costs(network, measure) for network in self.networks)
        return self._tables[size]


def _made(network: Network, tree: Tree) -> int:
    """The operands of products of weights alone."""
    if isinstance(tree, int):
        return 0
    whole = _subset(tree)
    return sum(_made(network, part) for part in tree) if whole & network.data else whole


def _subset(tree: Tree) -> int:
    return 1 << tree if isinstance(tree, int) else sum(map(_subset, tree))


def _compared(table: Costs, tree: Tree) -> int:
    """The time of comparing weights with copies of them."""
    profile = table.measure.profile
    operands = table.network.bits(_made(table.network, tree))
    elements = [table.elements(table.network.operands[k]) for k in operands]
    moved = [2 * each * table.measure.element for each in elements]
    return sum(profile.picoseconds("elementwise", 0, each) for each in moved)


NEAR, FAR, BETWEEN = 2, 2048, 64
"""Sizes of the batch at which programs are run; the time is affine from the first to the second,
if it is so at the third."""


@record
class Clock:
    """Picoseconds that programs of a layer take in one use of it: with gradients if `training`,
    then without those of the `constant` inputs."""

    binding: Mapping[str, int]
    profile: Profile
    symbol: str
    training: bool = True
    constant: Collection[str] = ()
    _programs: list[Program] = field(default_factory=list)
    _known: dict[tuple[int, int], int] = field(default_factory=dict)
    _affine: dict[int, bool] = field(default_factory=dict)

    def of(self, program: Program, size: int) -> int:
        """The time at this size of the batch, averaged over both memory formats."""
        if not self.symbol or not self._is_affine(program):
            return self._at(program, size)
        near, far = self._at(program, NEAR), self._at(program, FAR)
        return near + (far - near) * (size - NEAR) // (FAR - NEAR)

    def _number(self, program: Program) -> int:
        """Which of the programs it is: they are compared by identity, as they are long."""
        for number, known in enumerate(self._programs):
            if known is program:
                return number
        self._programs.append(program)
        return len(self._programs) - 1

    def _is_affine(self, program: Program) -> bool:
        key = self._number(program)
        if key not in self._affine:
            near, far = self._at(program, NEAR), self._at(program, FAR)
            expected = near + (far - near) * (BETWEEN - NEAR) / (FAR - NEAR)
            self._affine[key] = abs(self._at(program, BETWEEN) - expected) < 0.01 * expected
        return self._affine[key]

    def _at(self, program: Program, size: int) -> int:
        if (key := (self._number(program), size)) not in self._known:
            binding = {**self.binding, **({self.symbol: size} if self.symbol else {})}
            times = [self._run(form, binding) for form in program.formats]
            self._known[key] = sum(times) // len(times) + self._comparing(program)
        return self._known[key]

    def _run(self, program: Program, binding: Mapping[str, int]) -> int:
        done = worked(program, binding, training=self.training, constant=self.constant)
        calls = done.routines * self.profile.routine if self.training else 0
        return picoseconds(done.everything, self.profile) + calls

    def _comparing(self, program: Program) -> int:
        """The time of comparing weights with copies of them; see `tnc.emit.variants`."""
        made = [call.folded for call in program.calls if call.folded]
        names = {name for call in made for name in call.arguments}
        sizes = [
            Size.product(mode.size for axis in weight.axes for mode in axis).value or 0
            for weight in program.layer.weights
            if safe(weight.name) in names
        ]
        element = 2 * 4
        return sum(self.profile.picoseconds("elementwise", 0, size * element) for size in sizes)
