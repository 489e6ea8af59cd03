"""The plan of a network: its own steps and those of the layers inside, each as often as it is
called, with the sizes that it has there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from tnc.ir.plan import Alternative, Plan, Step
from tnc.record import record


@record
class Part:
    """One call of a layer inside: the attribute, and the plan of the whole layer. `again`: it has
    been called before, so that its parameters are counted."""

    name: str
    plan: Plan
    again: bool = False


def whole(own: Plan, parts: Sequence[Part], foreign: int = 0) -> Plan:
    """The plan of a layer with those inside; `foreign` are the parameters of other modules. Memory
    is that of `own`, in which the layers inside have run already."""
    plans = [part.plan for part in parts]
    every = [own, *plans]
    return replace(
        own,
        steps=(*own.steps, *(step for part in parts for step in _steps(part))),
        macs=_total(every, lambda plan: plan.macs),
        macs_backward=_total(every, lambda plan: plan.macs_backward),
        bytes=_total(every, lambda plan: plan.bytes),
        seconds=sum(plan.seconds for plan in every),
        parameters=own.parameters + foreign + _parameters(parts, lambda plan: plan.parameters),
        dense_parameters=own.dense_parameters
        + foreign
        + _parameters(parts, lambda plan: plan.dense_parameters),
        alternatives=tuple(_alternatives(every)),
    )


def _total(plans: Sequence[Plan], count: Callable[[Plan], int]) -> int:
    return sum(map(count, plans))


def _parameters(parts: Sequence[Part], count: Callable[[Plan], int]) -> int:
    return sum(count(part.plan) for part in parts if not part.again)


def _steps(part: Part) -> list[Step]:
    return [
        replace(step, layer=f"{part.name}.{step.layer}" if step.layer else part.name)
        for step in part.plan.steps
    ]


def _alternatives(plans: Sequence[Plan]) -> list[Alternative]:
    """Each order for all layers that have it; the others as planned."""
    names = dict.fromkeys(each.name for plan in plans for each in plan.alternatives)
    found = []
    for name in names:
        macs, moved = 0, 0
        for plan in plans:
            other = next((each for each in plan.alternatives if each.name == name), None)
            chosen = other or Alternative(name, plan.macs, plan.bytes)
            macs, moved = macs + chosen.macs, moved + chosen.bytes
        found.append(Alternative(name, macs, moved))
    return found
