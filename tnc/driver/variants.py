"""Several programs of one layer: for other sizes of the batch, for inputs without gradients, and
for inference, which keeps what is made of weights alone.

Orders are priced, and only those which shall run are lowered. What a step of an order costs is
affine in the batch, or nearly, so a few orders suffice for all sizes (a lower envelope).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any, Protocol

from tnc.driver.cover import MOST, Price, Range, cover
from tnc.driver.drafts import Drafts
from tnc.driver.options import Options
from tnc.driver.pricing import Clock, Prices, orders
from tnc.gradient.regions import regions
from tnc.ir.graph import Builder, Value
from tnc.ir.layer import Layer
from tnc.ir.program import Guard, Program, Variant
from tnc.ir.region import Derived, Region
from tnc.ir.size import Size
from tnc.lower import folded, lower
from tnc.lower.names import safe
from tnc.ops import Leaf
from tnc.ops.leaf import Kind
from tnc.plan.network import Network
from tnc.plan.planner import Planned, plan_graph

SIZES = tuple(1 << k for k in range(14))
"""The sizes of the batch at which orders are compared."""

SEARCHED = (1, 4096)
"""Besides the size that is planned for, the sizes for which orders are searched for."""

WORTH = 1.1
"""A program of its own must save this factor,"""

WORTH_FROZEN = 1.05
"""which is less for inputs without gradients,"""

SLACK = 20_000_000
"""and more than so many picoseconds: a call of a layer takes as long."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The run-time size that is the batch: its symbol, and the input that has it as first axis."""

    symbol: str
    input: str


def batch_of(layer: Layer) -> Batch | None:
    """The first axis of the first input, if its size is known at run time only."""
    axes = layer.inputs[0].axes if layer.inputs else ()
    for entry in layer.run_time:
        if axes and len(axes[0]) == 1 and axes[0][0].size == Size.symbol(entry.symbol):
            return Batch(entry.symbol, safe(layer.inputs[0].name))
    return None


@dataclass(frozen=True, slots=True)
class Site:
    """A layer that was planned, where other programs of it are wanted."""

    layer: Layer
    planned: Planned
    program: Program
    binding: Mapping[str, int]
    options: Options
    inside: bool = False

    @property
    def batch(self) -> Batch | None:
        return batch_of(self.layer)

    @property
    def size(self) -> int:
        """The size of the batch that is planned for."""
        return self.binding[self.batch.symbol] if self.batch else 1

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(sorted({*SIZES, self.size})) if self.batch else (1,)

    @property
    def networks(self) -> tuple[Network, ...]:
        return tuple(choice.network for choice in self.planned.choices)

    def search(self, **purpose: Any) -> list[Planned]:
        """The best orders for a purpose, at few sizes of the batch."""
        sizes = dict.fromkeys((self.size, *SEARCHED) if self.batch else (1,))
        found = [self._plan(size, purpose) for size in sizes]
        return list({orders(each): each for each in found if self._fits(each)}.values())

    def _plan(self, size: int, purpose: Mapping[str, Any]) -> Planned:
        batch = {self.batch.symbol: size} if self.batch else {}
        return plan_graph(
            self.layer.builder,
            self.layer.graph,
            {**self.binding, **batch},
            objective=self.options.objective,
            profile=self.options.profile,
            cache="user" if self.options.cache else None,
            **purpose,
        )

    def _fits(self, planned: Planned) -> bool:
        """Whether it is about the same networks, so that orders can be compared."""
        pairs = zip_longest(self.planned.choices, planned.choices)
        return all(
            one and other and _shape(one.network) == _shape(other.network) for one, other in pairs
        )

    def clock(self, **use: Any) -> Clock:
        symbol = self.batch.symbol if self.batch else ""
        return Clock(self.binding, self.options.profile, symbol, **use)

    def prices(self, networks: tuple[Network, ...], **purpose: Any) -> Prices:
        measure = replace(self.planned.measure, binding=self.binding, **purpose)
        return Prices(networks, measure, self.batch.symbol if self.batch else "")


def _shape(network: Network) -> Network:
    return replace(network, wanted=0)


@dataclass(frozen=True, slots=True)
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
        return Variant(guard, program, self._why(found))

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

    return _course(site, Guard(inference=True), ways, step_price, trained.at, WORTH)


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
        forward = [_undifferentiated(layer.builder, each) for each in regions(planned.graph)]
        return folded(lower(layer, planned.graph, forward, binding, _tag(guard)))
    derived = Drafts(layer, planned).usual.derived
    return lower(layer, planned.graph, derived, binding, _tag(guard))


def _undifferentiated(build: Builder, region: Region) -> Derived:
    """A region whose derivatives nobody wants."""
    seeds = tuple(_leaf(build, "seed", k, value) for k, value in enumerate(region.outputs))
    dots = tuple(_leaf(build, "tangent", k, value) for k, value in enumerate(region.inputs))
    nothing = (None,) * len(region.inputs)
    return Derived(region, seeds, nothing, dots, (None,) * len(region.outputs), (), ())


def _leaf(build: Builder, kind: Kind, number: int, like: Value) -> Value:
    return build.make(Leaf(kind, f"{number}", tuple((mode,) for mode in like.type.modes)))


def _tag(guard: Guard) -> str:
    """What the names of routines say of it: `frozen_large`. No numbers: layers of other sizes may
    share a routine."""
    use = ["inference"] if guard.inference else ["frozen"] if guard.frozen else []
    if guard.bounded:
        use.append("large" if guard.below is None else "small" if guard.least == 1 else "medium")
    return "_".join(use)
