"""Which layers of a file to build, which parameters each of them gets, and what they then are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from tnc.diagnostics import Report
from tnc.driver.front import Unit
from tnc.driver.imports import standard, standard_names
from tnc.driver.options import Request
from tnc.elaborate import Elaborator, Settable, offered
from tnc.ir.layer import Layer
from tnc.syntax.module import Module


def ready(unit: Unit, given: Mapping[str, object]) -> tuple[Settable, ...]:
    """The layers whose parameters all have a value, given or by default."""
    return tuple(each for each in offered(unit.module) if not each.missing(given))


def distribute(
    unit: Unit,
    names: Sequence[str],
    given: Mapping[str, object],
    elsewhere: Collection[str] = (),
) -> tuple[Request, ...]:
    """One request per layer, each with those parameters that it has, and with all those of layers
    inside (`Stage.R`).

    A parameter that none of them has, nor is meant for layers `elsewhere`, goes to the first,
    whose elaboration reports it, as it does a layer that is not there.
    """
    inside = {name for name in given if "." in name}
    own = {each.name: {one.name for one in each.parameters} for each in offered(unit.module)}
    taken = {name: own.get(name, set()) | inside for name in names}
    if names:
        taken[names[0]] |= given.keys() - set(elsewhere).union(*taken.values())
    return tuple(
        Request(name, {key: value for key, value in given.items() if key in keys})
        for name, keys in taken.items()
    )


def elaborated(
    unit: Unit, requests: Sequence[Request], report: Report, *, sketch: bool = False
) -> list[Layer]:
    """The requested layers before they are planned; what is wrong with them is reported, and those
    which it is wrong with are left out. A `sketch` can only be drawn, but may lack parameters."""
    run = Elaborator(report, _standard(requests))
    layers = [run.layer(unit.module, each.layer, each.settings, sketch=sketch) for each in requests]
    run.tell_unheeded()
    return [layer for layer in layers if layer is not None]


def _standard(requests: Sequence[Request]) -> list[Module]:
    """Where layers are looked up that are given by name: only read where one may be."""
    values = [value for request in requests for value in request.settings.values()]
    while values:
        value = values.pop()
        if isinstance(value, str):
            return [module for name in standard_names() if (module := standard(name)) is not None]
        values += value if isinstance(value, list | tuple) else []
    return []
