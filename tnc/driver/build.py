"""From a layer to the text of its module: plan, derive, lower, emit."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePath

from tnc.diagnostics import CompileError, Help, Report, Source
from tnc.driver.front import Unit
from tnc.driver.importable import check_importable
from tnc.driver.imports import ENCODING, standard, standard_names
from tnc.driver.limit import within_limit
from tnc.driver.network import Plans, bindings, children, class_names, functions, gathered, proven
from tnc.driver.options import Built, Options, Output, Request
from tnc.driver.start import rescaled
from tnc.elaborate import Elaborator
from tnc.emit import emit
from tnc.gradient.regions import derive, regions
from tnc.ir.graph import IllTyped
from tnc.ir.layer import TYPICAL, Layer
from tnc.ir.plan import Plan
from tnc.ir.program import Program
from tnc.ir.region import Derived
from tnc.lower import lower, share
from tnc.ops.verify import verify_graph, verify_planned
from tnc.plan.planner import Planned, plan_graph
from tnc.plan.report import report as report_plan
from tnc.syntax.module import Module
from tnc.version import VERSION


def compile_unit(unit: Unit, requests: Sequence[Request], options: Options) -> Output:
    """One module with every requested layer; CompileError with all diagnostics when refused."""
    report = Report()
    report.add(*unit.said)
    report.raise_errors()
    run = Elaborator(report, _standard(requests))
    layers = [run.layer(unit.module, request.layer, request.settings) for request in requests]
    run.tell_unheeded()
    report.raise_errors()
    wanted = [layer for layer in layers if layer is not None]
    check_importable(gathered(wanted), report)
    report.raise_errors()
    built = within_limit(wanted, options, build_all, report)
    report.raise_errors()
    text = print_module(_sources(unit, built), built, options)
    return Output(text, built[-len(wanted) :], report.diagnostics)


def build(layer: Layer, options: Options) -> Built:
    """The pipeline of one layer without others inside, from its graph to its program."""
    made = make(layer, layer.default_binding(options.binding), options)
    return Built(layer, made.plan, made.program)


@dataclass(frozen=True, slots=True)
class Made:
    """One layer, planned, derived and lowered at the sizes in `binding`."""

    layer: Layer
    planned: Planned
    derived: tuple[Derived, ...]
    program: Program
    binding: Mapping[str, int]

    @property
    def plan(self) -> Plan:
        """The plan without the layers inside."""
        return self.at({}, self.binding)

    def at(self, inside: Mapping[Layer, Program], binding: Mapping[str, int]) -> Plan:
        """What the same plan costs at other run-time sizes; in memory with the layers inside, of
        which these are the programs."""
        return report_plan(self.layer, self.planned, self.derived, binding, self.program, inside)


def make(layer: Layer, binding: Mapping[str, int], options: Options) -> Made:
    """The rooms between the graph and the text, in their order."""
    if options.verify:
        verify_graph(layer.graph)
    planned = _planned(layer, binding, options)
    if options.verify:
        verify_planned(planned.graph)
    derived = tuple(derive(layer.builder, region) for region in regions(planned.graph))
    start = tuple(rescaled(layer, options.verify))
    program = replace(lower(layer, planned.graph, derived, binding), rescaled=start)
    return Made(layer, planned, derived, program, binding)


def build_all(wanted: Sequence[Layer], options: Options) -> tuple[Built, ...]:
    """The wanted layers, last, after those that they contain."""
    layers = gathered(wanted)
    names = class_names(wanted, layers)
    sizes = bindings({each: each.default_binding(options.binding) for each in wanted}, layers)
    known = proven(layers)
    made: dict[Layer, Made] = {}
    for layer in [*(each for each in layers if each not in wanted), *wanted]:
        one = make(replace(layer, name=names[layer]), sizes[layer], options)
        program = replace(
            one.program,
            children=children(layer, names),
            functions=functions(layer),
            inside=layer not in wanted,
            proven=None if layer in wanted else known.get(layer),
        )
        made[layer] = replace(one, program=program)
    inside = {layer: each.program for layer, each in made.items()}
    plans = Plans({layer: partial(each.at, inside) for layer, each in made.items()})
    programs = share([each.program for each in made.values()])
    return tuple(
        Built(each.layer, plans.of(layer, each.binding), program)
        for (layer, each), program in zip(made.items(), programs, strict=True)
    )


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


def print_module(sources: Sequence[Source], built: Sequence[Built], options: Options) -> str:
    """The text of the module: the same bytes for the same input, on every machine. The first of
    the `sources` is the file that is compiled, the others are those which it imports."""
    return emit(
        [(each.program, each.plan) for each in built],
        sources=[(PurePath(each.name).name, _digest(each)) for each in sources],
        version=VERSION,
        backward=options.backward,
    )


def _digest(source: Source) -> str:
    return hashlib.sha256(source.text.encode(ENCODING)).hexdigest()


def _sources(unit: Unit, built: Sequence[Built]) -> list[Source]:
    """The file itself, and the others from which layers come."""
    found = dict.fromkeys(each.layer.source for each in built)
    return [unit.source, *(source for source in found if source is not unit.source)]


def _standard(requests: Sequence[Request]) -> list[Module]:
    """Where layers are looked up that are given by name: only read where one may be."""
    values = [value for request in requests for value in request.settings.values()]
    while values:
        value = values.pop()
        if isinstance(value, str):
            return [module for name in standard_names() if (module := standard(name)) is not None]
        values += value if isinstance(value, list | tuple) else []
    return []
