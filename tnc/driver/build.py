"""From a layer to the text of its module: plan, derive, lower, emit."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Literal

from tnc.diagnostics import CompileError, Diagnostic, Help, Report, Source
from tnc.driver.front import ENCODING, Unit
from tnc.elaborate import elaborate
from tnc.emit import emit
from tnc.gradient.regions import derive, regions
from tnc.ir.graph import IllTyped
from tnc.ir.layer import TYPICAL, Layer
from tnc.ir.plan import Plan
from tnc.ir.program import Program
from tnc.lower import lower
from tnc.ops.verify import verify_graph, verify_planned
from tnc.plan.planner import Planned, plan_graph
from tnc.plan.profile import CPU, Profile
from tnc.plan.report import report as report_plan
from tnc.version import VERSION

Objective = Literal["time", "macs", "memory"]
Backward = Literal["derived", "autograd", "auto"]


@dataclass(frozen=True, slots=True)
class Options:
    """How to build. `binding`: sizes of run-time modes that the plan assumes (the module accepts
    every size). `verify`: check the graph between the rooms."""

    binding: Mapping[str, int] = field(default_factory=dict)
    objective: Objective = "time"
    backward: Backward = "derived"
    profile: Profile = CPU
    cache: bool = True
    verify: bool = False


@dataclass(frozen=True, slots=True)
class Built:
    """One layer, all the way down."""

    layer: Layer
    plan: Plan
    program: Program


@dataclass(frozen=True, slots=True)
class Request:
    """A layer to build with its parameters."""

    layer: str
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Output:
    """The text of a module, what it holds, and the warnings on the way."""

    text: str
    built: tuple[Built, ...]
    diagnostics: tuple[Diagnostic, ...]


def compile_unit(unit: Unit, requests: Sequence[Request], options: Options) -> Output:
    """One module with every requested layer; CompileError with all diagnostics when refused."""
    report = Report()
    report.add(*unit.said)
    report.raise_errors()
    layers = [
        elaborate(unit.file, unit.source, request.layer, request.settings, report)
        for request in requests
    ]
    report.raise_errors()
    built = tuple(build(layer, options) for layer in layers if layer is not None)
    return Output(print_module(unit.source, built, options), built, report.diagnostics)


def build(layer: Layer, options: Options) -> Built:
    """The pipeline of one layer, from its graph to its program."""
    binding = layer.default_binding(options.binding)
    if options.verify:
        verify_graph(layer.graph)
    planned = _planned(layer, binding, options)
    if options.verify:
        verify_planned(planned.graph)
    derived = tuple(derive(layer.builder, region) for region in regions(planned.graph))
    program = lower(layer, planned.graph, derived, binding)
    plan = report_plan(layer, planned, derived, binding)
    return Built(layer, plan, program)


def _planned(layer: Layer, binding: Mapping[str, int], options: Options) -> Planned:
    try:
        return plan_graph(
            layer.builder,
            layer.graph,
            binding,
            objective=options.objective,
            profile=options.profile,
            cache="user" if options.cache else None,
        )
    except IllTyped as error:
        if not layer.run_time:
            raise
        symbols = [entry.symbol for entry in layer.run_time]
        unknown = ", ".join(f"`{symbol}`" for symbol in symbols)
        report = Report()
        report.error(
            "E0304",
            f"`{layer.name}` has no plan while sizes are known at run time only",
            layer.origin,
            "a relation is carried by one tensor in a way that needs its sizes",
            notes=(str(error),),
            help=(Help(f"declare the sizes of {unknown}: `mode {symbols[0]}: {TYPICAL}`"),),
        )
        raise CompileError(report.diagnostics) from error


def print_module(source: Source, built: Sequence[Built], options: Options) -> str:
    """The text of the module: the same bytes for the same input, on every machine."""
    return emit(
        [(each.program, each.plan) for each in built],
        source_name=PurePath(source.name).name,
        source_hash=hashlib.sha256(source.text.encode(ENCODING)).hexdigest(),
        version=VERSION,
        backward=options.backward,
    )
