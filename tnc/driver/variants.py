"""Several programs of one layer: for other sizes of the batch, for inputs without gradients, and
for inference, which keeps what is made of weights alone.

Orders are priced, and only those which shall run are lowered. What a step of an order costs is
affine in the batch, or nearly, so a few orders suffice for all sizes (a lower envelope).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from tnc.driver.cover import MOST, Price, Range, cover
from tnc.driver.drafts import Drafts
from tnc.driver.options import Options
from tnc.driver.pricing import orders
from tnc.driver.site import Site
from tnc.driver.undifferentiated import undifferentiated
from tnc.gradient.regions import regions
from tnc.ir.graph import Value
from tnc.ir.layer import Layer
from tnc.ir.plan import Branch, Plan
from tnc.ir.program import Guard, Program, Variant
from tnc.lower import folded, lower
from tnc.ops import Contract, Leaf
from tnc.plan.planner import Planned
from tnc.plan.profile import PICOSECONDS
from tnc.record import record

WORTH = 1.1
"""A program of its own must save this factor,"""

WORTH_FROZEN = 1.05
"""which is less for inputs without gradients,"""

WORTH_KEPT = 1.03
"""and for kernels that are kept for inference, where the dense layer makes none,"""

SLACK = 20_000_000
"""and more than so many picoseconds: a call of a layer takes as long."""


@record
class Course:
    """One use of a layer: which way runs at which size of the batch. Way 0 is what runs anyway;
    `ways` are the others, lowered, and `planned` what they were lowered from."""

    site: Site
    guard: Guard
    price: Price
    planned: tuple[Planned, ...] = ()
    ways: tuple[Program, ...] = ()
    ranges: tuple[Range, ...] = (Range(1, None, 0),)

    def at(self, size: int) -> Program:
        """What runs at a size, where way 0 is the program of the plan."""
        way = self._way(size)
        return self.ways[way - 1] if way else self.site.program

    def planned_at(self, size: int) -> Planned:
        way = self._way(size)
        return self.planned[way - 1] if way else self.site.planned

    def _way(self, size: int) -> int:
        return next(each.way for each in reversed(self.ranges) if each.least <= size)

    def variants(self) -> tuple[Variant, ...]:
        return tuple(self._variant(each) for each in self.ranges if each.way)

    def _variant(self, found: Range) -> Variant:
        bounds = replace(self.guard, least=found.least, below=found.below)
        guard = replace(bounds, batch=self.site.batch.input if self.site.batch else "")
        program = self.ways[found.way - 1]
        if not guard.inference:  # anew: layouts and names depend on the sizes
            program = _lowered(self.site, self.planned[found.way - 1], guard)
        return Variant(guard, program, self._branch(found, guard))

    def _branch(self, found: Range, guard: Guard) -> Branch:
        """What is predicted, at all sizes."""
        sizes = self.site.sizes

        def seconds(way: int) -> tuple[float, ...]:
            return tuple(self.price(way, size) / PICOSECONDS for size in sizes)

        symbol = self.site.batch.symbol if self.site.batch else ""
        graph = self.planned[found.way - 1].graph
        return Branch(
            when=_when(guard, symbol),
            why=self._why(found),
            steps=tuple(_written(each) for each in graph.values if isinstance(each.op, Contract)),
            sizes=sizes if symbol else (),
            seconds=seconds(found.way),
            otherwise=seconds(0),
        )

    def _why(self, found: Range) -> str:
        """Where it saves most."""
        price = self.price
        inside = [n for n in self.site.sizes if found.least <= n < (found.below or n + 1)]
        size = min(inside or [found.least], key=lambda n: price(found.way, n) / price(0, n))
        ratio = price(found.way, size) / price(0, size)
        where = f" at {self.site.batch.symbol} = {size}" if self.site.batch else ""
        return f"{ratio:.2g} of the time{where} (predicted)"


class Made(Protocol):
    """A layer that was planned and lowered at the sizes in `binding`."""

    @property
    def layer(self) -> Layer: ...
    @property
    def planned(self) -> Planned: ...
    @property
    def program(self) -> Program: ...
    @property
    def binding(self) -> Mapping[str, int]: ...


def with_variants(made: Made, options: Options) -> Program:
    """The program of a layer, with those that run in place of it."""
    site = Site(made.layer, made.planned, made.program, made.binding, options, made.program.inside)
    return replace(made.program, variants=variants(site))


def variants(site: Site) -> tuple[Variant, ...]:
    """The programs that run in place of the planned one, each where that is predicted to pay. None
    where memory is scarce or multiply-adds are counted, and where PyTorch has to differentiate.
    A layer inside of others has one for inference at most, lest a network's module become long."""
    options = site.options
    other = options.objective != "time" or options.memory_limit is not None
    if other or options.backward == "autograd" or site.layer.instances or not site.planned.choices:
        return ()
    trained = _trained(site)
    if site.inside:
        return _inference(site, trained).variants()
    courses = (_inference(site, trained), _frozen(site, trained), trained)
    return tuple(variant for course in courses for variant in course.variants())


