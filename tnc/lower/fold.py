"""What an inference keeps: the lines of a routine that read weights alone become its first part.

The whole is laid out together before it is cut, so that what is kept lies as its readers want it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import replace

from tnc.ir.lifetime import variables, viewed
from tnc.ir.program import Invoke, Line, Program, Routine
from tnc.lower.names import safe

TURNED = "as products with few rows read it"
"""A matrix that is kept as the right factor of a product is kept by its columns, as `nn.Linear` has
its weight: with 8 to 32 rows that is quicker by a tenth to a half, and never slower."""

OWN = "a copy: whoever calls may write to the results"


def folded(program: Program) -> Program:
    """A program without derivatives, in which routines are given what can be made of weights
    alone. Mere views of weights are no reason to keep anything."""
    weights = {safe(weight.name) for weight in program.layer.weights}
    body = tuple(
        _called(step, weights) if isinstance(step, Invoke) else step for step in program.body
    )
    routines = [step.routine for step in body if isinstance(step, Invoke)]
    routines += [s.folded.routine for s in body if isinstance(s, Invoke) and s.folded is not None]
    last = program.channels_last
    return replace(
        program,
        body=body,
        routines=tuple(dict.fromkeys(routines)),
        channels_last=last and replace(last, program=folded(last.program)),
    )


def _called(step: Invoke, weights: set[str]) -> Invoke:
    """The call of the second part, with that of the first, if there is one."""
    routine = step.routine
    passed = dict(zip(routine.arguments, step.arguments, strict=True))
    given = [name for name in routine.arguments if passed[name] in weights]
    made = _deep(routine.forward, given)
    later = [line for line in routine.forward if not made.issuperset(line.targets)]
    kept = _needed(made, [*_read(later), *routine.outputs])
    if not kept:
        return step
    first = _closed(routine.forward, kept)
    rest = _closed(later, [*routine.outputs, *_targets(later, given)])
    turned = [name for name in kept if _only_multiplied(name, rest, routine.outputs)]
    first += tuple(Line((name,), f"{name}.t()", (name,), TURNED) for name in turned)
    rest = tuple(_turned(line, turned) for line in rest)
    shared = _shared(kept, rest, routine.outputs)
    rest += tuple(Line((name,), f"{name}.clone()", (name,), OWN) for name in shared)
    wanted = {*_read(rest), *_read(routine.sizes)}
    own = [name for name in routine.arguments if name not in given or name in wanted]
    sources = [name for name in given if name in set(_read(first))]
    name = routine.name.partition("_inference")[0]
    makes = _plain(f"{name}_kept", sources, (), first, kept)
    reads = _plain(f"{name}_given", (*own, *kept), routine.sizes, rest, routine.outputs)
    making = Invoke(makes, kept, tuple(passed[name] for name in sources), step.origin)
    arguments = (*(passed[name] for name in own), *kept)
    return replace(step, routine=reads, arguments=arguments, folded=making)


def _deep(lines: Sequence[Line], given: Iterable[str]) -> set[str]:
    """The variables that hold what is computed, not only viewed, of the given ones alone."""
    constant, deep = set(given), set[str]()
    for line in lines:
        if _names(line) <= constant:
            constant.update(line.targets)
            if viewed(line.expression) is None or deep.intersection(line.reads):
                deep.update(line.targets)
    return deep - {"_"}


def _targets(lines: Sequence[Line], given: Iterable[str]) -> list[str]:
    """What depends on more than the given ones."""
    constant, found = set(given), list[str]()
    for line in lines:
        if _names(line) <= constant:
            constant.update(line.targets)
        else:
            found += line.targets
    return found


def _closed(lines: Sequence[Line], wanted: Iterable[str]) -> tuple[Line, ...]:
    """The lines that compute what is wanted."""
    needed, found = set(wanted), list[Line]()
    for line in reversed(lines):
        if needed.intersection(line.targets):
            needed |= _names(line)
            found.append(line)
    return tuple(reversed(found))


def _shared(kept: Iterable[str], lines: Sequence[Line], outputs: Sequence[str]) -> list[str]:
    """The outputs that lie in the memory of what is kept."""
    shared = set(kept)
    for line in lines:
        if viewed(line.expression) in shared:
            shared.update(line.targets)
    return [name for name in dict.fromkeys(outputs) if name in shared]


def _only_multiplied(name: str, lines: Sequence[Line], outputs: Sequence[str]) -> bool:
    """Whether all that is done with a tensor is to be the right factor of products of matrices."""
    reads = sum(
        isinstance(node, ast.Name) and node.id == name
        for line in lines
        for node in ast.walk(_parsed(line))
    )
    products = sum(len(_right_factors(line, [name])) for line in lines)
    return name not in outputs and reads == products


def _right_factors(line: Line, names: Sequence[str]) -> list[ast.Name]:
    """Where these are the right factors of `torch.mm`."""
    return [
        node.args[1]
        for node in ast.walk(_parsed(line))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "torch.mm"
        and isinstance(node.args[1], ast.Name)
        and node.args[1].id in names
    ]


def _turned(line: Line, names: Sequence[str]) -> Line:
    """The line with `.t()` after the right factors of these names."""
    text = line.expression
    for node in sorted(_right_factors(line, names), key=lambda node: -node.col_offset):
        assert node.end_col_offset is not None
        text = f"{text[: node.end_col_offset]}.t(){text[node.end_col_offset :]}"
    return replace(line, expression=text)


def _parsed(line: Line) -> ast.Expression:
    return ast.parse(line.expression, mode="eval")


def _needed(made: set[str], read: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in read if name in made))


def _read(lines: Iterable[Line]) -> list[str]:
    return [name for line in lines for name in sorted(_names(line))]


def _names(line: Line) -> set[str]:
    """The variables of an expression: tensors and sizes."""
    return {*variables(line.expression)} - {"torch", "math"}


def _plain(
    name: str,
    arguments: Sequence[str],
    sizes: Sequence[Line],
    lines: Sequence[Line],
    outputs: Sequence[str],
) -> Routine:
    """A routine without derivatives."""
    nothing = (None,) * len(arguments)
    return Routine(
        name,
        tuple(arguments),
        tuple(sizes),
        tuple(lines),
        tuple(outputs),
        saved=(),
        seeds=(),
        backward=(),
        gradients=nothing,
        tangents=(),
        tangent=(),
        tangent_outputs=(),
    )
