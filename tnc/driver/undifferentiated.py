"""Regions whose derivatives nobody wants."""

from __future__ import annotations

from tnc.ir.graph import Builder, Value
from tnc.ir.region import Derived, Region
from tnc.ops import Leaf
from tnc.ops.leaf import Kind


def undifferentiated(build: Builder, region: Region) -> Derived:
    """A region with seeds and tangents of which nothing is made."""
    seeds = tuple(_leaf(build, "seed", k, value) for k, value in enumerate(region.outputs))
    dots = tuple(_leaf(build, "tangent", k, value) for k, value in enumerate(region.inputs))
    nothing = (None,) * len(region.inputs)
    return Derived(region, seeds, nothing, dots, (None,) * len(region.outputs), (), ())


def _leaf(build: Builder, kind: Kind, number: int, like: Value) -> Value:
    return build.make(Leaf(kind, f"{number}", tuple((mode,) for mode in like.type.modes)))
