"""A plan as it is shown and stored: steps with their costs, and what they add up to."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tnc.record import record

SCHEMA = "tnc.plan/1"


@record
class Step:
    """One pairwise step. `operands` and `result` are written with named modes; `sources` says of
    which steps of the same layer, from 1 on, each operand is made. Units: `macs` are multiply-adds,
    `bytes` what is read and written."""

    operands: tuple[str, ...]
    result: str
    kind: str  # "matrix product", "batched product", "convolution", "outer product", "sum", …
    macs: int
    macs_gradients: tuple[int, ...]
    bytes: int
    result_bytes: int
    saved: bool
    relations: tuple[str, ...] = ()  # lattice before -> after, stride, dilation, pad
    recomputed: bool = False  # by the backward
    line: int | None = None  # of the `.tnn`
    layer: str = ""  # of a layer inside: the attributes that lead to it, `Stage_1.Conv_2`
    sources: tuple[tuple[int, ...], ...] = ()

    @property
    def kept(self) -> str:
        """Whether the result is `saved` for the backward, `recomputed` by it, or neither."""
        return "saved" if self.saved else "recomputed" if self.recomputed else ""


def named(tensor: str) -> tuple[str, tuple[str, ...]]:
    """Name and modes of a tensor as steps write it: of `A[r, s]` they are `A`, `r` and `s`; what
    was computed has no name."""
    name, _, modes = tensor.removesuffix("]").partition("[")
    return name, tuple(modes.split(", ")) if modes else ()


@record
class Alternative:
    """Another order of the same network, for comparison: `macs` and `bytes` are those of a forward,
    `seconds` those of a step of training, None where that was not asked for."""

    name: str  # "left to right", "reconstruct first", "dense", …
    macs: int
    bytes: int
    seconds: float | None = None


@record
class Branch:
    """Another program of the layer, which runs in place of the planned one: `when`, `why` in words,
    its `steps`, and its predicted `seconds` at `sizes` of the batch, beside those of what would run
    there else; for a training step, or for a call where no gradient is wanted."""

    when: str
    why: str
    steps: tuple[str, ...]
    sizes: tuple[int, ...]
    seconds: tuple[float, ...]
    otherwise: tuple[float, ...]


@record
class Plan:
    """The plan of a layer at the sizes in `binding`, for float32.

    `macs` and `bytes` are sums over the steps: what these multiply, and what they read and write;
    `macs_backward` includes what the backward computes anew.
    Memory is of the emitted module with its own backward, pads and copies included: `saved_bytes`
    stay between forward and backward besides inputs, weights and results; `peak_bytes` are the
    most at once, without inputs, weights, incoming cotangents and the scratch of libraries.
    """

    layer: str
    objective: str
    profile: str
    binding: tuple[tuple[str, int], ...]
    steps: tuple[Step, ...]
    macs: int
    macs_backward: int
    bytes: int
    saved_bytes: int
    peak_bytes: int
    seconds: float
    parameters: int
    dense_parameters: int
    alternatives: tuple[Alternative, ...] = ()
    branches: tuple[Branch, ...] = ()

    @property
    def own(self) -> tuple[Step, ...]:
        """The steps of the layer itself, without those of layers inside."""
        return tuple(step for step in self.steps if not step.layer)

    def to_json(self) -> dict[str, Any]:
        """A dictionary of plain values with a `schema` entry."""
        return {"schema": SCHEMA, **asdict(self), "binding": dict(self.binding)}
