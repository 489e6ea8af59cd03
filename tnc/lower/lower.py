"""A planned and derived layer as a program: regions become routines, the rest the body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tnc.ir.graph import Graph, Value
from tnc.ir.layer import Axes, Layer
from tnc.ir.program import ChannelsLast, Invoke, Line, Program, Routine
from tnc.ir.region import Derived
from tnc.lower.forms import Form, views
from tnc.lower.layout import Delivery, choose
from tnc.lower.legal import Legaliser, leaf_axes
from tnc.lower.memory import Memory, alike, sharing, signals
from tnc.lower.names import Names, safe
from tnc.lower.routine import Surroundings, lower_region
from tnc.lower.sizes import Scope
from tnc.lower.steps import steps_of
from tnc.lower.ways import Measure
from tnc.lower.writer import Held, Writer
from tnc.ops import Apply, Leaf


def lower(
    layer: Layer,
    graph: Graph,
    derived: Sequence[Derived],
    binding: Mapping[str, int] | None = None,
    tag: str = "",
) -> Program:
    """The program of `layer`, whose planned graph is `graph`, with the derivatives of its regions.

    `binding` gives run-time sizes for which layouts are chosen; the lines are right for all. A
    layer that convolves images has a second form, which follows those with their channels last; of
    several inputs that are images, all must lie so. What is the same in both forms is shared. `tag`
    tells the names of routines from those of other programs of the layer.
    """
    memory = Memory(signals(graph))
    program = _Body(layer, graph, derived, binding, memory, tag).program()
    images = tuple(safe(port.name) for port in layer.inputs if memory.image(port.axes))
    if not images:
        return program
    last = _Body(layer, graph, derived, binding, replace(memory, last=True), tag).program()
    if alike(program, last):
        return program
    return replace(program, channels_last=ChannelsLast(images, sharing(last, program)))


class _Body:
    def __init__(
        self,
        layer: Layer,
        graph: Graph,
        derived: Sequence[Derived],
        binding: Mapping[str, int] | None,
        memory: Memory,
        tag: str,
    ) -> None:
        self.layer, self.graph, self.derived, self.tag = layer, graph, derived, tag
        given = [safe(port.name) for port in layer.inputs]
        self.names = Names([*given, *(safe(weight.name) for weight in layer.weights)])
        self.symbols = {
            entry.symbol: self.names.take(safe(entry.symbol)) for entry in layer.run_time
        }
        measure = Measure(layer.default_binding(binding), memory.last)
        self.around = Surroundings(layer, Legaliser(), self.symbols, measure, memory)
        self.ports: dict[Value, tuple[str, Axes]] = {}
        for port, value in zip(layer.outputs, graph.outputs, strict=True):
            self.ports.setdefault(value, (port.name, port.axes))
        self.leaving: dict[Value, tuple[str, Axes]] = {}
        scope = Scope(self.symbols, self.names)
        self.writer = Writer(scope, self.names, measure, {}, self._name, memory)
        self.body: list[Line | Invoke] = []
        self.routines: list[Routine] = []

    def program(self) -> Program:
        for unit in self._units():
            if isinstance(unit, Derived):
                self._region(unit)
            else:
                self._value(unit)
            self._flush()
        results = []
        for port, value in zip(self.layer.outputs, self.graph.outputs, strict=True):
            legal = self.around.legal(value)
            if legal not in self.writer.held:  # the diagonal of an input, and nothing else
                self._values_of([legal])
            results.append(self.writer.deliver(legal, port.axes, port.name, port=True))
        self._flush()
        symbols = tuple(self.symbols.items())
        return Program(self.layer, tuple(self.routines), tuple(self.body), tuple(results), symbols)

    def _flush(self) -> None:
        self.body.extend(self.writer.lines)
        self.writer.lines.clear()

    def _units(self) -> list[Value | Derived]:
        """Regions, and values outside of them, each after what it needs."""
        inside = {value: one for one in self.derived for value in one.region.values}
        waiting: list[Value | Derived] = list(
            dict.fromkeys(inside.get(value, value) for value in self.graph.values)
        )
        done: set[Value] = set()
        found: list[Value | Derived] = []
        while waiting:
            unit = next(unit for unit in waiting if _needed(unit) <= done)
            waiting.remove(unit)
            found.append(unit)
            done.update(unit.region.values if isinstance(unit, Derived) else (unit,))
        return found

    def _value(self, value: Value) -> None:
        legal = self.around.legal
        if isinstance(value.op, Leaf):
            axes = leaf_axes(value)
            held = Held(safe(value.op.name), Form(axes, self.around.memory.order(axes)))
            self.writer.held[legal.given(value)] = held
            return
        if legal(value) in self.writer.held:  # with another result of the same call
            return
        deliveries = []
        together = self._together(value)
        for each in together:
            if each in self.ports:
                self.leaving[legal(each)] = self.ports[each]
                deliveries.append(self.around.delivery(legal(each), self.ports[each][1]))
        self._values_of([legal(each) for each in together], deliveries)

    def _together(self, value: Value) -> list[Value]:
        """The results of one call of a layer; else the value alone."""
        if not isinstance(value.op, Apply):
            return [value]
        number = value.op.call
        return [
            each
            for each in self.graph.values
            if isinstance(each.op, Apply) and each.op.call == number
        ]

    def _values_of(self, made: Sequence[Value], deliveries: Sequence[Delivery] = ()) -> None:
        steps = steps_of(made, self.writer.held)
        given = {known: held.form.order for known, held in self.writer.held.items()}
        chosen = choose([*steps, *deliveries], given, self.around.measure)
        self.writer.run(steps, chosen, deliveries)

    def _name(self, value: Value, form: Form) -> str:
        if value in self.leaving:
            name, axes = self.leaving[value]
            if not views(form.axes, axes) and not self.around.memory.turned(form, axes):
                return self.names.take(name)
        return self.names.letter()

    def _region(self, derived: Derived) -> None:
        legal, held = self.around.legal, self.writer.held
        outer = [held[legal.given(value)] for value in derived.region.inputs]
        names = self.names.fork()
        arguments: list[Held] = []
        for one in outer:
            again = one.name in {argument.name for argument in arguments}
            arguments.append(Held(names.take(one.name + "2") if again else one.name, one.form))
        number = len(self.routines) + 1
        name = "product" if len(self.derived) == 1 else f"product_{number}"
        name += f"_{self.tag}" if self.tag else ""
        name += "_channels_last" if self.around.memory.last else ""
        lowered = lower_region(self.around, derived, arguments, self.ports, names, name)
        self.routines.append(lowered.routine)
        targets = []
        for value, output in zip(derived.region.outputs, lowered.outputs, strict=True):
            target = self.names.take(output.name)
            targets.append(target)
            held[legal(value)] = Held(target, output.form)
        origin = next((line.origin for line in lowered.routine.forward if line.origin), None)
        passed = (*(one.name for one in outer), *lowered.extra)
        self.body.append(Invoke(lowered.routine, tuple(targets), passed, origin))


def _needed(unit: Value | Derived) -> set[Value]:
    return set(unit.region.inputs if isinstance(unit, Derived) else unit.operands)
