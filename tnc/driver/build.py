"""From a layer to the text of its module: plan, derive, lower, emit."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import PurePath

from tnc.diagnostics import Report, Source
from tnc.driver.dense import dense_layer
from tnc.driver.front import Unit
from tnc.driver.importable import check_importable
from tnc.driver.imports import ENCODING
from tnc.driver.limit import chosen
from tnc.driver.network import every_use, gathered
from tnc.driver.options import Built, Options, Output, Request
from tnc.driver.project import Chosen, Project, make
from tnc.driver.requests import elaborated
from tnc.driver.worth import judged, tell_layer, tell_network
from tnc.emit import emit
from tnc.ir.layer import Layer
from tnc.ir.plan import Plan
from tnc.version import VERSION


def compile_unit(unit: Unit, requests: Sequence[Request], options: Options) -> Output:
    """One module with every requested layer; CompileError with all diagnostics when refused."""
    report = Report()
    report.add(*unit.said)
    report.raise_errors()
    wanted = elaborated(unit, requests, report)
    report.raise_errors()
    check_importable(gathered(wanted), report, unit.module)
    report.raise_errors()
    project = Project(wanted, options)
    drafts = chosen(project, report)
    built = project.built(drafts)
    report.raise_errors()
    _judge(project, drafts, built, partial(_changed, unit, requests), report)
    text = print_module(_sources(unit, built), built, options)
    return Output(text, built[-len(wanted) :], report.diagnostics)


def _judge(
    project: Project,
    drafts: Chosen,
    built: Sequence[Built],
    changed: Callable[[int, Mapping[str, object]], Layer | None],
    report: Report,
) -> None:
    """W0202 for the wanted layers; for networks where all sizes are given, as these matter most."""
    options = project.options
    wanted = [each for each in project.wanted if not each.instances or _bound(each, options)]
    alone = {each for each in gathered(wanted) if not each.instances}
    losses = {
        layer: loss
        for layer, one in zip(project.order, built, strict=True)
        if layer in alone and (loss := judged(layer, drafts[layer].planned, one.plan, options))
    }
    for number, layer in enumerate(project.wanted):
        one = built[number - len(project.wanted)]
        calls = Counter(use.layer for use in every_use(layer, project.sizes[layer]))
        inside = [(losses[each], count) for each, count in calls.items() if each in losses]
        if inside:
            tell_network(inside, one, options, report)
        elif layer in losses:
            tell_layer(losses[layer], one, partial(changed, number), options, report)


def _bound(layer: Layer, options: Options) -> bool:
    return all(entry.symbol in options.binding for entry in layer.run_time)


def _changed(
    unit: Unit, requests: Sequence[Request], number: int, settings: Mapping[str, object]
) -> Layer | None:
    """A requested layer with other parameters; None where it has errors."""
    request, report = requests[number], Report()
    changed = replace(request, settings={**request.settings, **settings})
    layers = elaborated(unit, [changed], report)
    return None if report.failed else layers[0]


def build(layer: Layer, options: Options) -> Built:
    """The pipeline of one layer without others inside, from its graph to its program."""
    made = make(layer, layer.default_binding(options.binding), options)
    return Built(layer, made.plan, made.program)


def build_all(wanted: Sequence[Layer], options: Options) -> tuple[Built, ...]:
    """The wanted layers, last, after those that they contain."""
    project = Project(wanted, options)
    return project.built(chosen(project, Report()))


def dense_module(layer: Layer, options: Options) -> tuple[str, Plan] | None:
    """The text of a module with the dense layer, and its plan; None where there is none."""
    dense = dense_layer(layer)
    if dense is None:
        return None
    built = build_all([dense], replace(options, memory_limit=None))
    return print_module([layer.source], built, options), built[-1].plan


def print_module(sources: Sequence[Source], built: Sequence[Built], options: Options) -> str:
    """The text of the module: the same bytes for the same input, on every machine. The first of
    the `sources` is the file that is compiled, the others are those which it imports."""
    return emit(
        [(each.program, each.plan) for each in built],
        sources=[(PurePath(each.name).name, _digest(each)) for each in sources],
        version=VERSION,
        backward=options.backward,
        frugal=options.memory_limit is not None,
    )


def _digest(source: Source) -> str:
    return hashlib.sha256(source.text.encode(ENCODING)).hexdigest()


def _sources(unit: Unit, built: Sequence[Built]) -> list[Source]:
    """The file itself, and the others from which layers come."""
    found = dict.fromkeys(each.layer.source for each in built)
    return [unit.source, *(source for source in found if source is not unit.source)]
