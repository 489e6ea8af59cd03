"""Which layers of a file to build, and which parameters each of them gets."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from tnc.driver.front import Unit
from tnc.driver.options import Request
from tnc.elaborate import Settable, offered


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
