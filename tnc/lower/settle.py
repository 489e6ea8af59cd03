"""Where a value is stored as its readers want it, instead of being copied for each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tnc.ir.graph import Value
from tnc.ir.layer import Axes
from tnc.lower.forms import Order, bare, flat
from tnc.lower.layout import Chosen
from tnc.lower.ways import Step, Way
from tnc.record import record


@record
class Use:
    """Operand `k` of a step in one of the sections: forward, backward."""

    section: int
    way: Way
    k: int

    def copied(self, order: Order) -> bool:
        return self.way.copied(self.k, order)

    @property
    def likes(self) -> object:
        """What else it wants, as thousands of readers may do alike."""
        way, k = self.way, self.k
        return self.section, way.wants[k], way.inner[k : k + 1], way.fits[k : k + 1]

    @property
    def key(self) -> tuple[int, Axes]:
        """Within a section one copy serves all who want the same."""
        return self.section, bare(self.way.wants[self.k])


def settled(
    sections: Sequence[Sequence[Step]], chosen: Chosen, delivered: frozenset[Value]
) -> dict[Value, Axes]:
    """Axes for results of which several copies would be made otherwise. Values in `delivered`
    have axes of their own already."""
    uses: dict[Value, dict[object, Use]] = {}
    fixed = set(delivered)
    for number, steps in enumerate(sections):
        for step in steps:
            way = chosen[step]
            if way is None:
                fixed.update(step.operands)
                continue
            for k, operand in enumerate(step.operands):
                use = Use(number, way, k)
                uses.setdefault(operand, {}).setdefault(use.likes, use)
    listed = {value: [*some.values()] for value, some in uses.items()}
    return _decided(sections, chosen, listed, fixed)


def _decided(
    sections: Sequence[Sequence[Step]],
    chosen: Chosen,
    uses: Mapping[Value, Sequence[Use]],
    fixed: set[Value],
) -> dict[Value, Axes]:
    found: dict[Value, Axes] = {}
    for steps in sections:
        for step in steps:
            way, value = chosen[step], step.values[0]
            if way is None or len(step.values) > 1 or value in fixed or value not in uses:
                continue
            axes = _better(way.gives[0].order, uses[value])
            if axes is not None:
                found[value] = axes
    return found


def _better(order: Order, uses: Sequence[Use]) -> Axes | None:
    """The wanted axes that save a copy, if any do."""
    least, best = len(_copies(order, uses)), None
    for use in uses:
        axes = use.way.wants[use.k]
        count = 1 + len(_copies(flat(axes), uses))
        if use.copied(order) and count < least:
            least, best = count, axes
    return best


def _copies(order: Order, uses: Sequence[Use]) -> set[tuple[int, Axes]]:
    return {use.key for use in uses if use.copied(order)}
