"""How long a layer takes: the kernels that its program calls, priced by a profile.

The program runs on tensors without elements, as in `memory`. So what is priced is what the module
does, copies between layouts included, and not what the graph says.

Source of the form, time = launches + work / rate + bytes / bandwidth: the roofline model (Williams
et al. 2009), with a sum in place of the maximum, as kernels rarely overlap both perfectly.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from tnc.ir.layer import Layer
from tnc.ir.program import Invoke, Program
from tnc.plan.body import Body, World, shape_of
from tnc.plan.hollow import Heap, Work
from tnc.plan.profile import Profile
from tnc.record import record


@record
class Worked:
    """What a program did: the kernels that it called, and its calls of routines."""

    forward: tuple[Work, ...]
    backward: tuple[Work, ...]
    routines: int

    @property
    def everything(self) -> tuple[Work, ...]:
        return self.forward + self.backward


def worked(
    program: Program,
    binding: Mapping[str, int],
    inside: Mapping[Layer, Program] | None = None,
    *,
    training: bool = True,
    constant: Collection[str] = (),
    element: int = 4,
) -> Worked:
    """Run a program forward and, if `training`, backward with the gradients of all weights and of
    the inputs that are not `constant`. Layers inside without a program in `inside` take no time."""
    world = World(Heap(), element, inside or {})
    body = Body(program, world)
    ports = program.layer.inputs
    inputs = [world.given(shape_of(port.axes, binding)) for port in ports]
    results = body.forward(inputs)
    forward = tuple(world.heap.log)
    if training:
        wanted = frozenset(k for k, port in enumerate(ports) if port.name not in constant)
        body.pull([world.given(result.shape) for result in results], wanted)
    routines = sum(isinstance(step, Invoke) for step in program.body)
    return Worked(forward, tuple(world.heap.log[len(forward) :]), routines)


def picoseconds(work: Iterable[Work], profile: Profile) -> int:
    """The time of some calls of kernels, one after the other."""
    return sum(profile.picoseconds(each.kind, each.macs, each.bytes) for each in work)


def price(program: Program, binding: Mapping[str, int], profile: Profile) -> int:
    """The time of a step of training in picoseconds, averaged over the memory formats for which
    there is a form; without that of layers inside."""
    found = []
    for form in program.formats:
        done = worked(form, binding)
        found.append(picoseconds(done.everything, profile) + done.routines * profile.routine)
    return sum(found) // len(found)
