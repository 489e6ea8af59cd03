"""Element by element: products without contraction, sums of tensors, scalings, functions."""

from __future__ import annotations

from collections.abc import Sequence

from tnc.ir.layer import Axes
from tnc.ir.scalar import Scalar
from tnc.ir.strides import iterated
from tnc.ir.tensor import Mode
from tnc.lower.forms import Form, Order, flat, ordered, solid
from tnc.lower.ways import COPY, LAUNCH, Site, Way, apart, axis_of
from tnc.ops import Add, Call, Mask, Scale
from tnc.ops.call import Function, function_named

TOGETHER = 250
"""So many addends at most stand in one sum."""

MUCH = 4
"""So many times as large as an operand the result is for it to be copied, not read in strides."""


def multiply_ways(site: Site) -> list[Way]:
    return _aligned(site, "{0} * {1}")


def add_ways(site: Site) -> list[Way]:
    assert isinstance(site.value.op, Add)
    return _aligned(site, _sum([f"{{{k}}}" for k in range(len(site.forms))]))


def _sum(addends: Sequence[str]) -> str:
    """Of very many, a sum of sums: Python reads no expression that is nested thousands deep."""
    if len(addends) <= TOGETHER:
        return " + ".join(addends)
    groups = (addends[k : k + TOGETHER] for k in range(0, len(addends), TOGETHER))
    return _sum([f"({' + '.join(group)})" for group in groups])


def scale_ways(site: Site) -> list[Way]:
    assert isinstance(site.value.op, Scale)
    (form,) = site.forms
    return [Way((form.axes,), (form,), "{0} * {1}", (site.value.op.factor,))]


def call_ways(site: Site) -> list[Way]:
    op = site.value.op
    assert isinstance(op, Call)
    function = function_named(op.function)
    numbers = options(op, function)
    count = len(site.forms)
    places = [f"{{{k}}}" for k in range(count)]
    names = {name: f"{{{count + k}}}" for k, (name, _) in enumerate(numbers)}
    scalars = tuple(number for _, number in numbers)
    if function.kind == "pointwise":
        return _aligned(site, function.template.format(*places, **names), scalars)
    (form,) = site.forms
    modes = solid(op.over)
    if function.many or len(modes) <= 1:
        axes = apart(form.axes, *modes)
    else:
        rest = tuple(mode for mode in flat(form.axes) if mode not in modes)
        axes = (*((mode,) for mode in rest), modes)
    dims = sorted({axis_of(axes, mode) for mode in modes})
    if not dims:
        axes, dims = (*axes, ()), [len(axes)]
    dim = str(dims[0]) if not function.many else str(tuple(dims))
    text = function.template.format(*places, dim=dim, **names)
    given = Form(axes, form.order)
    result = _without(given, dims) if function.kind == "reduce" else given
    return [Way((axes,), (result,), text, scalars)]


def _without(form: Form, dims: Sequence[int]) -> Form:
    """The form of what is left of a tensor when axes are reduced."""
    axes = tuple(axis for k, axis in enumerate(form.axes) if k not in dims)
    kept = flat(axes)
    return Form(axes, tuple(mode for mode in form.order if mode in kept))


def options(op: Call, function: Function) -> list[tuple[str, Scalar]]:
    """The numbers of a call: those given, else the function's own."""
    given = dict(op.options)
    return [
        (name, given[name] if name in given else Scalar(value=default))
        for name, default in function.options
    ]


OPPOSITE = {"==": "!=", "!=": "==", "<=": ">", ">": "<=", ">=": "<", "<": ">="}


def mask_ways(site: Site) -> list[Way]:
    op = site.value.op
    assert isinstance(op, Mask)
    (form,) = site.forms
    modes = [mode for mode in (op.left, op.right) if mode is not None]
    axes = apart(form.axes, *modes)
    texts = []
    for k, mode in enumerate(modes):
        trailing = len(axes) - 1 - axis_of(axes, mode)
        index = f"[:{', None' * trailing}]" if trailing else ""
        texts.append(f"torch.arange({{{k + 1}}}, device={{0}}.device){index}")
    right = texts[1] if op.right is not None else str(op.offset)
    if op.right is not None and op.offset:
        right = f"{right} {'+' if op.offset > 0 else '-'} {abs(op.offset)}"
    text = f'{{0}}.masked_fill({texts[0]} {OPPOSITE[op.comparison]} {right}, float("-inf"))'
    numbers = tuple((mode,) for mode in modes)
    return [Way((axes,), (Form(axes, form.order),), text, numbers)]


