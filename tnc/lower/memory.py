"""In which order images lie in memory: contiguous, or with the channels last.

An *image* is what torch's convolutions call a batch of signals: the axes [batch, channels, i, j]
or [batch, channels, i, j, k], each of the last ones a leg of a convolution relation.

The format is followed as far as torch does: what its last convolution gives in another order goes
out so (conv3d in float64, for one, always gives contiguous results).
"""

from __future__ import annotations

from dataclasses import replace

from tnc.ir.graph import Graph
from tnc.ir.layer import Axes
from tnc.ir.program import Line, Program, Routine
from tnc.ir.tensor import Mode
from tnc.lower.forms import Form, Order, flat, solid
from tnc.ops import Contract
from tnc.record import record

IMAGES = (4, 5)
"""Numbers of axes for which torch has a format with the channels last."""


@record
class Memory:
    """`signals`: the modes along which something is convolved. `last`: the images that come in
    and go out have their channels last; everything else is contiguous."""

    signals: frozenset[Mode]
    last: bool = False

    def image(self, axes: Axes) -> bool:
        batch, channels, *spatial = axes if len(axes) in IMAGES else ((), ())
        legs = all(len(axis) == 1 and axis[0] in self.signals for axis in spatial)
        return bool(spatial) and legs and self.signals.isdisjoint((*batch, *channels))

    def order(self, axes: Axes) -> Order:
        """The order in memory of a tensor that comes in or goes out with these axes."""
        return flat(self.led(axes))

    def led(self, axes: Axes) -> Axes:
        """The same axes in the order in which a tensor with these lies in memory."""
        if self.last and self.image(axes):
            batch, channels, *spatial = axes
            return (batch, *spatial, channels)
        return axes

    def turned(self, form: Form, axes: Axes) -> bool:
        """Whether what lies as `form` must be copied to go out as an image with `axes`."""
        due = solid(self.order(axes))
        return due != solid(flat(axes)) and due != solid(form.order)

    def astray(self, form: Form, axes: Axes) -> bool:
        """Whether what lies as `form` is out of the order in which it goes out with `axes`."""
        return solid(self.order(axes)) != solid(form.order)


def signals(graph: Graph) -> frozenset[Mode]:
    """The modes along which a graph convolves: before and after."""
    return frozenset(
        leg
        for value in graph.values
        if isinstance(value.op, Contract)
        for pattern in value.op.patterns
        for leg in (pattern.signal, pattern.result)
    )


def alike(one: Program, other: Program) -> bool:
    """Whether two programs compute values and gradients in the same way, whatever the names of
    their routines."""
    return _essence(one) == _essence(other)


def sharing(program: Program, other: Program) -> Program:
    """`program` with the routines of `other` where its own are the same but for their names."""
    known = {_bare(routine): routine for routine in other.routines}
    named = {routine: known.get(_bare(routine), routine) for routine in program.routines}
    body = tuple(
        step if isinstance(step, Line) else replace(step, routine=named[step.routine])
        for step in program.body
    )
    return replace(program, routines=tuple(named.values()), body=body)


def _essence(program: Program) -> tuple[object, ...]:
    routines = [_bare(routine) for routine in program.routines]
    body = [
        step if isinstance(step, Line) else replace(step, routine=_bare(step.routine))
        for step in program.body
    ]
    return routines, body, program.results, program.symbols


def _bare(routine: Routine) -> Routine:
    return replace(routine, name="", tangent=(), tangent_outputs=())
