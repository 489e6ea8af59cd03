"""The layers of one module: how each can be built, and what they make together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from tnc.diagnostics import CompileError, Help, Report
from tnc.driver.candidates import Pinned
from tnc.driver.drafts import Draft, Drafts
from tnc.driver.network import (
    Binding,
    Plans,
    bindings,
    children,
    class_names,
    every_use,
    functions,
    gathered,
    proven,
)
from tnc.driver.options import Built, Objective, Options
from tnc.driver.select import quickest
from tnc.driver.start import rescaled
from tnc.driver.tune import tuned
from tnc.driver.variants import branched, with_variants
from tnc.ir.graph import IllTyped
from tnc.ir.layer import TYPICAL, Layer
from tnc.ir.plan import Plan
from tnc.ir.program import Program
from tnc.lower import lower, share
from tnc.ops.verify import verify_graph, verify_planned
from tnc.plan.cache import user_folder
from tnc.plan.memory import Memory, simulate
from tnc.plan.planner import Planned, plan_graph
from tnc.plan.report import report as report_plan
from tnc.record import record

Chosen = Mapping[Layer, Draft]
"""How some layers are to be built; the others as is usual."""


@record
class Made:
    """One layer, planned, derived and lowered at the sizes in `binding`."""

    layer: Layer
    draft: Draft
    program: Program
    binding: Binding

    @property
    def planned(self) -> Planned:
        return self.draft.planned

    @property
    def plan(self) -> Plan:
        """The plan without the layers inside."""
        return self.at({}, self.binding)

    def at(self, inside: Mapping[Layer, Program], binding: Binding) -> Plan:
        """What the same plan costs at other run-time sizes; in memory with the layers inside, of
        which these are the programs."""
        draft = self.draft
        return report_plan(self.layer, draft.planned, draft.derived, binding, self.program, inside)


def make(layer: Layer, binding: Binding, options: Options, draft: Draft | None = None) -> Made:
    """The rooms between the graph and the text, in their order."""
    if draft is None:
        draft = Drafts(layer, planned(layer, binding, options)).usual
    if options.verify:
        verify_planned(draft.planned.graph)
    start = tuple(rescaled(layer, options.verify))
    program = lower(layer, draft.planned.graph, draft.derived, binding)
    return Made(layer, draft, replace(program, rescaled=start), binding)


class Project:
    """The wanted layers with all that they contain, each planned for the sizes of its first use."""

    def __init__(self, wanted: Sequence[Layer], options: Options) -> None:
        self.wanted, self.options = tuple(wanted), options
        self.layers = gathered(wanted)
        self._names = class_names(wanted, self.layers)
        self._proven = proven(self.layers)
        given = {each: each.default_binding(options.binding_of(each.name)) for each in wanted}
        self.sizes = bindings(given, self.layers)
        self._drafts: dict[tuple[Layer, Objective, bool], Drafts] = {}
        self._made: dict[tuple[Layer, Draft], Made] = {}

    # ------------------------------------------------------------------ how layers can be built
    def every(self, layer: Layer) -> tuple[Draft, ...]:
        """All drafts of a layer: of the plan for the objective, and of that for least memory."""
        aims = dict.fromkeys((self.options.objective, "time", "memory"))
        found = [self._for(layer, aim) for aim in aims]
        if self.options.tuner is not None:  # no limit is out of reach because of what was measured
            found.append(self._for(layer, "time", measure=False))
        return tuple(draft for each in found for draft in each.front)

    def smallest(self, layer: Layer) -> Draft:
        """The draft that needs least memory where the layer runs by itself."""
        return min(self.every(layer), key=lambda draft: self._alone(layer, draft))

    def _alone(self, layer: Layer, draft: Draft) -> tuple[int, int]:
        inside = {each: self.made(each, self.usual()[each]).program for each in self.layers}
        program = self.made(layer, draft).program
        return simulate(program, self.sizes[layer], inside).peak, draft.cost

    def _for(self, layer: Layer, objective: Objective, measure: bool = True) -> Drafts:
        key = layer, objective, measure
        if key not in self._drafts:
            options = replace(self.options, objective=objective)
            measure &= self.options.objective == objective == "time"
            find = measured if measure and options.tuner is not None else planned
            plan = find(layer, self.sizes[layer], options)
            counted = self.options.objective == "macs"
            self._drafts[key] = Drafts(layer, plan, counted)
        return self._drafts[key]

    # ------------------------------------------------------------------ what is made of them
    def usual(self) -> dict[Layer, Draft]:
        """How layers are built where nothing else is asked for."""
        return {each: self._for(each, self.options.objective).usual for each in self.layers}

    def made(self, layer: Layer, draft: Draft) -> Made:
        """A layer that is built so, as a part of the module."""
        if (layer, draft) not in self._made:
            named = replace(layer, name=self._names[layer])
            one = make(named, self.sizes[layer], self.options, draft)
            inside = layer not in self.wanted
            program = replace(
                one.program,
                children=children(layer, self._names),
                functions=functions(layer),
                inside=inside,
                proven=self._proven.get(layer) if inside else None,
            )
            self._made[layer, draft] = replace(one, program=program)
        return self._made[layer, draft]

    def memory(self, chosen: Chosen) -> tuple[Memory, ...]:
        """What each of the wanted layers needs."""
        inside = {layer: self.made(layer, chosen[layer]).program for layer in self.layers}
        return tuple(simulate(inside[each], self.sizes[each], inside) for each in self.wanted)

    def named(self, name: str) -> Layer:
        """The layer whose class has this name."""
        return next(layer for layer in self.layers if self._names[layer] == name)

    @property
    def order(self) -> tuple[Layer, ...]:
        """The wanted layers, last, after those that they contain."""
        return (*(each for each in self.layers if each not in self.wanted), *self.wanted)

    def built(self, chosen: Chosen) -> tuple[Built, ...]:
        """The layers in their `order`."""
        made = {layer: self.made(layer, chosen[layer]) for layer in self.order}
        inside = {layer: each.program for layer, each in made.items()}
        plans = Plans({layer: partial(each.at, inside) for layer, each in made.items()})
        programs = share([with_variants(each, self.options) for each in made.values()])
        return tuple(
            Built(each.layer, branched(self._profiled(layer, plans, made), program), program)
            for (layer, each), program in zip(made.items(), programs, strict=True)
        )

    @staticmethod
    def _profiled(layer: Layer, plans: Plans, made: Mapping[Layer, Made]) -> Plan:
        """The plan of a layer, which says whether something in it was tuned."""
        plan = plans.of(layer, made[layer].binding)
        names = [made[each].planned.measure.profile.name for each in gathered([layer])]
        changed = (name for name in names if name != plan.profile)
        return replace(plan, profile=next(changed, plan.profile))

    @property
    def calls(self) -> Mapping[Layer, int]:
        """How often each layer runs when each of the wanted ones runs once."""
        counts = Counter(self.wanted)
        for layer in self.wanted:
            counts.update(use.layer for use in every_use(layer, self.sizes[layer]))
        return counts


def planned(layer: Layer, binding: Binding, options: Options) -> Planned:
    """The plan of a layer; CompileError where it has none before its sizes are known."""
    if options.verify:
        verify_graph(layer.graph)
    order = partial(ordered, binding, options)
    if options.objective != "time":
        return order(layer, {})
    return quickest(layer, order, user_folder() if options.cache else None)


def measured(layer: Layer, binding: Binding, options: Options) -> Planned:
    """The plan of a layer that its tuner finds quickest; errors as `planned`."""
    assert options.tuner is not None
    if options.verify:
        verify_graph(layer.graph)
    order = partial(ordered, binding, options)
    return tuned(layer, order, user_folder() if options.cache else None, options.tuner)


def ordered(binding: Binding, options: Options, layer: Layer, pinned: Pinned) -> Planned:
    """The plan of a layer in which some networks have given orders; errors as `planned`."""
    try:
        return plan_graph(
            layer.builder,
            layer.graph,
            binding,
            objective=options.objective,
            profile=options.profile,
            cache="user" if options.cache else None,
            pinned=pinned,
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
