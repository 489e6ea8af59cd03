"""Layers inside of a network that differ in sizes only: their routines become one.

Two routines are alike if they are equal but for numbers that are sizes, and if each of these is,
in both layers, the product of the same axes of the arguments. The routine that both share reads
it from there. What cannot be read, a stride say, keeps routines apart.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from tnc.ir.layer import Axes
from tnc.ir.program import Invoke, Line, Program, Rescaled, Routine
from tnc.ir.size import Size
from tnc.lower.comments import modes_only
from tnc.lower.literals import cut, viewed_as
from tnc.lower.names import safe
from tnc.lower.readings import Axis, Choice, Extents, Readings, products


def share(programs: Sequence[Program]) -> tuple[Program, ...]:
    """The programs, in which layers inside share the routines that are alike."""
    families: dict[tuple[object, ...], list[Family]] = {}
    for program in programs:
        for routine, extents in _members(program):
            found = families.setdefault(_skeleton(routine, extents), [])
            for family in found:
                if family.admits(routine, extents):
                    break
            else:
                found.append(family := Family())
            family.routines.append(routine)
            family.extents.append(extents)
    shared: dict[Routine, Routine] = {}
    for family in (family for found in families.values() for family in found):
        if len(set(family.routines)) > 1:
            shared |= dict.fromkeys(family.routines, family.routine())
    starts = Counter(key for program in programs for key in map(_start, _starts(program)))
    return tuple(
        _starting(_with(program, shared), starts) if program.inside else program
        for program in programs
    )


@dataclass(slots=True)
class Family:
    """Routines that are alike, each with the sizes of its arguments. One that several layers
    have stands there for each of these."""

    routines: list[Routine] = field(default_factory=list)
    extents: list[Extents] = field(default_factory=list)

    def admits(self, routine: Routine, extents: Extents) -> bool:
        """Whether all sizes can still be read with one more member."""
        routines, layers = [*self.routines, routine], [*self.extents, extents]
        columns = set(zip(*map(_numbers, routines), strict=True))
        return all(
            len(set(column)) == 1 or any(True for _ in products(column, layers))
            for column in columns
        )

    def routine(self) -> Routine:
        """What stands for all of them."""
        first = self.routines[0]
        readings = Readings(first)
        forward, backward, tangent = (
            tuple(self._line(members, readings) for members in zip(*lines, strict=True))
            for lines in zip(*map(_bodies, self.routines), strict=True)
        )
        sizes = readings.lines()
        return replace(first, sizes=sizes, forward=forward, backward=backward, tangent=tangent)

    def _line(self, members: Sequence[Line], readings: Readings) -> Line:
        first = members[0]
        same = all(line.comment == first.comment for line in members)
        comment = first.comment if same else modes_only(first.comment)
        cuts = [cut(line.expression) for line in members]
        choice, sizes = Choice(comment), []
        for column in zip(*(each.numbers for each in cuts), strict=True):
            if len(set(column)) > 1:
                sizes.append(readings.text(choice.take(products(column, self.extents))))
            else:
                sizes.append(str(column[0]))
        return replace(first, expression=cuts[0].filled(sizes), comment=comment)


def _bodies(routine: Routine) -> tuple[tuple[Line, ...], ...]:
    return routine.forward, routine.backward, routine.tangent


def _lines(routine: Routine) -> Iterator[Line]:
    return chain(*_bodies(routine))


def _numbers(routine: Routine) -> Iterator[int]:
    """The sizes that a routine says as numbers."""
    for line in _lines(routine):
        yield from cut(line.expression).numbers


def _skeleton(routine: Routine, extents: Extents) -> tuple[object, ...]:
    """What routines that are alike have in common."""
    lines = [replace(line, expression="") for line in _bare(_lines(routine))]
    pieces = [cut(line.expression).pieces for line in _lines(routine)]
    rest = replace(routine, forward=(), backward=(), tangent=())
    return rest, tuple(lines), tuple(pieces), tuple(extents)


def _members(program: Program) -> Iterator[tuple[Routine, Extents]]:
    """The routines of a layer inside, with the sizes of what they are called with."""
    if not program.inside:
        return
    layer = program.layer
    axes = {safe(port.name): port.axes for port in layer.inputs}
    axes |= {safe(weight.name): weight.axes for weight in layer.weights}
    for form in program.forms:
        for step in form.calls:
            yield step.routine, dict(chain(_extents(step, axes), _kept(step.folded)))


def _extents(step: Invoke, axes: Mapping[str, Axes]) -> Iterator[tuple[Axis, int]]:
    """The axes of arguments that are inputs or weights of the layer, if they are static."""
    for name, passed in zip(step.routine.arguments, step.arguments, strict=True):
        held = axes.get(passed, ())
        for k, axis in enumerate(held):
            size = Size.product(mode.size for mode in axis).value
            modes = tuple(mode.name for mode in axis if mode.size != Size.of(1))
            if size is not None and modes:
                yield Axis(name, k, len(held), modes), size


def _kept(first: Invoke | None) -> Iterator[tuple[Axis, int]]:
    """The axes of what a call is given that was made of weights alone, where it is said how it is
    viewed in the end."""
    lines = first.routine.forward if first else ()
    for line in lines:
        shape = viewed_as(line.expression)
        if shape and first and set(line.targets) & set(first.targets):
            (name,) = line.targets
            modes = re.findall(r"\([^()]*\)|[^ ()]+", line.comment)
            told = len(modes) == len(shape)
            for k, size in enumerate(shape):
                said = tuple(modes[k].strip("()").split()) if told else (f"{name}_{k}",)
                yield Axis(name, k, len(shape), said), size


def _starts(program: Program) -> tuple[Rescaled, ...]:
    return program.rescaled if program.inside else ()


def _start(made: Rescaled) -> tuple[object, ...]:
    """What squared norms that are alike have in common: all lines, but for what they cost."""
    return made.tensors, made.conjugates, _bare(made.lines), made.square, made.rescaling.origin


def _bare(lines: Iterable[Line]) -> tuple[Line, ...]:
    return tuple(replace(line, comment=modes_only(line.comment)) for line in lines)


def _starting(program: Program, count: Mapping[tuple[object, ...], int]) -> Program:
    """A program in which squared norms that are alike are equal."""
    rescaled = (
        replace(each, lines=_bare(each.lines)) if count[_start(each)] > 1 else each
        for each in program.rescaled
    )
    return replace(program, rescaled=tuple(rescaled))


def _with(program: Program, shared: Mapping[Routine, Routine]) -> Program:
    """A program with other routines."""
    last = program.channels_last
    return replace(
        program,
        routines=tuple(shared.get(each, each) for each in program.routines),
        body=tuple(
            _calling(step, shared) if isinstance(step, Invoke) else step for step in program.body
        ),
        channels_last=last and replace(last, program=_with(last.program, shared)),
        variants=tuple(
            replace(each, program=_with(each.program, shared)) for each in program.variants
        ),
    )


def _calling(step: Invoke, shared: Mapping[Routine, Routine]) -> Invoke:
    routine = shared.get(step.routine, step.routine)
    first = step.folded
    return replace(step, routine=routine, folded=first and _calling(first, shared))
