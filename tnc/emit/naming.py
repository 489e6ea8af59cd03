"""Names of what a generated module defines beside what the `.tnn` names."""

from __future__ import annotations

import keyword
from collections.abc import Collection, Iterable
from dataclasses import replace

from tnc.ir.program import Program, Routine
from tnc.record import record


def fresh(wish: str, taken: Collection[str]) -> str:
    """`wish`, with as many underscores after it as make it new."""
    while wish in taken or keyword.iskeyword(wish):
        wish += "_"
    return wish


def variable(name: str) -> str:
    """The variable of a tensor: its name, unless Python has that for itself."""
    return f"{name}_" if keyword.iskeyword(name) else name


def attribute(name: str) -> str:
    """The parameter or buffer of that name, as Python."""
    return f'getattr(self, "{name}")' if keyword.iskeyword(name) else f"self.{name}"


@record
class Part:
    """A routine with the names of what is made of it.

    `weights`: the arguments that are parameters or buffers wherever the routine is called, so
    that deleting them frees nothing. `frugal`: its backward keeps nothing that is not read any
    more, whatever gradients are skipped.
    """

    routine: Routine
    forward: str
    function: str
    tangent: str
    apply: str
    weights: frozenset[str]
    frugal: bool = False

    @property
    def locals(self) -> frozenset[str]:
        """Every name that the lines of the routine use."""
        routine = self.routine
        lines = (*routine.sizes, *routine.forward, *routine.backward, *routine.tangent)
        targets = (target for line in lines for target in line.targets)
        given = (*routine.arguments, *routine.seeds, *routine.tangents)
        return frozenset((*targets, *given, "torch", "math"))


def parts(programs: Iterable[Program], frugal: bool = False) -> dict[Routine, Part]:
    """The routines of all layers, each under names of its own."""
    programs = tuple(form for program in programs for form in program.forms)
    taken = {"ShapeError", "torch", "math", "nn", "_Derived", "_reset_inside"}
    taken |= {program.layer.name for program in programs}
    found: dict[Routine, Part] = {}
    for program in programs:
        for routine in program.routines:
            if (known := found.get(routine)) is not None:  # the same code serves several layers
                found[routine] = replace(known, weights=known.weights & _weights(program, routine))
                continue
            stem = routine.name.strip("_") or "product"
            if f"_{stem}" in taken or f"_{stem}_forward" in taken:
                stem = f"{program.layer.name}_{stem}"
            apply = _take(f"_{stem}", taken)
            forward = _take(f"{apply}_forward", taken)
            camel = "".join(word[:1].upper() + word[1:] for word in stem.split("_"))
            function = _take(f"_{camel}Function" if f"_{camel}" in taken else f"_{camel}", taken)
            tangent = _take(f"{function}WithJvp", taken)
            found[routine] = Part(
                routine, forward, function, tangent, apply, _weights(program, routine), frugal
            )
    return found


def _take(wish: str, taken: set[str]) -> str:
    name = fresh(wish, taken)
    taken.add(name)
    return name


def _weights(program: Program, routine: Routine) -> frozenset[str]:
    held = {variable(weight.name) for weight in program.layer.weights}
    calls = [step.arguments for step in program.calls if step.routine is routine]
    return frozenset(
        argument
        for k, argument in enumerate(routine.arguments)
        if calls and all(call[k] in held for call in calls)
    )
