"""A region with its derivatives as a routine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tnc.ir.graph import Value
from tnc.ir.layer import Axes, Layer
from tnc.ir.program import Line, Routine
from tnc.ir.region import Derived
from tnc.lower.forms import Form, views
from tnc.lower.layout import Chosen, Delivery, Follow, Item, choose, root
from tnc.lower.legal import Legaliser
from tnc.lower.memory import Memory
from tnc.lower.names import Names
from tnc.lower.sections import Sections, sections
from tnc.lower.settle import settled
from tnc.lower.sizes import Scope
from tnc.lower.steps import readers
from tnc.lower.ways import Measure
from tnc.lower.writer import Held, Wish, Writer
from tnc.record import record

Ports = Mapping[Value, tuple[str, Axes]]
"""Names and axes with which some outputs of a region must leave."""


@record
class Surroundings:
    """What is the same for all regions of a layer."""

    layer: Layer
    legal: Legaliser
    symbols: Mapping[str, str]
    measure: Measure
    memory: Memory

    def delivery(self, value: Value, axes: Axes) -> Delivery:
        """What leaves, or is the gradient of what came in, lies as it would have come in."""
        return Delivery(value, axes, self.memory.order(axes))


@record
class Lowered:
    """A routine, its outputs, and the inputs of the layer that it takes besides its arguments,
    only to know a run-time size."""

    routine: Routine
    outputs: tuple[Held, ...]
    extra: tuple[str, ...]


def lower_region(
    around: Surroundings,
    derived: Derived,
    arguments: Sequence[Held],
    ports: Ports,
    names: Names,
    name: str,
) -> Lowered:
    """`arguments` are the variables of the inputs of the region."""
    return _Region(around, derived, tuple(arguments), ports, names).lower(name)


class _Region:
    def __init__(
        self,
        around: Surroundings,
        derived: Derived,
        arguments: tuple[Held, ...],
        ports: Ports,
        names: Names,
    ) -> None:
        self.around, self.arguments, self.names = around, arguments, names
        self.parts: Sections = sections(around.legal, derived, around.measure)
        self.scope = Scope(around.symbols, names, self.parts.modes())
        self.given = dict(zip(self.parts.inputs, arguments, strict=True))
        self.ports = {
            output: ports[value]
            for value, output in zip(derived.region.outputs, self.parts.outputs, strict=True)
            if value in ports
        }
        self.finals: list[Value | None] = []
        self.named: dict[Value, str] = {}
        self.primal = dict(zip(self.parts.seeds, self.parts.outputs, strict=True))
        self.reserved = {output: names.take(wish) for output, (wish, _) in self.ports.items()}

    def lower(self, name: str) -> Lowered:
        chosen = self._layout()
        stored = self._stored(chosen)
        forward = self._writer(self.given, self._forward_name)
        forward.run(self.parts.forward, chosen, self._leaving(), settled=stored)
        self.named.update({value: held.name for value, held in forward.held.items()})
        outputs = self._leave(forward)
        later = self._later(forward, outputs)
        seeds = [self.names.take(f"grad_{held.name}") for held in outputs]
        dots = [self.names.take(f"dot_{held.name}") for held in self.arguments]
        backward, gradients = self._backward(chosen, stored, later, outputs, seeds)
        tangent, pushed = self._tangent(later, outputs, dots)
        sizes, extra = self._sizes()
        routine = Routine(
            name,
            (*(held.name for held in self.arguments), *extra),
            sizes,
            tuple(forward.lines),
            tuple(held.name for held in outputs),
            self._saved(forward, later, (*backward, *tangent)),
            tuple(seeds),
            backward,
            (*gradients, *(None for _ in extra)),
            (*dots, *(self.names.take(f"dot_{one}") for one in extra)),
            tangent,
            pushed,
        )
        return Lowered(routine, outputs, extra)

    def _sizes(self) -> tuple[tuple[Line, ...], tuple[str, ...]]:
        """Definitions of sizes, and the inputs that must be passed only for them."""
        known = [(held.name, held.form.axes) for held in self.arguments]
        lines, inputs = self.scope.definitions(known, self.around.layer.run_time)
        return lines, tuple(one for one in inputs if one not in dict(known))

    def _leaving(self) -> list[Delivery]:
        return [self.around.delivery(output, axes) for output, (_, axes) in self.ports.items()]

    def _stored(self, chosen: Chosen) -> Mapping[Value, Axes]:
        """Results kept as their readers want them, if they do not leave."""
        parts = self.parts
        every = (*self._leaving(), *self._gradient_deliveries())
        delivered = {one for item in every for one in (item.value, root(item.value, chosen))}
        self.finals = [None if value is None else root(value, chosen) for value in parts.gradients]
        return settled((parts.forward, parts.backward), chosen, frozenset(delivered))

    def _writer(self, held: Mapping[Value, Held], wish: Wish, batched: bool = False) -> Writer:
        around = self.around
        return Writer(self.scope, self.names, around.measure, held, wish, around.memory, batched)

    # ------------------------------------------------------------------ layout
    def _layout(self) -> Chosen:
        """Forward and backward are laid out together."""
        parts = self.parts
        given = {value: held.form.order for value, held in self.given.items()}
        items: list[Item] = [*parts.forward]
        items += self._leaving()
        pairs = zip(parts.seeds, parts.outputs, strict=True)
        items += [Follow(seed, output) for seed, output in pairs]
        made = set(parts.forward)  # computed anew, in the same way
        items += [step for step in parts.backward if step not in made]
        items += self._gradient_deliveries()
        return choose(items, given, self.around.measure)

    def _gradient_deliveries(self) -> list[Delivery]:
        pairs = zip(self.parts.gradients, self.arguments, strict=True)
        delivery = self.around.delivery
        return [delivery(value, held.form.axes) for value, held in pairs if value is not None]

    # ------------------------------------------------------------------ forward
    def _forward_name(self, value: Value, form: Form) -> str:
        if value in self.ports and self._leaves(form, self.ports[value][1]):
            return self.reserved[value]
        return self.names.letter()

    def _leaves(self, form: Form, axes: Axes) -> bool:
        """Whether what is held as `form` can go out with `axes` as it is."""
        return not views(form.axes, axes) and not self.around.memory.astray(form, axes)

    def _leave(self, forward: Writer) -> tuple[Held, ...]:
        """Every output in a variable of its own, which is no argument."""
        taken = {held.name for held in self.arguments}
        outputs = []
        for output in self.parts.outputs:
            held = forward.held[output]
            _, axes = self.ports.get(output, ("", held.form.axes))
            own = held.name in taken
            reserved = self.reserved.get(output)
            wish = reserved or f"{held.name}_out"
            if reserved and reserved != held.name:
                self.names.release(reserved)
            port = output in self.ports
            name = forward.deliver(output, axes, wish, own=own, port=port)
            taken.add(name)
            order = self.around.memory.order(axes) if port else held.form.order
            outputs.append(Held(name, Form(axes, order)))
        return tuple(outputs)

    def _later(self, forward: Writer, outputs: Sequence[Held]) -> dict[Value, Held]:
        """What the derivatives may read. An output is saved as a view of its own: it must not
        be returned twice."""
        parts = self.parts
        later = {value: forward.held[value] for value in (*parts.inputs, *parts.saved)}
        for output, held in zip(parts.outputs, outputs, strict=True):
            later[output] = held
            if parts.read_later(output):
                name = self.names.take(f"{held.name}_saved")
                forward.lines.append(
                    Line((name,), f"{held.name}.view_as({held.name})", (held.name,))
                )
                later[output] = Held(name, held.form)
        return later

    def _saved(
        self, forward: Writer, later: Mapping[Value, Held], lines: Sequence[Line]
    ) -> tuple[str, ...]:
        """The variables of the forward that the given lines read."""
        read = {name for line in lines for name in line.reads}
        kept = read & {held.name for held in later.values()}
        return tuple(target for line in forward.lines for target in line.targets if target in kept)

    # ------------------------------------------------------------------ backward
    def _backward(
        self,
        chosen: Chosen,
        stored: Mapping[Value, Axes],
        later: Mapping[Value, Held],
        outputs: Sequence[Held],
        seeds: Sequence[str],
    ) -> tuple[tuple[Line, ...], tuple[str | None, ...]]:
        parts = self.parts
        held = dict(later)
        for seed, output, name in zip(parts.seeds, outputs, seeds, strict=True):
            held[seed] = Held(name, output.form)
        needs: dict[Value, frozenset[int]] = {}
        for k, value in enumerate(parts.gradients):
            if value is not None:
                needs[value] = needs.get(value, frozenset()) | {k}
        needs = readers(parts.backward, needs)
        writer = self._writer(held, self._backward_name, batched=True)
        writer.run(parts.backward, chosen, self._gradient_deliveries(), needs, stored)
        gradients: list[str | None] = []
        for k, (value, argument) in enumerate(zip(parts.gradients, self.arguments, strict=True)):
            if value is None:
                gradients.append(None)
                continue
            wish = f"grad_{argument.name}"
            gradients.append(writer.deliver(value, argument.form.axes, wish, frozenset({k})))
        return tuple(writer.lines), tuple(gradients)

    def _backward_name(self, value: Value, form: Form) -> str:
        """`grad_x` for the gradient of an argument, `grad_u` for that of an intermediate; what is
        computed anew is called as in the forward."""
        if value in self.named:
            return self.named[value]
        for final, argument in zip(self.finals, self.arguments, strict=True):
            if final is value and self._leaves(form, argument.form.axes):
                return self.names.take(f"grad_{argument.name}")
        primal = self._primal(value)
        if primal is None or primal in self.parts.inputs:
            return self.names.letter()
        self.primal[value] = primal
        return self.names.take(f"grad_{self.named[primal]}")

    def _primal(self, value: Value) -> Value | None:
        """The value of the forward whose cotangent this is: it has the same modes, and is an
        operand of one whose cotangent is an operand here."""
        modes = set(value.type.modes)
        for operand in value.operands:
            if (reader := self.primal.get(operand)) is not None:
                for primal in reader.operands:
                    if set(primal.type.modes) == modes and primal in self.named:
                        return primal
        return None

    # ------------------------------------------------------------------ tangent
    def _tangent(
        self, later: Mapping[Value, Held], outputs: Sequence[Held], dots: Sequence[str]
    ) -> tuple[tuple[Line, ...], tuple[str, ...]]:
        parts = self.parts
        held = dict(later)
        for dot, argument, name in zip(parts.dots, self.arguments, dots, strict=True):
            held[dot] = Held(name, argument.form)
        items: list[Item] = [*parts.tangent]
        leaving = [
            self.around.delivery(value, output.form.axes)
            for value, output in zip(parts.pushed, outputs, strict=True)
            if value is not None
        ]
        given = {value: one.form.order for value, one in held.items()}
        chosen = choose([*items, *leaving], given, self.around.measure)
        writer = self._writer(held, lambda value, form: self.names.letter())
        writer.run(parts.tangent, chosen, leaving)
        pushed = []
        for value, output in zip(parts.pushed, outputs, strict=True):
            wish, axes = f"dot_{output.name}", output.form.axes
            # PyTorch refuses the tangent of a view that does not lie in memory as the view does.
            alike = not self.around.memory.astray(output.form, axes)
            done = "" if value is None else writer.deliver(value, axes, wish, port=alike)
            pushed.append(done)
        return tuple(writer.lines), tuple(pushed)
