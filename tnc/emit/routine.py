"""A routine as plain functions: the planned forward, and the call of its autograd Function."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import groupby
from textwrap import fill

from tnc.emit.expression import flat, parse
from tnc.emit.naming import Part, fresh
from tnc.emit.prose import comment, docstring, place, places
from tnc.emit.statement import (
    INDENT,
    WIDTH,
    assign,
    bracketed,
    define,
    delete,
    fits,
    give,
    nothing,
    unpack,
    when,
)
from tnc.ir.lifetime import deaths, variables
from tnc.ir.program import Line, Routine

CAST = '''\
def _under_autocast(device):
    """Whether autocast is on for this type of device."""
    return device != "meta" and torch.is_autocast_enabled(device)


def _autocast(device, *tensors):
    """The tensors in the type that autocast asks for, but for float64, complex and integers."""
    dtype = torch.get_autocast_dtype(device)
    cast = (torch.float32, torch.float16, torch.bfloat16)
    return [tensor.to(dtype) if tensor.dtype in cast else tensor for tensor in tensors]
'''

SUPPORT = '''\
def _primal(tensor):
    """The tensor without its own tangent, in a jvp. PyTorch switches tangents off there, so that
    a tangent of a tangent would be lost (pytorch/pytorch#197867); hence they are on again."""
    return torch.autograd.forward_ad.unpack_dual(tensor).primal


def _tangents(tensors, dots):
    """The tangents of tensors: zeros for those that do not vary."""
    return [torch.zeros_like(t) if dot is None else dot for t, dot in zip(tensors, dots)]


def _applied(function, *tensors):
    """`function.apply(*tensors)`, which makes a signature of `forward` anew in each call. Where no
    transform of torch.func is at work, nobody needs that: the call goes to the base class."""
    if (
        torch.compiler.is_compiling()
        or not hasattr(torch._C, "_are_functorch_transforms_active")
        or torch._C._are_functorch_transforms_active()
    ):
        return function.apply(*tensors)
    return super(torch.autograd.Function, function).apply(*tensors)
'''


def planned(part: Part) -> list[str]:
    """The forward, step by step: outputs, then the intermediates that the backward reads."""
    routine = part.routine
    results = (*routine.outputs, *routine.saved)
    return [
        *define("", part.forward, routine.arguments),
        *docstring(INDENT, _summary(routine, f"{', '.join(results)} by the plan")),
        *_body(routine, results),
    ]


def plain(part: Part, reason: str = "") -> list[str]:
    """The forward alone; PyTorch differentiates it. With a `reason`, why it does although a
    derivative was asked for."""
    routine = part.routine
    return [
        *define("", part.apply, routine.arguments),
        *docstring(INDENT, _summary(routine, f"{', '.join(routine.outputs)} by the plan")),
        *(comment(INDENT, reason) if reason else ()),
        *(_cast(part) if reason and adds(routine) else ()),
        *_body(routine, routine.outputs),
    ]


def adds(routine: Routine) -> bool:
    """Whether it adds something to a product: autocast would leave what is added as it is, and
    the sum with it."""
    return any(" + " in line.expression for line in routine.forward)


def _cast(part: Part) -> list[str]:
    """Under autocast: the same for arguments in the type that it asks for."""
    routine = part.routine
    device = fresh("device", part.locals)
    cast = ", ".join([device, *routine.arguments])
    return [
        f"{INDENT}{device} = {routine.arguments[0]}.device.type",
        f"{INDENT}if _under_autocast({device}):",
        f"{INDENT * 2}with torch.autocast({device}, enabled=False):",
        *_give_call(INDENT * 3, part.apply, cast),
    ]


def applied(part: Part) -> list[str]:
    """The routine with its derivative, as the body of the layer calls it."""
    routine = part.routine
    function = fresh("function", part.locals)
    single = len(routine.outputs) == 1
    first = "[0]" if routine.saved else ""
    given = [function, *routine.arguments]
    lines = [
        *define("", part.apply, routine.arguments),
        *docstring(INDENT, _summary(routine, f"{', '.join(routine.outputs)}, differentiable")),
        *_cast(part),
        *_direct(part),
        *choose(INDENT, function, part),
    ]
    if single:
        return [*lines, *bracketed(INDENT, "return _applied(", given, f"){first}")]
    targets = [*routine.outputs, "*_"] if routine.saved else list(routine.outputs)
    head = f"{', '.join(targets)} = _applied("
    return [*lines, *bracketed(INDENT, head, given, ")"), *give(INDENT, routine.outputs)]


def _direct(part: Part) -> list[str]:
    """Where no gradient is wanted, or PyTorch alone has it, the forward does without a Function."""
    routine = part.routine
    first = routine.arguments[0]
    lines = [f"{INDENT}if not torch.is_grad_enabled():"]
    if any("aten.convolution" in line.expression for line in routine.backward):
        lines = [
            f"{INDENT}if not torch.is_grad_enabled() or {first}.is_complex():",
            *comment(INDENT * 2, "Complex convolutions have no gradient but PyTorch's own."),
        ]
    if not routine.saved:
        return [*lines, *bracketed(INDENT * 2, f"return {part.forward}(", routine.arguments, ")")]
    if len(routine.outputs) == 1:
        head = f"return {part.forward}("
        return [*lines, *bracketed(INDENT * 2, head, routine.arguments, ")[0]")]
    head = f"{', '.join([*routine.outputs, '*_'])} = {part.forward}("
    made = bracketed(INDENT * 2, head, routine.arguments, ")")
    return [*lines, *made, *give(INDENT * 2, routine.outputs)]


def _give_call(margin: str, function: str, cast: str) -> list[str]:
    inside = bracketed("", "*_autocast(", cast.split(", "), ")")
    if len(inside) == 1:
        return bracketed(margin, f"return {function}(", inside, ")")
    nested = bracketed(margin + INDENT, "*_autocast(", cast.split(", "), ")")
    return [f"{margin}return {function}(", *nested, f"{margin})"]


def choose(margin: str, function: str, part: Part) -> list[str]:
    """Dynamo refuses a Function that has a jvp, so there are two."""
    line = f"{function} = {part.function} if torch.compiler.is_compiling() else {part.tangent}"
    if len(margin) + len(line) <= 100:
        return [margin + line]
    return [
        f"{margin}{function} = {part.tangent}",
        f"{margin}if torch.compiler.is_compiling():",
        f"{margin}{INDENT}{function} = {part.function}",
    ]


def _summary(routine: Routine, text: str) -> str:
    at = places(line.origin for line in routine.forward)
    return fill(f"{text} ({at})." if at else f"{text}.", WIDTH - 10)


def _body(routine: Routine, results: Sequence[str]) -> list[str]:
    lines = routine.forward
    dying = deaths(lines, (), results)
    defined = sizes(INDENT, routine, reads(lines))
    if lines and lines[-1].targets == tuple(results):
        text = f"return {flat(parse(lines[-1].expression))}"
        if fits(INDENT, text):
            before = block(INDENT, lines[:-1], dying[:-1], located=_located(lines))
            return [*defined, *before, *_noted(INDENT, lines[-1], _located(lines)), INDENT + text]
    return [*defined, *block(INDENT, lines, dying), *give(INDENT, results)]


def reads(lines: Iterable[Line]) -> frozenset[str]:
    """The variables that the lines read."""
    return frozenset(name for line in lines for name in variables(line.expression))


def needed_sizes(routine: Routine, wanted: Collection[str]) -> tuple[Line, ...]:
    """The lines that define the wanted run-time sizes, and what these depend on."""
    wanted = set(wanted)
    kept: list[Line] = []
    for line in reversed(routine.sizes):
        if wanted.intersection(line.targets):
            wanted |= reads([line])
            kept.append(line)
    return tuple(reversed(kept))


def sizes(margin: str, routine: Routine, wanted: Collection[str]) -> list[str]:
    """Define the run-time sizes among `wanted`."""
    lines = needed_sizes(routine, wanted)
    used = reads(lines) | set(wanted)
    return [text for line in lines for text in size(margin, line, used)]


def size(margin: str, line: Line, used: Collection[str]) -> list[str]:
    """One definition of sizes; those which nobody uses are called `_`."""
    targets = [target if target in used else "_" for target in line.targets]
    return unpack_or_assign(margin, targets, line.expression)


def unpack_or_assign(margin: str, targets: Sequence[str], expression: str) -> list[str]:
    if len(targets) > 1 and expression.endswith(".shape"):
        return unpack(margin, targets, expression)
    return assign(margin, targets, expression)


def block(
    margin: str,
    lines: Sequence[Line],
    dying: Sequence[Sequence[str]],
    conditions: str = "",
    everything: frozenset[int] = frozenset(),
    located: bool | None = None,
    frugal: bool = False,
) -> list[str]:
    """Steps with their comments; `located`: these say where the step comes from, else they do if
    that is several places. With `conditions`, the name of the flags that say which gradients are
    needed, consecutive lines for the same gradients stand under one `if`. What the last of them is
    the last to read is deleted behind it, for where they are skipped; if `frugal`, so is what
    others are the last to read, or what is itself not always there."""
    located = _located(lines) if located is None else located

    def needs(line: Line) -> frozenset[int]:
        return line.needs if conditions and not line.needs >= everything else frozenset()

    made = {name: needs(line) for line in lines for name in line.targets}
    text: list[str] = []
    for condition, run in groupby(zip(lines, dying, strict=True), lambda pair: needs(pair[0])):
        steps = list(run)
        inner = margin + INDENT if condition else margin
        if condition:
            text += when(margin, [f"{conditions}[{k}]" for k in sorted(condition)])
        wider = [
            [name for name in dead if made.get(name, frozenset()) != condition] for _, dead in steps
        ]
        always = [name for name in wider[-1] if not made.get(name)]
        behind = set(wider[-1] if frugal else always)
        for line, dead in steps:
            text += _noted(inner, line, located)
            text += assign(inner, line.targets, line.expression)
            inside = [name for name in dead if name not in behind]
            text += delete(inner, inside) if inside else []
        text += delete(margin, always) if always else []
        if frugal:
            others = [name for names in wider for name in names if name not in always]
            text += nothing(margin, others)
    return text


def _located(lines: Sequence[Line]) -> bool:
    """Whether lines come from several places, so that each says from which."""
    return len({place(line.origin) for line in lines}) > 1


def _noted(margin: str, line: Line, located: bool) -> list[str]:
    at = place(line.origin) if located else ""
    said = "   ".join(filter(None, (line.comment, at)))
    return comment(margin, said) if said else []
