"""Regions: what one `autograd.Function` computes, with its derivatives."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from tnc.ir.graph import Value, reachable
from tnc.record import record


@record
class Region:
    """Multilinear values that depend on each other with no barrier between.

    `inputs` are leaves, or results of barriers and of other regions; `outputs` are what the rest
    of the graph, or the user, needs of `values`.
    """

    inputs: tuple[Value, ...]
    values: tuple[Value, ...]
    outputs: tuple[Value, ...]


@record
class Derived:
    """A region with its derivatives.

    `seeds`: a leaf per output. `gradients`: per input, its cotangent, or None. `tangents`: a leaf
    per input; `tangent_outputs`: per output, its tangent. `read`: values of the region, neither
    inputs nor outputs, which the gradients read. `saved`: values of the region, neither inputs nor
    outputs, which stay for the derivatives. Whatever else these need of the region they compute
    anew.
    """

    region: Region
    seeds: tuple[Value, ...]
    gradients: tuple[Value | None, ...]
    tangents: tuple[Value, ...]
    tangent_outputs: tuple[Value | None, ...]
    read: tuple[Value, ...]
    saved: tuple[Value, ...]

    @property
    def inner(self) -> tuple[Value, ...]:
        """What could be saved: the values of the region that do not stay anyway."""
        outputs = set(self.region.outputs)
        return tuple(value for value in self.region.values if value not in outputs)

    @property
    def pulled(self) -> tuple[Value, ...]:
        """The values of the backward, operands first."""
        known = frozenset((*self.region.inputs, *self.region.values, *self.seeds))
        wanted = [gradient for gradient in self.gradients if gradient is not None]
        return tuple(value for value in reachable(wanted, stop=known) if value not in known)

    @property
    def recomputed(self) -> tuple[Value, ...]:
        """The values of the region that the gradients compute anew, operands first."""
        known = frozenset((*self.region.inputs, *self.region.outputs, *self.saved))
        needed = reachable(self.read, stop=known)
        return tuple(value for value in needed if value not in known)

    def saving(self, values: Collection[Value]) -> Derived:
        """The same derivatives with these values saved, as far as they are needed."""
        known = frozenset((*self.region.inputs, *self.region.outputs, *values))
        needed = frozenset(reachable(self.read, stop=known))
        return replace(self, saved=tuple(v for v in self.inner if v in values and v in needed))
