"""Which way each step takes, so that few elements are copied: decided for a whole routine.

A search with a beam over the steps in order. A state is what each live value's order in memory
is and which copies have been made; the cheapest states go on. Nothing depends on hashes or time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tnc.ir.graph import Value
from tnc.ir.layer import Axes
from tnc.lower.forms import Form, Order, copies, flat, solid
from tnc.lower.kernels import alias, aliased, ways
from tnc.lower.ways import COPY, LAUNCH, Measure, Site, Step, Way

BEAM = 48


@dataclass(frozen=True, slots=True)
class Delivery:
    """A value must leave the routine with these axes."""

    value: Value
    axes: Axes


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class State:
    cost: int
    orders: tuple[tuple[Value, Order], ...]
    copied: frozenset[tuple[Value, Axes]]
    chosen: tuple[Way | None, ...]


def choose(items: Sequence[Item], given: Mapping[Value, Order], measure: Measure) -> Chosen:
    """For each step, the way it takes."""
    last = _last_uses(items)
    states = [State(0, tuple(given.items()), frozenset(), ())]
    known: dict[tuple[Step, tuple[Order, ...]], list[Way]] = {}
    for k, item in enumerate(items):
        grown: dict[tuple[object, object], State] = {}
        for state in states:
            for following in _next(item, state, measure, known):
                kept = _forget(following, last, k)
                key = (kept.orders, kept.copied)
                if key not in grown or kept.cost < grown[key].cost:
                    grown[key] = kept
        states = sorted(grown.values(), key=lambda state: state.cost)[:BEAM]
    steps = [item for item in items if isinstance(item, Step)]
    return dict(zip(steps, states[0].chosen, strict=True))


def _last_uses(items: Sequence[Item]) -> dict[Value, int]:
    last: dict[Value, int] = {}
    for k, item in enumerate(items):
        match item:
            case Step(values, operands):
                last.update(dict.fromkeys((*operands, *values), k))
            case Delivery(value, _):
                last[value] = k
            case Follow(value, leader):
                last.update({value: k, leader: k})
    return last


def _forget(state: State, last: Mapping[Value, int], k: int) -> State:
    orders = tuple(pair for pair in state.orders if last.get(pair[0], -1) > k)
    copied = frozenset(pair for pair in state.copied if last.get(pair[0], -1) > k)
    return State(state.cost, orders, copied, state.chosen)


def _next(
    item: Item,
    state: State,
    measure: Measure,
    known: dict[tuple[Step, tuple[Order, ...]], list[Way]],
) -> list[State]:
    orders = dict(state.orders)
    match item:
        case Follow(value, leader):
            new = (*state.orders, (value, orders[leader]))
            return [State(state.cost, new, frozenset(), state.chosen)]
        case Delivery(value, axes):
            order = orders[value]
            wrong = solid(order) != solid(flat(axes)) or copies(order, axes)
            extra = VIEW + COPY * measure(order) if wrong else 0
            return [State(state.cost + extra, state.orders, state.copied, state.chosen)]
        case Step(values, operands):
            forms = tuple(Form.plain(orders[operand]) for operand in operands)
            if len(values) == 1 and aliased(values[0]):
                found = alias(values[0], forms[0])
                assert found is not None
                new = (*state.orders, (values[0], found.order))
                return [State(state.cost, new, state.copied, (*state.chosen, None))]
            key = (item, tuple(form.order for form in forms))
            if key not in known:
                known[key] = ways(Site(item, forms, measure))
            return [_taken(state, item, way, measure) for way in known[key]]


def _taken(state: State, step: Step, way: Way, measure: Measure) -> State:
    orders = dict(state.orders)
    cost, copied = state.cost + way.cost, set(state.copied)
    for k, operand in enumerate(step.operands):
        order, want = orders[operand], way.wants[k]
        if solid(order) != solid(flat(want)):
            cost += VIEW
        if (operand, want) not in copied and way.copied(k, order):
            copied.add((operand, want))
            cost += LAUNCH + 2 * COPY * measure(order)
    new = {value: form.order for value, form in zip(step.values, way.gives, strict=True)}
    return State(cost, (*state.orders, *new.items()), frozenset(copied), (*state.chosen, way))
