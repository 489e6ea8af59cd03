"""How much memory a layer has allocated: its program, run on tensors without elements.

What runs is what the emitted module runs, forward and backward with every gradient wanted: the
lines with their transients, what is deleted and when, and what PyTorch keeps in between.
"""

from __future__ import annotations

from collections.abc import Mapping

from tnc.ir.layer import Layer
from tnc.ir.program import Program
from tnc.plan.body import Body, World, shape_of
from tnc.plan.hollow import Heap
from tnc.record import record


@record
class Memory:
    """Bytes: `saved` between forward and backward, besides inputs, weights and the results;
    `peak` at most at once, not counting inputs, weights and the incoming cotangents, while a step
    of the layer named `top` was running."""

    saved: int
    peak: int
    top: str


def simulate(
    program: Program,
    binding: Mapping[str, int],
    inside: Mapping[Layer, Program],
    element: int = 4,
) -> Memory:
    """The memory of a layer at these run-time sizes, with elements of `element` bytes. `inside`
    has the programs of the layers in it."""
    world = World(Heap(), element, inside)
    body = Body(program, world)
    inputs = [world.given(shape_of(port.axes, binding)) for port in program.layer.inputs]
    results = body.forward(inputs)
    saved = world.heap.now - sum(block.bytes for block in {result.block for result in results})
    body.pull([world.given(result.shape) for result in results], frozenset(range(len(inputs))))
    return Memory(saved, world.heap.peak, world.heap.top)
