"""W0202: training with the factors takes longer than with the dense layer, by what programs do.

To judge costs little: the price of one dense step, which every plan has, rules out most layers.
What would help, another batch or a smaller rank, is searched for only where the warning is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from tnc.diagnostics import Help, Report
from tnc.driver.dense import dense_layer
from tnc.driver.network import Binding
from tnc.driver.options import Built, Options
from tnc.driver.project import ordered
from tnc.driver.select import draft
from tnc.driver.site import batch_of
from tnc.ir.layer import Layer
from tnc.ir.plan import Plan
from tnc.ir.program import Program
from tnc.ir.size import Size
from tnc.plan.clock import price
from tnc.plan.planner import Planned
from tnc.plan.profile import PICOSECONDS
from tnc.plan.text import duration
from tnc.record import record

MORE = 1.03
"""A layer that is predicted to take so many times the dense one, as small kernels take longer than
predicted,"""

SLACK = 20_000_000
"""and so many picoseconds more, does not pay."""

SHARE = 0.1
"""A network is warned of if its layers that do not pay lose this part of its time."""

LISTED = 6
"""So many of them are listed."""

BATCHES = tuple(1 << k for k in range(13))
"""The sizes of the batch at which it is looked whether a layer pays."""

Elaborate = Callable[[Mapping[str, object]], Layer | None]
"""The wanted layer with some of its parameters changed; None where that has errors."""

Value = TypeVar("Value", int, float)


@record
class Loss:
    """A layer that does not pay at the sizes in `binding`: picoseconds of a step of training, and
    those of the dense layer."""

    layer: Layer
    binding: Binding
    own: int
    dense: int

    @property
    def figures(self) -> str:
        times = (duration(each / PICOSECONDS) for each in (self.own, self.dense))
        return ", dense ".join(times)


def judged(layer: Layer, found: Planned, plan: Plan, options: Options) -> Loss | None:
    """What a layer without others inside loses, if it does not pay. None where time is not what
    the plan was made for."""
    if options.objective != "time" or options.memory_limit is not None:
        return None
    orders = [order for choice in found.choices for order in choice.orders]
    step = sum(order.picoseconds for order in orders if order.name == "dense")
    own, binding = round(plan.seconds * PICOSECONDS), dict(plan.binding)
    if not step or no_slower(own, step) or (dense := _dense(layer, binding, options)) is None:
        return None
    return None if no_slower(own, dense) else Loss(layer, binding, own, dense)


def no_slower(own: int, dense: int) -> bool:
    """Whether so many picoseconds are not too many, beside those of the dense layer."""
    return own <= max(MORE * dense, dense + SLACK)


def _dense(layer: Layer, binding: Binding, options: Options) -> int | None:
    """The time of the dense layer; None where there is none."""
    program = _dense_program(layer, binding, options)
    return None if program is None else price(program, binding, options.profile)


def _dense_program(layer: Layer, binding: Binding, options: Options) -> Program | None:
    dense = dense_layer(layer)
    return None if dense is None else _program(dense, binding, options)


def _program(layer: Layer, binding: Binding, options: Options) -> Program:
    """In the order that the search finds, without looking at others."""
    return draft(layer, ordered(binding, options, layer, {}))


def tell_layer(
    loss: Loss, built: Built, elaborate: Elaborate, options: Options, report: Report
) -> None:
    """W0202 for a layer without others inside. Where the batch was not given and decides, nothing
    is wrong yet."""
    layer, binding = loss.layer, loss.binding
    batch = batch_of(layer)
    enough = None
    if batch is not None:
        enough = _batch_that_pays(loss, built, batch.symbol, options)
        if enough is not None and batch.symbol not in options.binding:
            return
    ratio = loss.own / loss.dense
    report.warning(
        "W0202",
        f"training with the factors of `{layer.name}` takes {ratio:.3g} times as long as with "
        "the dense layer, as predicted",
        layer.origin,
        f"a step takes {loss.figures}",
        notes=(
            _sizes(layer, binding, options),
            *_batch(batch.symbol if batch else "", enough),
            *_rank(loss, elaborate, options),
            *_inference(built, batch.symbol if batch else "", binding),
        ),
        help=(Help("`tnc bench` measures both on this machine"),),
    )


def tell_network(
    losses: Sequence[tuple[Loss, int]], network: Built, options: Options, report: Report
) -> None:
    """W0202 for the layers inside of a network, with how often each runs; if they matter."""
    lost = sum((loss.own - loss.dense) * count for loss, count in losses) / PICOSECONDS
    if lost <= SHARE * network.plan.seconds:
        return
    worst = sorted(losses, key=lambda each: (each[0].dense - each[0].own) * each[1])
    notes = [_listed(loss, count) for loss, count in worst[:LISTED]]
    more = len(worst) - len(notes)
    notes += [f"and {more} more"] if more else []
    report.warning(
        "W0202",
        f"layers in `{network.layer.name}` would be quicker dense: as predicted they lose "
        f"{duration(lost)} of the {duration(network.plan.seconds)} of a step of training",
        worst[0][0].layer.origin,
        "with these factors",
        notes=(_sizes(network.layer, dict(network.plan.binding), options), "\n".join(notes)),
        help=(Help("keep those dense, or give them a smaller rank, or train with a larger batch"),),
    )


def _listed(loss: Loss, count: int) -> str:
    settings = ", ".join(f"{name} = {value}" for name, value in loss.layer.settings[:2])
    sizes = ", ".join(f"{name} = {size}" for name, size in sorted(loss.binding.items()))
    times = f", {count} times" if count > 1 else ""
    given = f" ({settings})" if settings else ""
    return f"{loss.layer.name}{given} at {sizes}{times}: {loss.figures}"


def _sizes(layer: Layer, binding: Binding, options: Options) -> str:
    """For which sizes, and which of them were assumed."""
    given = [f"{name} = {size}" for name, size in binding.items() if name in options.binding]
    others = [f"{name} = {size}" for name, size in binding.items() if name not in options.binding]
    parts = [f"at {', '.join(given)}"] if given else []
    parts += [f"assumed: {', '.join(others)}"] if others else []
    said = "; ".join(parts) or "sizes as written"
    return f"predicted for {options.profile.name}, {said}"


def _batch(symbol: str, enough: int | None) -> Iterator[str]:
    if symbol and enough is not None:
        yield f"with this plan it is predicted to pay from {symbol} = {enough} on"
    elif symbol:
        yield f"with this plan it is predicted to pay at no {symbol} up to {BATCHES[-1]}"


def _inference(built: Built, symbol: str, binding: Binding) -> Iterator[str]:
    guards = [each.guard for each in built.program.variants if each.guard.inference]
    size = binding[symbol] if symbol else 1
    if any(each.least <= size and (each.below is None or size < each.below) for each in guards):
        yield "inference is not concerned: it keeps what the factors multiply to"


# ---------------------------------------------------------------------- what would pay
def _batch_that_pays(loss: Loss, built: Built, symbol: str, options: Options) -> int | None:
    """From which larger batch on the programs that there are pay."""
    dense = _dense_program(loss.layer, loss.binding, options)
    guarded = [
        each for each in built.program.variants if not (each.guard.frozen or each.guard.inference)
    ]
    own = [built.program, *(each.program for each in guarded)]

    def pays(size: int) -> bool:
        binding = {**loss.binding, symbol: size}
        times = [price(program, binding, options.profile) for program in own]
        return dense is None or no_slower(min(times), price(dense, binding, options.profile))

    return _first([size for size in BATCHES if size > loss.binding[symbol]], pays)


def _first(ascending: Sequence[Value], pays: Callable[[Value], bool]) -> Value | None:
    """The first value from which on it pays, where it pays at the last; None where it does not."""
    if not ascending or not pays(ascending[-1]):
        return None
    low, high = -1, len(ascending) - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if pays(ascending[middle]) else (middle, high)
    return ascending[high]


def _rank(loss: Loss, elaborate: Elaborate, options: Options) -> Iterator[str]:
    """Up to which rank, or ratio of parameters, it pays."""

    def pays(value: float) -> bool:
        layer = elaborate({name: value})
        if layer is None:
            return False
        program = _program(layer, loss.binding, options)
        return no_slower(price(program, loss.binding, options.profile), loss.dense)

    for name, smaller in _ranks(loss.layer, elaborate):
        found = _first(smaller, pays)
        upto = f"`{name}` at most {found}" if found is not None else f"no smaller `{name}`"
        yield f"it is predicted to pay with {upto}"
        return


def _ranks(layer: Layer, elaborate: Elaborate) -> Iterator[tuple[str, list[float]]]:
    """Parameters that decide the rank, with their smaller values, in descending order."""
    for name, text in layer.settings:
        if name == "ratio" and (ratio := _number(text)) > 0:
            yield name, [float(f"{ratio * k / 16:.2g}") for k in range(15, 0, -1)]
    for name, text in layer.settings:
        if text.isdecimal() and int(text) > 1 and _is_rank(name, int(text), layer, elaborate):
            yield name, list(range(int(text) - 1, 0, -1))


def _is_rank(name: str, value: int, layer: Layer, elaborate: Elaborate) -> bool:
    """Whether half of it leaves a layer with the same shapes and kernel, and fewer parameters."""
    other = elaborate({name: value // 2})
    if other is None or (one := dense_layer(layer)) is None or (two := dense_layer(other)) is None:
        return False
    return _shapes(one) == _shapes(two) and _elements(other) < _elements(layer)


def _shapes(layer: Layer) -> list[list[Size]]:
    ports = [port.axes for port in (*layer.inputs, *layer.outputs)]
    every = [*ports, *(weight.axes for weight in layer.weights)]
    return [[Size.product(mode.size for mode in axis) for axis in axes] for axes in every]


def _elements(layer: Layer) -> int:
    sizes = ([mode.size for axis in weight.axes for mode in axis] for weight in layer.weights)
    return sum(Size.product(each).value or 0 for each in sizes)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
