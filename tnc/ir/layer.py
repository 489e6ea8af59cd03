"""A layer, elaborated: what is given, what is computed, and how both lie in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace

from tnc.diagnostics.span import Source, Span
from tnc.ir.graph import Builder, Graph, Value, reachable
from tnc.ir.size import Size
from tnc.ir.start import Rescaling
from tnc.ir.tensor import Mode
from tnc.record import record

Axes = tuple[tuple[Mode, ...], ...]

LEADING = "..."
"""Name of the mode (and run-time symbol) which stands for any number of leading axes."""


@record
class Initial:
    """How a weight starts: `kind` is `zeros`, `ones`, `normal`, `uniform`, `orthogonal` or
    `identity`; `options` are its numbers (`std`, `low`, `high`, …). `auto` and `kaiming` have been
    turned into `normal` or `zeros` by the elaboration."""

    kind: str
    options: tuple[tuple[str, float], ...] = ()


@record
class Port:
    """An input or an output: `axes` are the physical axes, one or several modes each."""

    name: str
    axes: Axes
    value: Value
    origin: Span


@record
class Weight:
    """A trained tensor or a buffer. `name` is the attribute of the module (`K_1` for a member of
    the family `K`)."""

    name: str
    axes: Axes
    value: Value
    initial: Initial
    origin: Span
    trained: bool = True
    doc: str = ""


@record
class RunTimeSize:
    """How a run-time symbol is found when the layer is called.

    `size` in terms of sizes of axes of inputs: symbols `"{input}.{axis}"`, e.g. `x.2`; several
    sources must agree (ShapeError names the inputs).
    """

    symbol: str
    sources: tuple[Size, ...]


@record
class Foreign:
    """Something of Python's that an `extern` declares: a class of modules with the `arguments` of
    its constructor (Python expressions), or, where these are None, a function."""

    target: str
    arguments: tuple[str, ...] | None
    origin: Span


@record(eq=False)
class Instance:
    """A layer inside of a layer: the attribute `name` of its module."""

    name: str
    callee: Layer | Foreign
    origin: Span


@record(eq=False)
class Layer:
    """One layer with all its parameters set (unless elaborated for `check` only). Identity is
    equality: instances of one layer share it."""

    name: str
    doc: str
    settings: tuple[tuple[str, str], ...]  # parameters and their values, as `.tnn` text
    modes: tuple[Mode, ...]
    inputs: tuple[Port, ...]
    weights: tuple[Weight, ...]
    outputs: tuple[Port, ...]
    equations: tuple[str, ...]  # the `let` and `output` statements as written, for docstrings
    run_time: tuple[RunTimeSize, ...]
    source: Source
    origin: Span
    usual: frozenset[str] = frozenset()  # the settings that are the defaults of their parameters
    lets: tuple[tuple[str, Span], ...] = ()  # names of tensors, and the expressions they stand for
    continued: tuple[tuple[str, str], ...] = ()  # modes told apart by places, and whose axes
    instances: tuple[Instance, ...] = ()
    rescalings: tuple[Rescaling, ...] = ()  # in this order, after every weight was drawn
    builder: Builder = field(default_factory=Builder, compare=False)

    def told(self, like: Layer | None = None) -> tuple[tuple[str, str], ...]:
        """The settings that readers need: those that differ from the defaults, or, where `like` is
        another layer of the same parameters, from its settings."""
        if like is None:
            return tuple(each for each in self.settings if each[0] not in self.usual)
        before = dict(like.settings)
        usual = self.usual & like.usual
        return tuple(
            (name, value)
            for name, value in self.settings
            if name not in usual and before.get(name) != value
        )

    @property
    def graph(self) -> Graph:
        return Graph(tuple(port.value for port in self.outputs))

    def rebuilt(self) -> Layer:
        """The same layer in a builder of its own: what is tried there leaves no trace here."""
        build = Builder()
        made: dict[Value, Value] = {}
        values = [port.value for port in (*self.inputs, *self.outputs)]
        for value in reachable([*values, *(weight.value for weight in self.weights)]):
            operands = [made[operand] for operand in value.operands]
            made[value] = build.make(value.op, operands, value.origin)
        return replace(
            self,
            inputs=tuple(replace(port, value=made[port.value]) for port in self.inputs),
            outputs=tuple(replace(port, value=made[port.value]) for port in self.outputs),
            weights=tuple(replace(weight, value=made[weight.value]) for weight in self.weights),
            rescalings=(),
            builder=build,
        )

    def default_binding(self, given: Mapping[str, int] | None = None) -> dict[str, int]:
        """Run-time sizes for planning: the given ones, else typical ones."""
        given = given or {}
        return {entry.symbol: given.get(entry.symbol, TYPICAL) for entry in self.run_time}


TYPICAL = 32
"""Size that the plan assumes for a run-time mode which is not bound."""
