"""The functions that a module has for its routines, each of which may serve several layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tnc.emit.function import function, keeps_all
from tnc.emit.naming import Part
from tnc.emit.routine import adds, applied, plain, planned
from tnc.ir.program import Program, Routine
from tnc.record import record


@record
class Served:
    """A layer that calls a routine. `like` is the routine that it calls in its place for
    contiguous images. `reason`: why it does without a derivative; None where it wants one."""

    program: Program
    like: Routine
    reason: str | None


@record
class Routines:
    """Every routine with the layers that it serves."""

    served: Mapping[Routine, Sequence[Served]]
    named: Mapping[Routine, Part]

    def derived(self, routine: Routine) -> bool:
        """Whether it has a derivative: one of the layers wants it."""
        wanted = any(layer.reason is None for layer in self.served[routine])
        return routine.differentiable and wanted

    def casts(self, routine: Routine) -> bool:
        """Whether it decides by itself what autocast does."""
        reason = self.served[routine][-1].reason
        return routine.differentiable and (reason is None or (bool(reason) and adds(routine)))

    def inside(self, routine: Routine) -> bool:
        """Whether it serves layers inside of others only."""
        return all(layer.program.inside for layer in self.served[routine])

    def like(self, routine: Routine) -> Part | None:
        """The routine of layers inside of which it may take the tangent, which need not lie in
        memory as images do: one that computes the same for all layers."""
        (like, *others) = dict.fromkeys(layer.like for layer in self.served[routine])
        alone = others or like == routine or not self.inside(routine)
        return None if alone else self.named[like]

    def based(self) -> frozenset[Routine]:
        """Those with a class in common, if there are several."""
        found = [
            routine
            for routine in self.served
            if self.derived(routine) and self.inside(routine) and keeps_all(self.named[routine])
        ]
        return frozenset(found) if len(found) > 1 else frozenset()

    def texts(self) -> dict[Routine, list[list[str]]]:
        """The functions and classes of each, as lines."""
        based = self.based()
        texts = {}
        for routine, part in self.named.items():
            if self.derived(routine):
                made = function(part, self.like(routine), routine in based)
                texts[routine] = [planned(part), made, applied(part)]
            else:
                reason = self.served[routine][-1].reason if routine.differentiable else ""
                texts[routine] = [plain(part, reason or "")]
        return texts


def routines(
    programs: Sequence[tuple[Program, str | None]], named: Mapping[Routine, Part]
) -> Routines:
    """The routines of layers, each with the reason why it has no derivative, or None; if no layer
    that a routine serves wants one, it gives the last of their reasons."""
    served: dict[Routine, list[Served]] = {}
    for program, reason in programs:
        for routine, like in (pair for each in program.alternatives for pair in _pairs(each)):
            served.setdefault(routine, []).append(Served(program, like, reason))
    return Routines(served, named)


def _pairs(program: Program) -> Iterator[tuple[Routine, Routine]]:
    """The routines of both memory formats, each with that for contiguous images."""
    for form in program.formats:
        alike = all(routine.differentiable for routine in form.routines)
        yield from zip(form.routines, program.routines if alike else form.routines, strict=True)