def branched(plan: Plan, program: Program) -> Plan:
    """The plan with what is predicted of the other programs."""
    return replace(plan, branches=tuple(variant.branch for variant in program.variants))


def _written(value: Value) -> str:
    """A step with its named modes."""
    operands = " * ".join(f"{_name(each)}{each.type}" for each in value.operands)
    return f"{operands} -> {value.type}"


def _name(value: Value) -> str:
    return value.op.name if isinstance(value.op, Leaf) else ""


def _when(guard: Guard, symbol: str) -> str:
    """In words, when a variant runs."""
    said = ["inference"] if guard.inference else ["inputs without gradient"] if guard.frozen else []
    said += [f"{symbol} >= {guard.least}"] if guard.least > 1 else []
    said += [f"{symbol} < {guard.below}"] if guard.below is not None else []
    return ", ".join(said)


def _trained(site: Site) -> Course:
    """Other orders for other sizes of the batch."""
    guard, prices = Guard(), site.prices(site.networks)
    known = orders(site.planned)
    found = [] if site.inside else site.search()
    ways = [each for each in found if orders(each) != known]

    def step_price(way: int, size: int) -> int:
        return prices.of(orders(ways[way - 1]) if way else known, size)

    return _course(site, guard, ways, step_price, lambda size: site.program, WORTH, site.size)


def _inference(site: Site, trained: Course) -> Course:
    """Orders of the forward alone, in which what is made of weights alone is there already."""
    plain = site.prices(site.networks, training=False)
    kept = site.prices(site.networks, training=False, folded=True)
    ways = site.search(training=False, folded=True)

    def step_price(way: int, size: int) -> int:
        if way:
            return kept.of(orders(ways[way - 1]), size)
        return plain.of(orders(trained.planned_at(size)), size)

    return _course(site, Guard(inference=True), ways, step_price, trained.at, WORTH_KEPT)


def _frozen(site: Site, trained: Course) -> Course:
    """Orders where no gradient of an input is wanted: that of a kernel, say, formed once."""
    ways = site.search(frozen=[port.value for port in site.layer.inputs])
    prices = site.prices(tuple(choice.network for choice in ways[0].choices))

    def step_price(way: int, size: int) -> int:
        return prices.of(orders(ways[way - 1] if way else trained.planned_at(size)), size)

    return _course(site, Guard(frozen=True), ways, step_price, trained.at, WORTH_FROZEN)


def _course(
    site: Site,
    guard: Guard,
    ways: Sequence[Planned],
    step_price: Price,
    runs: Callable[[int], Program],
    worth: float,
    own: int = 0,
) -> Course:
    """Ways that pay by their steps are lowered; what they do decides. `runs`: what runs anyway."""
    most = 1 if site.inside else MOST
    rough = cover(site.sizes, len(ways) + 1, step_price, worth, SLACK, own, most)
    planned = tuple(ways[way - 1] for way in sorted({each.way for each in rough if each.way}))
    programs = tuple(_lowered(site, each, guard) for each in planned)
    constant = [port.name for port in site.layer.inputs] if guard.frozen else []
    clock = site.clock(training=not guard.inference, constant=constant)

    def price(way: int, size: int) -> int:
        return clock.of(programs[way - 1] if way else runs(size), size)

    if not programs:
        return Course(site, guard, price)
    ranges = cover(site.sizes, len(programs) + 1, price, worth, SLACK, own, most)
    return Course(site, guard, price, planned, programs, ranges)


def _lowered(site: Site, planned: Planned, guard: Guard) -> Program:
    """The program, with layouts for a size within the bounds."""
    layer, size = site.layer, max(site.size, guard.least)
    if guard.below is not None:
        size = min(size, guard.below - 1)
    binding = {**site.binding, **({site.batch.symbol: size} if site.batch else {})}
    if guard.inference:
        forward = [undifferentiated(layer.builder, each) for each in regions(planned.graph)]
        return folded(lower(layer, planned.graph, forward, binding, _tag(guard)))
    derived = Drafts(layer, planned).usual.derived
    return lower(layer, planned.graph, derived, binding, _tag(guard))


def _tag(guard: Guard) -> str:
    """What the names of routines say of it: `frozen_large`. No numbers: layers of other sizes may
    share a routine."""
    use = ["inference"] if guard.inference else ["frozen"] if guard.frozen else []
    if guard.bounded:
        use.append("large" if guard.below is None else "small" if guard.least == 1 else "medium")
    return "_".join(use)
