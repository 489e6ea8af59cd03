"""The layers inside of layers: which classes a module needs, and at which sizes each is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field

from tnc.driver.imports import is_standard
from tnc.ir.graph import Value
from tnc.ir.layer import LEADING, Foreign, Instance, Layer
from tnc.ir.plan import Plan
from tnc.ir.program import Child
from tnc.ir.size import Size
from tnc.ops import Apply, Call
from tnc.plan.foreign import foreign_parameters
from tnc.plan.whole import Part, whole
from tnc.record import record

Binding = Mapping[str, int]


@record
class Use:
    """One call of a layer inside of a layer, with the run-time sizes that it has there."""

    instance: Instance
    layer: Layer
    binding: Binding


def uses(layer: Layer, binding: Binding) -> Iterator[Use]:
    """The calls of layers inside, in order, where the run-time sizes of `layer` are `binding`."""
    seen: set[int] = set()
    for value in sorted(layer.graph.values, key=_order):
        op = value.op
        if isinstance(op, Apply) and op.call not in seen and isinstance(op.instance.callee, Layer):
            seen.add(op.call)
            yield Use(op.instance, op.instance.callee, _inner(op, op.instance.callee, binding))


def every_use(layer: Layer, binding: Binding) -> Iterator[Use]:
    """The calls of layers inside, and of those inside of these."""
    for use in uses(layer, binding):
        yield use
        yield from every_use(use.layer, use.binding)


def _order(value: Value) -> tuple[int, int]:
    return (value.op.call if isinstance(value.op, Apply) else 0, value.serial)


def _inner(op: Apply, callee: Layer, binding: Binding) -> dict[str, int]:
    """The run-time sizes of a callee, from the shapes of what it is given."""
    return {symbol: size.evaluate(binding) for symbol, size in inner_sizes(op, callee).items()}


def inner_sizes(op: Apply, callee: Layer) -> dict[str, Size]:
    """The run-time sizes of a callee, in terms of those of what calls it."""
    return _solved(_given(op, callee), callee)


def _solved(axes: Mapping[str, Size], callee: Layer) -> dict[str, Size]:
    """The run-time sizes of a callee, from the axes of its inputs."""
    return {entry.symbol: entry.sources[0].substitute(axes) for entry in callee.run_time}


def _given(op: Apply, callee: Layer) -> dict[str, Size]:
    """The sizes of the axes of a callee's inputs (`x.2`), in terms of what calls it."""
    axes: dict[str, Size] = {}
    for port, given in zip(callee.inputs, op.given, strict=True):
        sizes = [Size.product(mode.size for mode in axis) for axis in given]
        more = len(given) - len(port.axes)
        leading = bool(port.axes) and [mode.name for mode in port.axes[0]] == [LEADING]
        if leading:
            sizes = [Size.product(sizes[: more + 1]), *sizes[more + 1 :]]
        axes |= {f"{port.name}.{k}": size for k, size in enumerate(sizes)}
    return axes


def gathered(wanted: Sequence[Layer]) -> tuple[Layer, ...]:
    """Every layer that the wanted ones contain, and these, each after what it contains."""
    found: dict[Layer, None] = {}

    def visit(layer: Layer) -> None:
        if layer not in found:
            for instance in layer.instances:
                if isinstance(instance.callee, Layer):
                    visit(instance.callee)
            found[layer] = None

    for layer in wanted:
        visit(layer)
    return tuple(found)


def class_names(wanted: Sequence[Layer], layers: Sequence[Layer]) -> dict[Layer, str]:
    """A name for the class of each layer: its own for the wanted ones; of others with the same
    name the second gets a number."""
    names = {layer: layer.name for layer in wanted}
    taken = set(names.values())
    for layer in layers:
        if layer not in names:
            name, count = layer.name, 1
            while name in taken:
                count += 1
                name = f"{layer.name}_{count}"
            taken.add(name)
            names[layer] = name
    return names


def bindings(wanted: Mapping[Layer, Binding], layers: Sequence[Layer]) -> dict[Layer, Binding]:
    """The run-time sizes for which each layer is planned: those that are given for the wanted
    ones, those of its first use for the others."""
    found: dict[Layer, Binding] = dict(wanted)
    for layer in reversed(layers):  # what contains a layer comes before it
        for use in uses(layer, found[layer]):
            found.setdefault(use.layer, use.binding)
    return found


def proven(layers: Sequence[Layer]) -> dict[Layer, frozenset[tuple[str, int]]]:
    """For each layer inside of others, the axes of its inputs that have the right sizes wherever
    it is called, as far as the sizes of these can be compared. Nothing is known where something
    of Python's comes in: what an extern gives is not looked at when the module runs, and only
    those of the standard library are known to keep their word."""
    found: dict[Layer, frozenset[tuple[str, int]]] = {}
    if not all(_kept(layer) for layer in layers):
        return found
    calls = [value.op for layer in layers for value in layer.graph.values]
    for op in calls:
        if isinstance(op, Apply) and isinstance(callee := op.instance.callee, Layer):
            right = frozenset(_right(op, callee))
            found[callee] = found.get(callee, right) & right
    return found


def _kept(layer: Layer) -> bool:
    """Whether every extern in a layer is one of the standard library or a function of torch's."""
    others = [each.callee for each in layer.instances if isinstance(each.callee, Foreign)]
    own = [target for target in functions(layer) if not target.startswith("torch.")]
    return not own and all(is_standard(other.origin.source) for other in others)


def _right(op: Apply, callee: Layer) -> Iterator[tuple[str, int]]:
    axes = _given(op, callee)
    sizes = _solved(axes, callee)
    for port in callee.inputs:
        for k, axis in enumerate(port.axes):
            size = Size.product(mode.size for mode in axis)
            if size.symbols <= sizes.keys() and size.substitute(sizes) == axes[f"{port.name}.{k}"]:
                yield port.name, k


def children(layer: Layer, names: Mapping[Layer, str]) -> tuple[Child, ...]:
    """The attributes of a layer's module that are modules, with their classes."""
    found = []
    for instance in layer.instances:
        callee = instance.callee
        if isinstance(callee, Layer):
            found.append(Child(instance.name, names[callee]))
        elif callee.arguments is not None:
            found.append(Child(instance.name, callee.target, callee.arguments))
    return tuple(found)


def functions(layer: Layer) -> tuple[str, ...]:
    """The functions of Python's that a layer calls, by their dotted names."""
    found = []
    for value in layer.graph.values:
        match value.op:
            case Call(function=name) if "." in name:
                found.append(name)
            case Apply(instance=Instance(callee=Foreign(target=target, arguments=None))):
                found.append(target)
            case _:
                pass
    return tuple(dict.fromkeys(found))


@record
class Plans:
    """The plans of whole layers; `own` gives that of a layer by itself at run-time sizes."""

    own: Mapping[Layer, Callable[[Binding], Plan]]
    _known: dict[tuple[Layer, tuple[tuple[str, int], ...]], Plan] = field(default_factory=dict)

    def of(self, layer: Layer, binding: Binding) -> Plan:
        """The plan of a layer with all that it contains."""
        key = layer, tuple(sorted(binding.items()))
        if key not in self._known:
            parts, called = [], set()
            for use in uses(layer, binding):
                again = use.instance in called
                called.add(use.instance)
                parts.append(Part(use.instance.name, self.of(use.layer, use.binding), again))
            others = [each.callee for each in layer.instances if isinstance(each.callee, Foreign)]
            foreign = sum(foreign_parameters(each.target, each.arguments or ()) for each in others)
            self._known[key] = whole(self.own[layer](binding), parts, foreign)
        return self._known[key]
