"""What a build is asked for, and what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from tnc.diagnostics import Diagnostic
from tnc.driver.tuner import Tuner
from tnc.ir.layer import Layer
from tnc.ir.plan import Plan
from tnc.ir.program import Program
from tnc.plan.profile import CPU, Profile
from tnc.record import record

Objective = Literal["time", "macs", "memory"]
Backward = Literal["derived", "autograd", "auto"]


@record
class Options:
    """How to build. `binding`: sizes of run-time modes that the plan assumes (the module accepts
    every size); `bindings`: those of single layers that are requested, by their names.
    `memory_limit`: bytes that forward and backward may have allocated at once, besides inputs and
    weights, at these sizes. `verify`: check the graph between the rooms. `tuner`: with the
    objective `time`, orders are measured by it."""

    binding: Mapping[str, int] = field(default_factory=dict)
    objective: Objective = "time"
    backward: Backward = "derived"
    profile: Profile = CPU
    cache: bool = True
    verify: bool = False
    memory_limit: int | None = None
    tuner: Tuner | None = None
    bindings: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def binding_of(self, layer: str) -> Mapping[str, int]:
        """The sizes that are assumed for a requested layer."""
        return {**self.binding, **self.bindings.get(layer, {})}


@record
class Built:
    """One layer, all the way down."""

    layer: Layer
    plan: Plan
    program: Program


@record
class Request:
    """A layer to build with its parameters."""

    layer: str
    settings: Mapping[str, object] = field(default_factory=dict)


@record
class Output:
    """The text of a module, what it holds, and the warnings on the way."""

    text: str
    built: tuple[Built, ...]
    diagnostics: tuple[Diagnostic, ...]
