"""Writes steps as lines: presents the operands, fills the template, names the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tnc.ir.graph import Value
from tnc.ir.layer import Axes
from tnc.ir.program import Line
from tnc.ir.scalar import Scalar
from tnc.ir.size import Size
from tnc.lower.comments import comment, shown
from tnc.lower.forms import Form, View, bare, copies, flat, views
from tnc.lower.kernels import adapted, alias, flexible
from tnc.lower.layout import Chosen, Delivery, root
from tnc.lower.memory import Memory
from tnc.lower.names import Names
from tnc.lower.sizes import Scope
from tnc.lower.ways import Measure, Site, Step, Way
from tnc.record import record

WIDTH = 84
"""Longer expressions have their operands on lines of their own."""

NONE: frozenset[int] = frozenset()


@record
class Held:
    """A value in a variable."""

    name: str
    form: Form


Wish = Callable[[Value, Form], str]
"""The name of a variable for a value that is held so."""


class Writer:
    """One straight run of lines: a forward, a backward, a tangent, or a piece of the body.

    `batched`: the lines also run under `torch.autograd.grad(is_grads_batched=True)`, whose batching
    has a rule for `reshape` and none for `flatten`.
    """

    def __init__(
        self,
        scope: Scope,
        names: Names,
        measure: Measure,
        held: Mapping[Value, Held],
        wish: Wish,
        memory: Memory,
        batched: bool = False,
    ) -> None:
        self.scope, self.names, self.measure = scope, names, measure
        self.held = dict(held)
        self.lines: list[Line] = []
        self._wish, self._memory = wish, memory
        self._batched = batched
        self._local: set[str] = set()
        self._settled: Mapping[Value, Axes] = {}
        self._views: dict[tuple[str, Axes, bool], int] = {}  # numbers of lines
        self._uses: dict[tuple[Value, Axes], int] = {}
        self._wanted: dict[Value, list[Axes]] = {}
        self._delivered: dict[Value, list[Axes]] = {}
        self._needs: Mapping[Value, frozenset[int]] = {}

    # ------------------------------------------------------------------ a run of steps
    def run(
        self,
        steps: Sequence[Step],
        chosen: Chosen,
        deliveries: Sequence[Delivery] = (),
        needs: Mapping[Value, frozenset[int]] | None = None,
        settled: Mapping[Value, Axes] | None = None,
    ) -> None:
        """Write the steps. Results are stored as `settled` says, or as their first reader wants
        them; `needs` says which arguments' gradients depend on a value."""
        self._needs, self._settled = needs or {}, settled or {}
        for delivery in deliveries:
            value = root(delivery.value, chosen)
            self._delivered.setdefault(value, []).append(delivery.axes)
        self._foresee(steps, chosen)
        for step in steps:
            self._step(step, chosen[step])

    def _foresee(self, steps: Sequence[Step], chosen: Chosen) -> None:
        """Count who wants what; what works on any axes wants nothing."""
        for step in steps:
            if (way := chosen[step]) is not None and not flexible(step):
                for operand, want in zip(step.operands, way.wants, strict=True):
                    key = (operand, bare(want))
                    self._uses[key] = self._uses.get(key, 0) + 1
                    self._wanted.setdefault(operand, []).append(want)

    def _step(self, step: Step, planned: Way | None) -> None:
        first = step.values[0]
        forms = tuple(self.held[operand].form for operand in step.operands)
        if planned is None:
            form = alias(first, forms[0])
            assert form is not None
            self.held[first] = Held(self.held[step.operands[0]].name, form)
            return
        way = adapted(Site(step, forms, self.measure), planned)
        needs = frozenset().union(*(self._needs.get(value, NONE) for value in step.values))
        text, reads = self._expression(step, way, needs)
        note = comment(step, forms, way, self.measure.binding)
        if not way.unpacked:
            text, form = self._stored(first, way, text)
            targets: tuple[str, ...] = (self._wish(first, form),)
            self.held[first] = Held(targets[0], form)
        else:
            pairs = list(zip(step.values, way.gives, strict=True))
            taken = [self._wish(value, form) for value, form in pairs]
            for (value, form), name in zip(pairs, taken, strict=True):
                self.held[value] = Held(name, form)
            targets = tuple("_" if k is None else taken[k] for k in way.unpacked)
            for k, value in enumerate(step.values):
                text = text.replace(f"<{k}>", self._condition(self._needs.get(value, NONE)))
        self.lines.append(Line(targets, text, reads, note, first.origin, needs))

    # ------------------------------------------------------------------ expressions
    def _expression(
        self, step: Step, way: Way, needs: frozenset[int]
    ) -> tuple[str, tuple[str, ...]]:
        parts = [self._operand(operand, way, k, needs) for k, operand in enumerate(step.operands)]
        numbers = [self._number(number) for number in way.numbers]
        while len(self._filled(way, parts, numbers)) > WIDTH:
            longest = max(range(len(parts)), key=lambda k: len(parts[k][0]))
            if parts[longest][0].isidentifier():
                break
            text, _ = parts[longest]
            alone = self._alone(text, step.operands[longest], way, longest, needs)
            parts[longest] = (alone, alone)
        reads = tuple(dict.fromkeys(name for _, name in parts))
        return self._filled(way, parts, numbers), reads

    def _filled(self, way: Way, parts: Sequence[tuple[str, str]], numbers: Sequence[str]) -> str:
        return way.template.format(*(text for text, _ in parts), *numbers)

    def _number(self, number: object) -> str:
        if isinstance(number, Scalar):
            text = self.scope.scalar(number)
            return text if text.replace(".", "").isidentifier() or _literal(text) else f"({text})"
        if isinstance(number, Size):
            return self.scope.text(number)
        assert isinstance(number, tuple)
        return self.scope.extent(number)

    def _operand(self, operand: Value, way: Way, k: int, needs: frozenset[int]) -> tuple[str, str]:
        """An expression that presents operand `k` of a call, and the variable which it reads."""
        held, want = self.held[operand], way.wants[k]
        steps = views(held.form.axes, want)
        gathered = way.scattered(k, held.form.order)
        if not steps and not gathered:
            return held.name, held.name
        known = self._views.get((held.name, bare(want), gathered))
        if known is not None:
            name = self._again(known, needs)
            return name, name
        text = held.name + "".join(self.view(step) for step in steps)
        text += ".contiguous()" if gathered else ""
        turned = bool(steps) and steps[-1].name == "t" and not gathered
        repeated = self._uses.get((operand, bare(want)), 0) > 1 and not turned
        often = way.template.count(f"{{{k}}}") > 1
        if often or repeated or len(steps) + gathered > 1:
            name = self._alone(text, operand, way, k, needs)
            return name, name
        return text, held.name

    def _alone(self, text: str, operand: Value, way: Way, k: int, needs: frozenset[int]) -> str:
        """Give the presented operand `k` of a call a line and a name of its own."""
        held, want = self.held[operand], way.wants[k]
        merged = any(len(axis) > 1 for axis in bare(want))
        name = self.names.local(f"{held.name}_{'flat' if merged else 'view'}", self._local)
        every = frozenset().union(needs, *(self._readers(operand, want)))
        self._views[held.name, bare(want), way.scattered(k, held.form.order)] = len(self.lines)
        self.lines.append(Line((name,), text, (held.name,), shown(want), operand.origin, every))
        return name

    def _again(self, number: int, needs: frozenset[int]) -> str:
        """The name of a presented operand, for another reader: it is there whenever that is. What
        works on any axes has not been foreseen as a reader."""
        line = self.lines[number]
        both = line.needs | needs if line.needs and needs else NONE
        self.lines[number] = replace(line, needs=both)
        return line.targets[0]

    def _readers(self, operand: Value, want: Axes) -> list[frozenset[int]]:
        """Who else needs a presented operand: everybody who needs the operand, if several."""
        several = self._uses.get((operand, bare(want)), 0) > 1
        return [self._needs.get(operand, NONE)] if several else []

    def _stored(self, value: Value, way: Way, text: str) -> tuple[str, Form]:
        """The form in which a result is kept: the delivered one, else the first reader's."""
        (form,) = way.gives
        axes = self._preferred(value, form)
        steps, order = views(form.axes, axes), form.order
        if value in self._settled:
            order = flat(axes)
        elif axes in self._delivered.get(value, []) and self._merged(form, axes):
            steps, order = self._led(form, axes), self._memory.order(axes)
        if steps and _infix(way.template):
            text = f"({text})"
        return text + "".join(self.view(step) for step in steps), Form(axes, order)

    def _merged(self, form: Form, axes: Axes) -> bool:
        """Whether the view as an image with `axes` copies: then it is to give the due order."""
        return self._memory.turned(form, axes) and copies(form.order, axes)

    def _led(self, form: Form, axes: Axes) -> tuple[View, ...]:
        led = self._memory.led(axes)
        return (*views(form.axes, led), *views(led, axes))

    def _preferred(self, value: Value, form: Form) -> Axes:
        if value in self._settled:
            return self._settled[value]
        wanted = self._wanted.get(value, [])
        for axes in self._delivered.get(value, []):
            if not wanted or flat(bare(axes)) == flat(bare(form.axes)):
                return axes
        for axes in wanted:
            if flat(bare(axes)) == flat(bare(form.axes)):
                return axes
        return form.axes

    def view(self, view: View) -> str:
        if view.name == "mT":
            return ".mT"
        if view.name == "flatten" and not self._batched:
            numbers = [str(number) for number in view.numbers]
            return ".flatten()" if view.numbers == (0,) else f".flatten({', '.join(numbers)})"
        if view.shape is None:
            return f".{view.name}({', '.join(map(str, view.numbers))})"
        name = "reshape" if view.name == "flatten" else view.name
        sizes = [self.scope.extent(axis) for axis in view.shape]
        return f".{name}({', '.join(sizes) or '()'})"

    @staticmethod
    def _condition(needs: frozenset[int]) -> str:
        return " or ".join(f"needs[{k}]" for k in sorted(needs)) or "True"

    # ------------------------------------------------------------------ what leaves
    def deliver(
        self,
        value: Value,
        axes: Axes,
        wish: str,
        needs: frozenset[int] = NONE,
        own: bool = False,
        port: bool = False,
    ) -> str:
        """The variable that holds `value` with exactly `axes`; a line if it is not there yet, or
        if it must be a tensor of its own. A `port` also lies in memory in the order of its axes."""
        held = self.held[value]
        merged = self._merged(held.form, axes)
        steps = self._led(held.form, axes) if merged else views(held.form.axes, axes)
        turned = self._memory.turned(held.form, axes) and not merged
        astray = port and not turned and not merged and self._memory.astray(held.form, axes)
        if not steps and not own and not turned and not astray:
            return held.name
        text = held.name + "".join(self.view(step) for step in steps)
        name = self.names.take(wish)
        if turned:
            text += ".movedim(1, -1).contiguous().movedim(-1, 1)"
        elif own:
            text += ".clone(memory_format=torch.contiguous_format)" if astray else ".clone()"
        elif astray:
            text += ".contiguous()"
        self.lines.append(Line((name,), text, (held.name,), shown(axes), value.origin, needs))
        return name


def _literal(text: str) -> bool:
    return text.lstrip("-").replace(".", "").replace("e-", "").isdigit()


def _infix(template: str) -> bool:
    return template.startswith("{") and (" * " in template or " + " in template)
