"""A Python module for one or several layers. It needs torch, and no tnc."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Literal

from tnc.emit.description import outline
from tnc.emit.expression import quote
from tnc.emit.function import BASE
from tnc.emit.header import header
from tnc.emit.layer import Shown, layer_class, shown
from tnc.emit.naming import parts
from tnc.emit.prose import docstring
from tnc.emit.routine import CAST, SUPPORT
from tnc.emit.routines import routines
from tnc.emit.start import RESET_INSIDE, only_inside, shared_squares
from tnc.emit.start import SUPPORT as START
from tnc.emit.statement import fits
from tnc.emit.variants import support
from tnc.ir.layer import Layer
from tnc.ir.plan import Plan
from tnc.ir.program import Program

Backward = Literal["derived", "autograd", "auto"]

TINY = 100_000
"""Below so many multiply-adds the call of an autograd Function costs more than it saves."""

SHAPE_ERROR = '''\
class ShapeError(ValueError):
    """A tensor does not have the shape that the layer declares."""
'''

CHANNELS_LAST = '''\
def _channels_last(*images):
    """Whether the channels of all images lie last in memory, and not of each only because it is
    contiguous too; a compiler decides for itself."""
    if torch.compiler.is_compiling() or all(image.is_contiguous() for image in images):
        return False
    return all(image.movedim(1, -1).is_contiguous() for image in images)
'''


def emit(
    programs: Sequence[tuple[Program, Plan]],
    *,
    sources: Sequence[tuple[str, str]],
    version: str,
    backward: Backward = "derived",
    frugal: bool = False,
) -> str:
    """The text of one module: the same bytes for the same input.

    `sources`: the `.tnn` and those that it imports, without folders, each with the sha256 of its
    text.
    `backward`: `derived` prints the gradients, `autograd` the planned forward only, `auto` the
    latter for layers below `TINY`. `frugal`: memory is limited, whatever gradients are asked for.

    Errors: ValueError for two layers of one name.
    """
    names = sorted(program.layer.name for program, _ in programs)
    if len(set(names)) < len(names):
        raise ValueError(f"two layers have the same name: {', '.join(names)}")
    sections = _sections(programs, backward, frugal)
    body = "\n\n\n".join("\n".join(section) for section in sections)
    head = [
        *docstring("", header(programs, sources, version)),
        "",
        *_imports(body, programs),
        "",
        *_exports(sorted([*(p.layer.name for p, _ in programs if not p.inside), "ShapeError"])),
    ]
    return "\n".join(head) + "\n\n\n" + body + "\n"


def _sections(
    programs: Sequence[tuple[Program, Plan]], backward: Backward, frugal: bool
) -> list[list[str]]:
    """The functions and classes of the module, each as lines."""
    named = parts((program for program, _ in programs), frugal)
    ordered = sorted(programs, key=lambda one: one[1].macs)
    made = routines([(each, _reason(each, plan, backward)) for each, plan in ordered], named)
    sections = [SHAPE_ERROR]
    if any(form.channels_last for program, _ in programs for form in program.alternatives):
        sections.append(CHANNELS_LAST)
    sections += support([program for program, _ in programs])
    if any(map(made.casts, named)):
        sections += CAST.split("\n\n\n")
    if any(map(made.derived, named)):
        sections += SUPPORT.split("\n\n\n")
    if made.based():
        sections.append(BASE)
    alone = sum(only_inside(program) for program, _ in programs) < 2
    sections += [] if alone else [RESET_INSIDE]
    if any(program.rescaled for program, _ in programs):
        sections += START.split("\n\n\n")
    text = [section.rstrip("\n").split("\n") for section in sections]
    texts = made.texts()
    squares, starts = shared_squares([program for program, _ in programs if program.inside])
    known: dict[str, Layer] = {}
    for program, _ in programs:
        for routine in (routine for form in program.forms for routine in form.routines):
            text += texts.pop(routine, [])
        like = known.setdefault(outline(program.layer), program.layer) if program.inside else None
        text += starts.get(program.layer.name, [])
        text += _layer(shown(program, named, squares, alone), like)
    return text


def _reason(program: Program, plan: Plan, backward: Backward) -> str | None:
    """Why the routines of a layer have no derivative; None if they have one."""
    if backward == "autograd":
        return ""
    if program.inside and len(plan.own) <= 1:
        return "Plain: the derivative of a single product is PyTorch's own."
    if backward == "auto" and plan.macs < TINY:
        return (
            f"Plain, without a derivative of its own: {plan.macs:,} multiply-adds are so few that "
            "calling one would cost more than it saves."
        )
    return None


def _layer(made: Shown, like: Layer | None) -> list[list[str]]:
    check = made.door.check()
    described = layer_class(made, like if like is not made.layer else None)
    return [check, described] if check else [described]


def _imports(body: str, programs: Sequence[tuple[Program, Plan]]) -> list[str]:
    """Only what the body uses."""
    used = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    standard = [f"import {module}" for module in ("math", "weakref") if module in used]
    standard += [""] if standard else []
    whole = ["import torch"] if "torch" in used else []
    whole += [f"import {module}" for module in _foreign(programs)]
    parts = [name for name in ("Tensor", "nn") if name in used]
    return [*standard, *whole, f"from torch import {', '.join(parts)}"]


def _foreign(programs: Sequence[tuple[Program, Plan]]) -> list[str]:
    """The modules of other packages, sorted."""
    targets = {target for program, _ in programs for target in program.functions}
    targets |= {
        child.target
        for program, _ in programs
        for child in program.children
        if child.arguments is not None
    }
    return sorted(
        {target.rpartition(".")[0] for target in targets if not target.startswith("torch.")}
    )


def _exports(names: Sequence[str]) -> list[str]:
    flat = ", ".join(map(quote, names))
    if fits("__all__ = [", flat, "]"):
        return [f"__all__ = [{flat}]"]
    return ["__all__ = [", *(f"    {quote(name)}," for name in names), "]"]
