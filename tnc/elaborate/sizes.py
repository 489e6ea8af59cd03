"""The sizes of modes: declared, given by an input, or derived through a relation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from tnc.diagnostics import Span
from tnc.elaborate import ratio as ratios
from tnc.elaborate.definitions import UNKNOWN
from tnc.elaborate.evaluate import condition, evaluate, indices
from tnc.elaborate.modes import Modes, Single
from tnc.elaborate.names import Names
from tnc.elaborate.relations import Relation, relations
from tnc.elaborate.values import UNSET, is_integer, literal, simplified, type_name, unset
from tnc.elaborate.windows import Window, signal_size, window
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.syntax import tree


@dataclass(slots=True)
class Sizes:
    """Finds the size of each mode when it is first asked for.

    `declared`: the modes of the layer. `modes`: every mode of the graph. `needed`: relations that
    are read backwards with a stride, so that the size of their signal has to be declared, by the
    signal's key. `reported`: run-time sizes about which an error was reported. `faulty`: the modes
    of relations that were refused.
    """

    scope: Names
    declared: Modes
    body: Sequence[tree.Statement]
    needed: dict[str, Relation] = field(default_factory=dict)
    modes: dict[str, Mode] = field(default_factory=dict)
    reported: set[str] = field(default_factory=set)
    faulty: set[str] = field(default_factory=set)
    _known: dict[str, Size] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)
    _relations: tuple[Relation, ...] | None = None
    _carried: frozenset[str] | None = None
    _ranks: dict[str, int] | None = None

    @property
    def relations(self) -> tuple[Relation, ...]:
        if self._relations is None:
            self._relations = ()
            self._relations = tuple(relations(self.body, self.declared, self.scope, self.poison))
        return self._relations

    @property
    def carried(self) -> frozenset[str]:
        """The modes that inputs have."""
        if self._carried is None:
            self._carried = frozenset()
            self._carried = frozenset(single.key for single in self._on_inputs())
        return self._carried

    def _on_inputs(self) -> Iterable[Single]:
        for statement in self.body:
            if isinstance(statement, tree.Tensors) and statement.kind == "input":
                for node in statement.declarations:
                    for singles in self._carried_by(node):
                        yield from singles

    def poison(self, modes: Iterable[Single]) -> None:
        """What takes part in a refused relation raises no further errors."""
        keys = {single.key for single in modes}
        self.faulty |= keys
        self.reported |= keys

    # ------------------------------------------------------------ asking
    def mode(self, single: Single) -> Mode:
        """The mode in the graph."""
        if single.key not in self.modes:
            self.modes[single.key] = Mode(single.key, self.of(single))
        return self.modes[single.key]

    def of(self, single: Single) -> Size:
        """The size: a number, or a formula of run-time sizes and of parameters not set."""
        if single.key not in self._known:
            if single.key in self._open:
                self._report_cycle(single)
                return self._unknown(single)
            self._open.append(single.key)
            size = self._declared(single) if single.size else self._derived(single)
            self._open.pop()
            self._known[single.key] = size
        return self._known[single.key]

    def _unknown(self, single: Single) -> Size:
        return Size.symbol(f"{UNSET}mode {single.key}")

    def _report_cycle(self, single: Single) -> None:
        text = f"the size of `{single.shown}` depends on itself"
        span = single.size.span if single.size else single.span
        self.scope.report.error("E0304", text, span, "cannot be computed without itself")

    def _declared(self, single: Single) -> Size:
        assert single.size is not None
        report, span = self.scope.report, single.size.span
        value = evaluate(single.size, single.scope)
        if value is UNKNOWN:
            return self._unknown(single)
        if not is_integer(value):
            text = f"size of mode `{single.shown}`: expected `int`, found `{type_name(value)}`"
            report.error("E0401", text, span, "no whole number")
            return self._unknown(single)
        assert isinstance(value, int | Size)
        size = Size.of(value)
        if size.value is not None and size.value < 1:
            text = f"mode `{single.shown}` has size {size.value}; a size is at least 1"
            report.error("E0303", text, span, f"this is {size.value}")
            return self._unknown(single)
        return size

    def lacks(self, single: Single) -> bool:
        """Whether nothing gives the mode a size."""
        return single.key not in self.carried and self.of(single) == Size.symbol(single.key)

    # ------------------------------------------------------------ deriving
    def _derived(self, single: Single) -> Size:
        route = self._route(single, frozenset())
        if route is None:
            return Size.symbol(single.key)
        if route.result.key == single.key:
            found = self.window(route)
            return self._unknown(single) if found is None else found.result
        return self._backwards(single, route)

    def _backwards(self, single: Single, route: Relation) -> Size:
        stride, pad = route.choices.stride, route.choices.pad
        if stride.value != 1:
            if unset(stride):
                return self._unknown(single)
            self.needed[single.key] = route
            return Size.symbol(single.key)
        if pad is None:
            return self._unknown(single)
        return signal_size(pad, self.reach(route), self.of(route.result))

    def _route(self, single: Single, seen: frozenset[str]) -> Relation | None:
        """The relation from which the size of a mode without a declared one follows."""
        seen = seen | {single.key, single.name}
        for relation in self.relations:
            if relation.result.key == single.key and self._given(relation.signal, seen):
                return relation
        if single.key in self.carried:
            return None
        for relation in self.relations:
            if relation.signal.key == single.key and self._given(relation.result, seen):
                return relation
        return None

    def _given(self, single: Single, seen: frozenset[str]) -> bool:
        """Whether the size is known without that of the modes in `seen`."""
        if single.key in seen:
            return False
        if single.size is not None:
            return not (self._mentions(single.size) & seen)
        return single.key in self.carried or self._route(single, seen) is not None

    def _mentions(self, size: tree.Expr) -> frozenset[str]:
        """The names of the modes on whose size an expression depends, at any depth."""
        found: set[str] = set()
        pending: list[tree.Node] = [size]
        while pending:
            for node in tree.walk(pending.pop()):
                if isinstance(node, tree.Call) and _calls_size(node):
                    names = {each.text for each in tree.walk(node) if isinstance(each, tree.Name)}
                    for name in (names & set(self.declared.names)) - found:
                        found.add(name)
                        declared = self.declared.nodes.get(name)
                        inner = declared and (declared.size or declared.alias)
                        pending += [inner] if inner else []
        return frozenset(found)

    # ------------------------------------------------------------ ranks
    def rank(self, ratio: float, span: Span) -> Size:
        """The size of the mode whose size is being evaluated, a rank that follows from a ratio."""
        key = self._open[-1] if self._open else ""
        if self._ranks is None:
            self._ranks = {}  # meanwhile ranks are symbols
            known, opened = self._known, self._open
            self._known, self._open = {}, []
            found = self._solved(ratio, span)
            self._known, self._open = known, opened
            self._ranks = found
            return Size.of(found[key]) if key in found else ratios.symbol(key)
        return Size.of(self._ranks[key]) if key in self._ranks else ratios.symbol(key)

    def _solved(self, ratio: float, span: Span) -> dict[str, int]:
        try:
            windows = [
                {tap.key: each for tap, each in zip(one.taps, one.dilations, strict=True)}
                for one in self.relations
            ]
            network = ratios.Network(tuple(self._weights()), self._kernel(), windows)
            return ratios.solved(network, ratio) or {}
        except ratios.TooSmall as error:
            text = f"no ranks reach the ratio {ratio}"
            self.scope.report.error("E0305", text, span, f"{error}")
            return {}

    def _weights(self) -> Iterator[dict[str, Size]]:
        """The modes of each weight that an output reaches."""
        used = ratios.reached(self.body, self._decided())
        for statement in self.body:
            if isinstance(statement, tree.Tensors) and statement.kind == "weight":
                for node in statement.declarations:
                    if node.name.text in used:
                        for singles in self._carried_by(node):
                            yield {single.key: self.of(single) for single in singles}

    def _kernel(self) -> frozenset[str]:
        """The modes that are no bonds: of inputs, outputs and taps."""
        found = set(self.carried)
        for statement in self.body:
            if isinstance(statement, tree.Output) and statement.target.modes is not None:
                axes = self.declared.axes(statement.target.modes, self.scope) or ()
                found |= {single.key for axis in axes for single in axis}
        for relation in self.relations:
            found |= {tap.key for tap in relation.taps}
        return frozenset(found)

    def _decided(self) -> dict[int, tree.Expr]:
        found: dict[int, tree.Expr] = {}
        for statement in self.body:
            if isinstance(statement, tree.Let | tree.Output):
                for node in tree.walk(statement):
                    if isinstance(node, tree.If):
                        holds = condition(node.condition, self.scope)
                        if holds is not None:
                            found[id(node)] = node.then if holds else node.otherwise
        return found

    def _carried_by(self, node: tree.TensorDecl) -> Iterator[list[Single]]:
        """The modes of a tensor; of each member of a family."""
        scopes = [self.scope]
        if node.binder:
            scopes = [inner for _, inner in indices(node.binder, self.scope)]
        for scope in scopes:
            axes = self.declared.axes(node.modes, scope) or ()
            yield [single for axis in axes for single in axis]

    # ------------------------------------------------------------ relations
    def reach(self, relation: Relation) -> Size:
        """How many positions one window spans beyond its first."""
        spans = [
            dilation * (self.of(tap) - 1)
            for tap, dilation in zip(relation.taps, relation.dilations, strict=True)
        ]
        return sum(spans, Size.of(0))

    def window(self, relation: Relation) -> Window | None:
        """Where the windows lie; None where the pad is not known."""
        choices = relation.choices
        if choices.pad is None:
            return None
        signal = self.of(relation.signal)
        return window(choices.pad, choices.stride, self.reach(relation), signal)


def smallest(relation: Relation, sizes: Sizes) -> str | None:
    """A declaration of the signal's size for which the result keeps its own: the stride times the
    result where that is right, else the smallest signal."""
    choices, result = relation.choices, sizes.of(relation.result)
    if choices.pad is None or choices.stride.value is None:
        return None
    reach = sizes.reach(relation)
    scaled = choices.stride * result
    text = f"{choices.stride} * size({relation.result.shown})"
    found = window(choices.pad, choices.stride, reach, scaled)
    if found.result == result:
        return text
    least = (reach + 1 - choices.stride - found.left - found.right).value
    if least is None:
        return None
    return f"{text} + {least}" if least > 0 else f"{text} - {-least}"


def _calls_size(node: tree.Call) -> bool:
    return isinstance(node.function, tree.Name) and node.function.text == "size"


def shown(size: Size) -> str:
    """The size in a message."""
    text = literal(simplified(size))
    alone = len(size.terms) == 1 and len(size.terms[0][0]) == 1 and size.terms[0][1] == 1
    return text[1:-1] if alone and text.startswith("(") else text


def differ(one: Size, other: Size) -> bool:
    """Whether two sizes differ for certain, whatever parameters are not set; formulas of run-time
    sizes are compared on samples."""
    gap = one - other
    if gap.value is not None:
        return gap.value != 0
    if unset(gap):
        return False
    at = partial(_sample, sorted(gap.symbols))
    return any(gap.evaluate(at(k)) != 0 for k in range(12))


def _sample(names: Sequence[str], k: int) -> dict[str, int]:
    return {name: 1 + (7 * k + 5 * place * (k + 1)) % 24 for place, name in enumerate(names)}
