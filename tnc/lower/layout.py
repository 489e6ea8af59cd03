"""Which way each step takes, so that few elements are copied: decided for a whole routine.

A search with a beam over the steps in order. A state is what each live value's order in memory
is and which copies have been made; the cheapest states go on. Nothing depends on hashes or time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tnc.ir.graph import Value
from tnc.ir.layer import Axes
from tnc.lower.forms import Form, Order, copies, flat, solid
from tnc.lower.kernels import alias, aliased, ways
from tnc.lower.ways import LAUNCH, Measure, Site, Step, Way
from tnc.record import record

BEAM = 48


@record
class Delivery:
    """A value must leave the routine with these axes, and should lie in memory in this order."""

    value: Value
    axes: Axes
    order: Order


@record
class Follow:
    """`value` comes from outside in whatever order `leader` was given: the backward begins, in
    which the copies that the forward made are gone."""

    value: Value
    leader: Value


Item = Step | Delivery | Follow

Chosen = Mapping[Step, Way | None]
"""The way of every step; None where a step is only another name."""

VIEW = LAUNCH // 2


def root(value: Value, chosen: Chosen) -> Value:
    """The value that `value` is only another arrangement of: with other modes of size 1."""
    made_by = {one: step for step in chosen for one in step.values}
    while value in made_by and chosen[made_by[value]] is None:
        (operand,) = value.operands
        if set(solid(operand.type.modes)) != set(solid(value.type.modes)):
            break
        value = operand
    return value


@record
class State:
    """`orders` are numbers, one for each live value; `copied` numbers of copies that exist."""

    cost: int
    orders: tuple[int, ...]
    copied: frozenset[int]
    chosen: tuple[Way | None, ...]


@record
class Priced:
    """A way with its cost, the copies that it needs (number, cost), and the orders it gives."""

    way: Way | None
    cost: int
    copies: tuple[tuple[int, int], ...]
    gives: tuple[int, ...]


def choose(items: Sequence[Item], given: Mapping[Value, Order], measure: Measure) -> Chosen:
    """For each step, the way it takes."""
    return _Search(items, given, measure).best()


class _Search:
    def __init__(
        self, items: Sequence[Item], given: Mapping[Value, Order], measure: Measure
    ) -> None:
        self._items, self._measure = items, measure
        self._last = _last_uses(items)
        self._ends: dict[int, set[Value]] = {}
        for value, at in self._last.items():
            self._ends.setdefault(at, set()).add(value)
        self._numbers: dict[Order, int] = {}
        self._orders: list[Order] = []
        self._copies: dict[tuple[Value, Axes], int] = {}
        self._copied: list[Value] = []
        self._known: dict[tuple[Step, tuple[int, ...]], list[Priced]] = {}
        self._live = [value for value in given if value in self._last]
        self._sifted = len(self._live)  # those after are new
        orders = tuple(self._number(given[value]) for value in self._live)
        self._states = [State(0, orders, frozenset(), ())]

    def best(self) -> Chosen:
        for k, item in enumerate(self._items):
            match item:
                case Step():
                    self._step(item)
                case Follow(value, leader):
                    self._follow(value, leader)
                case Delivery():
                    self._deliver(item)
            self._prune(k)
        steps = [item for item in self._items if isinstance(item, Step)]
        return dict(zip(steps, self._states[0].chosen, strict=True))

    def _number(self, order: Order) -> int:
        if order not in self._numbers:
            self._numbers[order] = len(self._orders)
            self._orders.append(order)
        return self._numbers[order]

    def _copy(self, value: Value, axes: Axes) -> int:
        if (value, axes) not in self._copies:
            self._copies[value, axes] = len(self._copied)
            self._copied.append(value)
        return self._copies[value, axes]

    # ------------------------------------------------------------------ items
    def _step(self, step: Step) -> None:
        places = [self._live.index(operand) for operand in step.operands]
        states = []
        for state in self._states:
            for priced in self._priced(step, tuple(state.orders[place] for place in places)):
                cost = state.cost + priced.cost
                for number, extra in priced.copies:
                    cost += 0 if number in state.copied else extra
                copied = state.copied
                if priced.copies:
                    copied = copied.union(number for number, _ in priced.copies)
                orders = state.orders + priced.gives
                states.append(State(cost, orders, copied, (*state.chosen, priced.way)))
        self._live.extend(step.values)
        self._states = states

    def _follow(self, value: Value, leader: Value) -> None:
        place = self._live.index(leader)
        self._live.append(value)
        self._states = [
            State(state.cost, (*state.orders, state.orders[place]), frozenset(), state.chosen)
            for state in self._states
        ]

    def _deliver(self, item: Delivery) -> None:
        place = self._live.index(item.value)
        due = solid(item.order)
        followed = due != solid(flat(item.axes))
        states = []
        for state in self._states:
            order = self._orders[state.orders[place]]
            extra = VIEW if followed else 0
            if solid(order) != due or (not followed and copies(order, item.axes)):
                moved = self._measure.copy(order, item.order)
                extra += VIEW + moved
            states.append(State(state.cost + extra, state.orders, state.copied, state.chosen))
        self._states = states

    # ------------------------------------------------------------------ states
    def _priced(self, step: Step, numbers: tuple[int, ...]) -> list[Priced]:
        found = self._known.get((step, numbers))
        if found is None:
            orders = tuple(self._orders[number] for number in numbers)
            forms = tuple(Form.plain(order) for order in orders)
            if len(step.values) == 1 and aliased(step.values[0]):
                form = alias(step.values[0], forms[0])
                assert form is not None
                found = [Priced(None, 0, (), (self._number(form.order),))]
            else:
                site = Site(step, forms, self._measure)
                found = [self._price(step, orders, way) for way in ways(site)]
            self._known[step, numbers] = found
        return found

    def _price(self, step: Step, orders: Sequence[Order], way: Way) -> Priced:
        cost = way.cost
        needed: list[tuple[int, int]] = []
        for k, (operand, order) in enumerate(zip(step.operands, orders, strict=True)):
            if solid(order) != solid(flat(way.wants[k])):
                cost += VIEW
            if way.copied(k, order):
                number = self._copy(operand, way.wants[k])
                needed.append((number, self._measure.copy(order, flat(way.wants[k]))))
        gives = tuple(self._number(form.order) for form in way.gives)
        return Priced(way, cost, tuple(needed), gives)

    def _prune(self, k: int) -> None:
        """Forget what nobody reads any more; of alike states keep the cheapest."""
        ends = self._ends.get(k, frozenset[Value]())
        whole = not ends and all(value in self._last for value in self._live[self._sifted :])
        dead = {n for n, value in enumerate(self._copied) if value in ends} if ends else set()
        if not whole:
            kept = [j for j, value in enumerate(self._live) if self._last.get(value, -1) > k]
            self._live = [self._live[j] for j in kept]
        self._sifted = len(self._live)
        grown: dict[tuple[tuple[int, ...], frozenset[int]], State] = {}
        for state in self._states:
            orders = state.orders if whole else tuple([state.orders[j] for j in kept])
            copied = state.copied - dead if state.copied else state.copied
            old = grown.get((orders, copied))
            if old is None or state.cost < old.cost:
                grown[orders, copied] = State(state.cost, orders, copied, state.chosen)
        self._states = sorted(grown.values(), key=lambda state: state.cost)[:BEAM]


def _last_uses(items: Sequence[Item]) -> dict[Value, int]:
    last: dict[Value, int] = {}
    for k, item in enumerate(items):
        match item:
            case Step(values, operands):
                last.update(dict.fromkeys((*operands, *values), k))
            case Delivery(value):
                last[value] = k
            case Follow(value, leader):
                last.update({value: k, leader: k})
    return last
