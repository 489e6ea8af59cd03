"""Regions: what one `autograd.Function` computes, with its derivatives."""

from __future__ import annotations

from dataclasses import dataclass

from tnc.ir.graph import Value


@dataclass(frozen=True, slots=True)
class Region:
    """Multilinear values that depend on each other with no barrier between.

    `inputs` are leaves, or results of barriers and of other regions; `outputs` are what the rest
    of the graph, or the user, needs of `values`.
    """

    inputs: tuple[Value, ...]
    values: tuple[Value, ...]
    outputs: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Derived:
    """A region with its derivatives.

    `seeds`: a leaf per output. `gradients`: per input, its cotangent, or None. `tangents`: a leaf
    per input; `tangent_outputs`: per output, its tangent. `saved`: values of the region, neither
    inputs nor outputs, which the gradients read.
    """

    region: Region
    seeds: tuple[Value, ...]
    gradients: tuple[Value | None, ...]
    tangents: tuple[Value, ...]
    tangent_outputs: tuple[Value | None, ...]
    saved: tuple[Value, ...]
