"""The squared norm of a kernel as lines, to rescale the weights that it is made of."""

from __future__ import annotations

from collections.abc import Iterator

from tnc.ir.graph import Graph, Value
from tnc.ir.program import Rescaled
from tnc.ir.start import CONJUGATE, Rescaling
from tnc.lower.forms import Form, flat
from tnc.lower.layout import Delivery, choose
from tnc.lower.legal import Legaliser, leaf_axes
from tnc.lower.memory import Memory
from tnc.lower.names import Names, safe
from tnc.lower.sizes import Scope
from tnc.lower.steps import steps_of
from tnc.lower.ways import Measure
from tnc.lower.writer import Held, Writer
from tnc.ops import Leaf

RESERVED = ("_rescale", "_widened")
"""Functions of the module that stand beside the lines."""


def lower_start(rescaling: Rescaling, planned: Graph) -> Rescaled:
    """The lines that compute `rescaling.square`, of which `planned` is the planned graph; it
    depends on no run-time size."""
    names, legal, measure = Names(RESERVED), Legaliser(), Measure({})
    tensors: dict[str, str] = {}
    conjugates: dict[str, str] = {}
    held: dict[Value, Held] = {}
    for value, name, conjugate in _leaves(planned):
        if name not in tensors:
            tensors[name] = names.take(safe(name))
        if conjugate and name not in conjugates:
            conjugates[name] = names.take(f"{tensors[name]}_conj")
        variable = conjugates[name] if conjugate else tensors[name]
        legal(value)
        axes = leaf_axes(value)
        held[legal.given(value)] = Held(variable, Form(axes, flat(axes)))
    (square,) = (legal(output) for output in planned.outputs)
    steps = steps_of((square,), held)
    leaving = [Delivery(square, (), ())]
    chosen = choose([*steps, *leaving], {one: at.form.order for one, at in held.items()}, measure)
    memory = Memory(frozenset())
    writer = Writer(Scope({}, names), names, measure, held, lambda *_: names.letter(), memory)
    writer.run(steps, chosen, leaving)
    result = writer.deliver(square, (), "square")
    pairs = tuple((variable, tensors[name]) for name, variable in conjugates.items())
    given = tuple((variable, name) for name, variable in tensors.items())
    return Rescaled(rescaling, given, pairs, tuple(writer.lines), result)


def _leaves(graph: Graph) -> Iterator[tuple[Value, str, bool]]:
    """The tensors of a graph, each with its name and whether it is conjugated."""
    for value in graph.values:
        if isinstance(value.op, Leaf):
            name = value.op.name.removesuffix(CONJUGATE)
            yield value, name, name != value.op.name
