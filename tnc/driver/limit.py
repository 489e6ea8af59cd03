"""A limit of memory: by other orders, and by computing anew what else would be saved."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction

from tnc.diagnostics import Help, Report
from tnc.driver.drafts import Draft, unbeaten
from tnc.driver.project import Chosen, Project
from tnc.ir.layer import Layer
from tnc.plan.keeping import hull
from tnc.plan.memory import Memory
from tnc.record import record

UNITS = {"": 1, "k": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4}
UNITS |= {"Ki": 1024, "Mi": 1024**2, "Gi": 1024**3, "Ti": 1024**4}
AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kKMGT]?i?)B?")


def amount(text: str) -> int:
    """Bytes: `2GiB`, `500 MB`, `1000000`. Errors: ValueError says what is expected."""
    found = AMOUNT.fullmatch(text.strip())
    unit = found[2].replace("K", "k") if found else ""
    unit = "Ki" if unit == "ki" else unit
    if found is None or unit not in UNITS:
        raise ValueError(f"`{text}` is no amount of memory: write 2GiB, 500MB or a number of bytes")
    return int(Fraction(found[1]) * UNITS[unit])


PROBES = 24
"""So many times a network is looked at to take back savings that it does not need."""


def chosen(project: Project, report: Report) -> dict[Layer, Draft]:
    """How to build the layers: the cheapest way that was found in which every wanted layer keeps
    the limit, those inside included. E0501, in `report`, for each that does not."""
    limit = project.options.memory_limit
    found = project.usual()
    if project.options.objective == "memory":
        found = _Search(project, 0).least(found)
    if limit is None:
        return found
    found = _within(project, limit, found)
    for layer, memory in zip(project.wanted, project.memory(found), strict=True):
        if memory.peak > limit:
            _refuse(layer, project.sizes[layer], memory.peak, limit, report)
    return found


def _within(project: Project, limit: int, start: Chosen) -> dict[Layer, Draft]:
    """A way that keeps the limit, if one is found from the start or from the plans for least
    memory."""
    search = _Search(project, limit)
    found = search.least(start)
    if search.excess(found):
        other = Project(project.wanted, replace(project.options, objective="memory"))
        least = _Search(other, 0).least(other.usual())
        found = min((found, least), key=search.excess)
    return found


def _refuse(
    layer: Layer, binding: Mapping[str, int], peak: int, limit: int, report: Report
) -> None:
    sizes = ", ".join(f"{name} = {size}" for name, size in sorted(binding.items()))
    report.error(
        "E0501",
        f"no plan of `{layer.name}` needs at most {limit:,} bytes",
        layer.origin,
        f"the smallest that was found needs {peak:,}",
        notes=(f"forward and backward together, for {sizes}",) if sizes else (),
        help=(Help("raise the limit, or plan for smaller sizes with `--bind`"),),
    )


@record
class _Search:
    """For a way to build a project whose wanted layers need at most `limit` bytes each."""

    project: Project
    limit: int

    def least(self, start: Chosen) -> dict[Layer, Draft]:
        """One that exceeds the limit nowhere, or else as little as was found."""
        if not self.excess(start):
            return dict(start)
        if len(self.project.layers) == 1:
            return self._alone(self.project.layers[0])
        states = self._exchanges(start)
        low, high = 0, len(states) - 1
        while high - low > 1 and self.limit:
            middle = (low + high) // 2
            low, high = (low, middle) if not self.excess(states[middle]) else (middle, high)
        return self._given_back(start, self._others(states[high]))

    def excess(self, found: Chosen) -> int:
        """By how many bytes the wanted layers exceed the limit."""
        return self._sum(self.project.memory(found))

    def _sum(self, memory: Iterable[Memory]) -> int:
        return sum(max(0, one.peak - self.limit) for one in memory)

    def _alone(self, layer: Layer) -> dict[Layer, Draft]:
        """The cheapest of all drafts that does, the orders that need least memory included."""
        every = sorted(self.project.every(layer), key=lambda draft: (draft.cost, draft.saved))
        best, least = every[0], None
        for draft in every:
            excess = self.excess({layer: draft})
            if least is None or excess < least:
                best, least = draft, excess
            if not excess:
                break
        return {layer: best}

    def _exchanges(self, start: Chosen) -> list[dict[Layer, Draft]]:
        """From the start on, one layer after the other saves less: always where most memory is
        won for its price."""
        steps = []
        for number, layer in enumerate(self.project.layers):
            before = start[layer]
            for draft in self._way(layer, before):
                gain = before.saved - draft.saved
                steps.append(((draft.cost - before.cost) / gain, number, draft))
                before = draft
        states = [dict(start)]
        for _, number, draft in sorted(steps, key=lambda step: step[:2]):
            states.append({**states[-1], self.project.layers[number]: draft})
        return states

    def _way(self, layer: Layer, start: Draft) -> list[Draft]:
        """The drafts that save less, with ever less gain for the price."""
        front = unbeaten(self.project.every(layer))
        smaller = [draft for draft in front if draft.saved < start.saved]
        points = [(draft.cost, draft.saved, draft) for draft in (start, *smaller)]
        return [draft for _, _, draft in hull(points)[1:]]

    def _others(self, found: dict[Layer, Draft]) -> dict[Layer, Draft]:
        """While the limit is exceeded, and that helps: in place of the draft whose steps run when
        most is allocated that which needs least by itself."""
        memory = self.project.memory(found)
        while over := [one for one in memory if one.peak > self.limit]:
            most = max(over, key=lambda one: one.peak)
            layer = self.project.named(most.top)
            other = {**found, layer: self.project.smallest(layer)}
            memory = self.project.memory(other)
            if self._sum(memory) >= self.excess(found):
                break
            found = other
        return found

    def _given_back(self, start: Chosen, found: dict[Layer, Draft]) -> dict[Layer, Draft]:
        """Save again what need not be computed anew, the dearest first."""
        excess, calls = self.excess(found), self.project.calls
        changed = [layer for layer in self.project.layers if found[layer] is not start[layer]]
        price = {each: (found[each].cost - start[each].cost) * calls[each] for each in changed}
        for layer in sorted(changed, key=lambda each: -price[each])[:PROBES]:
            for draft in (start[layer], *self._way(layer, start[layer])):
                if draft.cost >= found[layer].cost:
                    break
                other = {**found, layer: draft}
                if self.excess(other) <= excess:
                    found = other
                    break
        return found