def _aligned(site: Site, template: str, numbers: Sequence[Scalar] = ()) -> list[Way]:
    """One way per order of the result that an operand suggests."""
    modes = solid(site.value.type.modes)
    candidates = dict.fromkeys(_completed(site, modes))
    return [_way(site, order, template, numbers) for order in candidates]


def _completed(site: Site, modes: Order) -> list[Order]:
    """Every operand's own order, the modes it lacks put before or after in another's order."""
    orders = [solid(order) for order in site.orders]
    found: list[Order] = []
    for own in dict.fromkeys(orders):  # thousands of addends have few orders
        for other in dict.fromkeys(other for other in orders if other is not own) or [own]:
            rest = tuple(mode for mode in ordered(modes, other) if mode not in own)
            found.extend(((*own, *rest), (*rest, *own)))
    if len(orders) == 2:
        shared = tuple(mode for mode in orders[0] if mode in orders[1])
        alone = [tuple(mode for mode in own if mode not in shared) for own in orders]
        found.extend(((*shared, *alone[0], *alone[1]), (*shared, *alone[1], *alone[0])))
    return found


def _way(site: Site, order: Order, template: str, numbers: Sequence[Scalar]) -> Way:
    axes = _groups(order, site.forms)
    wants = tuple(_present(axes, form) for form in site.forms)
    strided = sum(
        site.measure(form.order)
        for form in site.forms
        if solid(form.order) != ordered(solid(form.order), order)
    )
    cost = LAUNCH + COPY * (strided + site.measure(order))
    inner = tuple(
        _innermost(want, axes) if MUCH * site.measure(form.order) <= site.measure(order) else ()
        for want, form in zip(wants, site.forms, strict=True)
    )
    lies = _laid(order, site.orders)
    return Way(wants, (Form(axes, lies),), template, tuple(numbers), inner=inner, cost=cost)


def _laid(order: Order, operands: Sequence[Order]) -> Order:
    """How torch lays the result in memory: two modes lie as in the first operand that has both."""
    places = [{mode: k for k, mode in enumerate(solid(operand))} for operand in operands]

    def compare(inner: Mode, outer: Mode) -> int:
        for place in places:
            if inner in place and outer in place:
                return 1 if place[inner] < place[outer] else -1
        return 0

    return tuple(reversed(iterated(reversed(order), compare)))


def _innermost(want: Axes, axes: Axes) -> tuple[int, ...]:
    """The axis of a small operand along which its elements are to lie side by side: where they do
    not, four times as long is taken for every element of the result, and copying it is quick."""
    return (len(want) - 1,) if want and axes and want[-1] == axes[-1] else ()


def _groups(order: Order, forms: Sequence[Form]) -> Axes:
    """The order as axes: two modes share one where every operand has both on one, or neither."""
    axes: list[Order] = []
    for mode in order:
        if axes and all(_joined(axes[-1][-1], mode, form) for form in forms):
            axes[-1] = (*axes[-1], mode)
        else:
            axes.append((mode,))
    return tuple(axes)


def _joined(first: Order | object, second: object, form: Form) -> bool:
    has = [mode in form.modes for mode in (first, second)]
    if not all(has):
        return not any(has)
    return any(
        pair == (first, second)
        for axis in form.axes
        for pair in zip(solid(axis), solid(axis)[1:], strict=False)
    )


def _present(axes: Axes, form: Form) -> Axes:
    """What of `axes` an operand has; a missing axis is `()`, and none stands before the first."""
    own = [axis if axis[0] in form.modes else () for axis in axes]
    while own and not own[0]:
        own.pop(0)
    return tuple(own)
