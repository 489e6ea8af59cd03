"""The steps of a region: forward, backward and tangent, before any layout is chosen."""

from __future__ import annotations

from collections.abc import Iterator

from tnc.ir.graph import Value
from tnc.ir.region import Derived
from tnc.ir.tensor import Mode
from tnc.lower.legal import Legaliser
from tnc.lower.schedule import scheduled
from tnc.lower.steps import steps_of
from tnc.lower.ways import Measure, Step
from tnc.record import record


@record
class Sections:
    """All values are legal ones. `inputs` and `dots` are as they come from outside; `gradients`
    have the modes of the inputs. `backward` has steps of the forward too, for what is computed
    anew."""

    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    saved: tuple[Value, ...]
    seeds: tuple[Value, ...]
    dots: tuple[Value, ...]
    gradients: tuple[Value | None, ...]
    pushed: tuple[Value | None, ...]
    forward: tuple[Step, ...]
    backward: tuple[Step, ...]
    tangent: tuple[Step, ...]

    def modes(self) -> Iterator[Mode]:
        """Every mode, with repetitions."""
        for step in (*self.forward, *self.backward, *self.tangent):
            for value in (*step.operands, *step.values):
                yield from value.type.modes

    def read_later(self, value: Value) -> bool:
        """Whether the backward or the tangent reads a value of the forward."""
        steps = (*self.backward, *self.tangent)
        return any(value in step.operands for step in steps) or value in self.gradients


def sections(legal: Legaliser, derived: Derived, measure: Measure) -> Sections:
    """`measure` has the sizes for which the backward is ordered so that it needs little memory."""
    region = derived.region
    inputs = tuple(legal.given(value) for value in region.inputs)
    outputs = tuple(legal(value) for value in region.outputs)
    saved = tuple(legal(value) for value in derived.saved)
    seeds = tuple(legal(value) for value in derived.seeds)
    dots = tuple(
        legal.tangent(leaf, like)
        for leaf, like in zip(derived.tangents, region.inputs, strict=True)
    )
    gradients = tuple(
        None if value is None else legal.shaped(value, like)
        for value, like in zip(derived.gradients, region.inputs, strict=True)
    )
    pushed = tuple(None if value is None else legal(value) for value in derived.tangent_outputs)
    known = (*inputs, *outputs, *saved)
    again = steps_of([legal(value) for value in derived.recomputed], known)
    kept = (*known, *(value for step in again for value in step.values))
    pulled = [value for value in gradients if value is not None]
    moved = [value for value in pushed if value is not None]
    backward = [*again, *steps_of(pulled, (*kept, *seeds), pairs=True)]
    return Sections(
        inputs,
        outputs,
        saved,
        seeds,
        dots,
        gradients,
        pushed,
        forward=tuple(steps_of((*outputs, *saved), inputs)),
        backward=scheduled(backward, measure, saved, pulled),
        tangent=tuple(steps_of(moved, (*known, *dots))),
    )
