"""A routine as `torch.autograd.Function`: the derivative is the emitted code.

Intermediates that the backward reads leave the forward as extra outputs that are not
differentiable. Where somebody differentiates the derivative itself they are computed anew from
the inputs, because then they are not constants: gradients of gradients would else be wrong
without a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

from tnc.emit.naming import Part, fresh
from tnc.emit.prose import comment, docstring, places
from tnc.emit.routine import block, needed_sizes, reads, size
from tnc.emit.statement import (
    INDENT,
    WIDTH,
    assign,
    bracketed,
    call,
    define,
    fits,
    give,
    nothing,
    unpack,
)
from tnc.ir.lifetime import deaths
from tnc.ir.program import Line, Routine
from tnc.record import record

BASE = '''\
class _Derived(torch.autograd.Function):
    """Keeps for the derivatives of its first output the arguments and all other outputs."""

    generate_vmap_rule = True

    @staticmethod
    def setup_context(ctx, inputs, output):
        _, *saved = output
        ctx.mark_non_differentiable(*saved)
        ctx.save_for_backward(*inputs, *saved)
        ctx.save_for_forward(*inputs, *saved)
        ctx.set_materialize_grads(False)
        ctx.dual = False
'''
"""What the Functions of layers inside have in common, in a module with several of them."""

BODY = INDENT * 2
DEEP = INDENT * 3


@record
class Function:
    """What is kept from the forward for the derivatives of a routine.

    `stored` are the arguments among it, `shaped` the other arguments and the outputs of which a
    shape is needed, `measured` the sizes that come from shapes of other arguments.
    """

    part: Part
    ctx: str
    stored: tuple[str, ...]
    shaped: tuple[str, ...]
    measured: tuple[Line, ...]

    @property
    def routine(self) -> Routine:
        return self.part.routine

    @property
    def everything(self) -> frozenset[int]:
        """The arguments on which an output depends."""
        return frozenset(k for k, name in enumerate(self.routine.gradients) if name is not None)


def function(part: Part, like: Part | None = None, based: bool = False) -> list[str]:
    """Both classes: without the tangent, for `torch.compile`, and with it. The tangent is that of
    `like`, if this computes the same, and keeps the same for it. `based`: on `BASE`."""
    made = _keep(part)
    base = "_Derived" if based else "torch.autograd.Function"
    text = [f"class {part.function}({base}):", *docstring(INDENT, _described(part.routine))]
    text += [] if based else ["", f"{INDENT}generate_vmap_rule = True"]
    methods = [_forward(made), *([] if based else [_setup(made)]), _backward(made)]
    text += [line for method in methods for line in ["", *method]]
    heading = [
        f"class {part.tangent}({part.function}):",
        *docstring(INDENT, "The same with a tangent, which torch.compile does not accept."),
    ]
    if like and _tangent_needs(_keep(like)) == _tangent_needs(made):
        jvp = [f"{INDENT}jvp = staticmethod({like.tangent}.jvp)"]
    else:
        jvp = _jvp(made)
    return [*text, "", "", *heading, "", *jvp]


def _tangent_needs(made: Function) -> tuple[object, ...]:
    """What the tangent finds in the context, and what is expected of it."""
    routine = made.routine
    given = routine.arguments, routine.tangents, routine.outputs, len(routine.saved)
    varying = [name is not None for name in routine.tangent_outputs]
    return given, varying, made.stored, made.shaped, made.measured


def keeps_all(part: Part) -> bool:
    """Whether `BASE` keeps what the derivatives of a routine need."""
    made = _keep(part)
    routine = made.routine
    whole = made.stored == routine.arguments and not made.shaped and not made.measured
    return whole and bool(routine.saved)


def _described(routine: Routine) -> str:
    at = places([line.origin for line in routine.forward])
    text = f"{', '.join(routine.outputs)} with the derivative" + (f" ({at})." if at else ".")
    return fill(text, WIDTH - 10)


def _keep(part: Part) -> Function:
    routine = part.routine
    read = reads((*routine.backward, *routine.tangent)) | set(routine.gradients)
    if routine.saved:
        stored = routine.arguments
    else:
        stored = tuple(name for name in routine.arguments if name in read)
    lines = needed_sizes(routine, frozenset(name for name in read if name))
    measured = tuple(
        line for line in lines if (reads([line]) & set(routine.arguments)) - set(stored)
    )
    tangents = zip(routine.arguments, routine.tangents, strict=True)
    pushed = reads(routine.tangent) | set(routine.tangent_outputs)
    shaped = [name for name, dot in tangents if name not in stored and dot in pushed]
    if len(routine.outputs) > 1:
        shaped += routine.outputs
    return Function(part, fresh("ctx", part.locals), stored, tuple(shaped), measured)


def _method(name: str, parameters: Sequence[str]) -> list[str]:
    return [f"{INDENT}@staticmethod", *define(INDENT, name, parameters)]


def _forward(made: Function) -> list[str]:
    arguments = made.routine.arguments
    return [
        *_method("forward", arguments),
        *bracketed(BODY, f"return {made.part.forward}(", arguments, ")"),
    ]


def _setup(made: Function) -> list[str]:
    """Save for both derivatives the same tensors: vmap keeps one list of batch axes for both."""
    routine, ctx = made.routine, made.ctx
    inputs, output = fresh("inputs", made.part.locals), fresh("output", made.part.locals)
    measured = reads(made.measured)
    wanted = {*made.stored, *made.shaped, *measured}
    named = [name if name in wanted else "_" for name in routine.arguments]
    results = [name if name in made.shaped else "_" for name in routine.outputs] + [*routine.saved]
    kept = [*made.stored, *routine.saved]
    lines = [*_method("setup_context", [ctx, inputs, output])]
    if wanted & set(routine.arguments):
        lines += unpack(BODY, named, inputs)
    if len(results) > 1 and set(results) != {"_"}:
        lines += unpack(BODY, results, output)
    if routine.saved:
        lines += call(BODY, f"{ctx}.mark_non_differentiable", routine.saved)
    if kept:
        lines += call(BODY, f"{ctx}.save_for_backward", kept)
        lines += call(BODY, f"{ctx}.save_for_forward", kept)
    lines.append(f"{BODY}{ctx}.set_materialize_grads(False)")
    lines += [f"{BODY}{ctx}.shape_of_{name} = {name}.shape" for name in made.shaped]
    for line in made.measured:
        lines += size(BODY, line, line.targets)
        named = [target for target in line.targets if target != "_"]
        lines += [f"{BODY}{ctx}.{target} = {target}" for target in named]
    if routine.saved:
        lines.append(f"{BODY}{ctx}.dual = False")
    return lines


def _backward(made: Function) -> list[str]:
    routine, ctx = made.routine, made.ctx
    read = reads(routine.backward) | {name for name in routine.gradients if name}
    given = [name for name in (*made.stored, *routine.saved) if name in read]
    extra = ["*_"] if routine.saved else []
    return [
        *_method("backward", [ctx, *routine.seeds, *extra]),
        *_outside_autocast(made),
        *_seeds(made),
        *_given(made, read),
        *_conjugate(made, given),
        *_sizes(BODY, made, read),
        *_gradients(made, given),
        *give(BODY, [name or "None" for name in routine.gradients]),
    ]


def _gradients(made: Function, given: Sequence[str]) -> list[str]:
    """The steps of the backward; gradients that are not needed stay None."""
    routine = made.routine
    needs = fresh("needs", made.part.locals)
    dying = deaths(
        routine.backward,
        [name for name in given if name not in made.part.weights],
        [name for name in routine.gradients if name],
    )
    steps = block(BODY, routine.backward, dying, needs, made.everything, frugal=made.part.frugal)
    optional = [
        target
        for line in routine.backward
        for target in line.targets
        if target in routine.gradients and line.needs and not line.needs >= made.everything
    ]
    asked = any(f"{needs}[" in line for line in steps)
    start = [f"{BODY}{needs} = {made.ctx}.needs_input_grad"] if asked else []
    return [*start, *nothing(BODY, optional), *steps]


def _outside_autocast(made: Function) -> list[str]:
    """The forward computed in one type; so must the backward, wherever it is called."""
    seeds = made.routine.seeds
    extra = ["*_"] if made.routine.saved else []
    device = fresh("device", made.part.locals)
    first = seeds[0] if len(seeds) == 1 else fresh("given", made.part.locals)
    lines = []
    if len(seeds) > 1:
        lines = assign(BODY, [first], seeds[0])
        for seed in seeds[1:]:
            lines += [f"{BODY}if {first} is None:", f"{DEEP}{first} = {seed}"]
    nones = ["None"] * len(made.routine.arguments)
    return [
        *lines,
        f"{BODY}if {first} is None:",
        *give(DEEP, nones),
        f"{BODY}{device} = {first}.device.type",
        f"{BODY}if _under_autocast({device}):",
        f"{DEEP}with torch.autocast({device}, enabled=False):",
        *bracketed(
            INDENT * 4,
            f"return {made.part.function}.backward(",
            [made.ctx, *seeds, *extra],
            ")",
        ),
    ]


def _seeds(made: Function) -> list[str]:
    """Of several outputs, those which nobody used have no cotangent."""
    routine = made.routine
    if len(routine.seeds) == 1:
        return []
    given = fresh("given", made.part.locals)
    lines = []
    for seed, output in zip(routine.seeds, routine.outputs, strict=True):
        zeros = f"{given}.new_zeros({made.ctx}.shape_of_{output})"
        lines += [f"{BODY}if {seed} is None:", *assign(DEEP, [seed], zeros)]
    return lines


def _given(made: Function, read: frozenset[str]) -> list[str]:
    """Take what was saved and let go of it, or compute it anew from the arguments."""
    routine, ctx = made.routine, made.ctx
    kept = [*made.stored, *routine.saved]
    if not kept:
        return []
    again = bool(read & set(routine.saved))
    used = set(read) | (set(routine.arguments) if again else set())
    used |= reads(needed_sizes(routine, read))
    lines = [
        *unpack(BODY, [name if name in used else "_" for name in kept], f"{ctx}.saved_tensors"),
        f'{BODY}if not torch.compiler.is_compiling() and hasattr({ctx}, "{CLEAR}"):',
        f"{DEEP}{ctx}.{CLEAR}()",
    ]
    if not again:
        return lines
    return [
        *lines,
        f"{BODY}if torch.is_grad_enabled() or {ctx}.dual:",
        *comment(DEEP, "This derivative is itself differentiated: nothing in it is constant."),
        *_recompute(DEEP, made, read),
    ]


CLEAR = "maybe_clear_saved_tensors"


def _recompute(margin: str, made: Function, read: frozenset[str]) -> list[str]:
    routine = made.routine
    blank = ["_"] * len(routine.outputs)
    targets = [*blank, *(name if name in read else "_" for name in routine.saved)]
    head = f"{', '.join(targets)} = {made.part.forward}("
    return bracketed(margin, head, routine.arguments, ")")


def _conjugate(made: Function, given: Sequence[str]) -> list[str]:
    """The cotangent of a product takes the conjugates of the other factors."""
    seed = made.routine.seeds[0]
    if not given:
        return []
    lines = [f"{BODY}if {seed}.is_complex():"]
    if len(given) == 1:
        return [*lines, f"{DEEP}{given[0]} = {given[0]}.conj()"]
    listed = ", ".join(given)
    value = f"map(torch.conj, ({listed}))"
    if fits(DEEP, listed, " = ", value):
        return [*lines, f"{DEEP}{listed} = {value}"]
    return [*lines, *(f"{DEEP}{name} = {name}.conj()" for name in given)]


def _sizes(margin: str, made: Function, read: frozenset[str]) -> list[str]:
    routine = made.routine
    lines = needed_sizes(routine, read)
    used = reads(lines) | read
    text: list[str] = []
    for line in lines:
        if line in made.measured:
            text += [f"{margin}{name} = {made.ctx}.{name}" for name in line.targets if name in used]
        else:
            text += size(margin, line, used)
    return text


def _jvp(made: Function) -> list[str]:
    """The tangent is computed with forward mode switched on, or its own tangent would be lost."""
    routine, ctx = made.routine, made.ctx
    read = reads(routine.tangent) | {name for name in routine.tangent_outputs if name}
    again = bool(read & set(routine.saved))
    used = set(read) | (set(routine.arguments) if again else set())
    pairs = zip(routine.arguments, routine.tangents, strict=True)
    used |= {name for name, dot in pairs if dot in read} | reads(needed_sizes(routine, read))
    kept = [
        name if name in used and name not in routine.saved else "_"
        for name in (*made.stored, *routine.saved)
    ]
    lines = _method("jvp", [ctx, *routine.tangents])
    if routine.saved:
        lines.append(f"{BODY}{ctx}.dual = True")
    lines.append(f"{BODY}with torch.autograd.forward_ad._set_fwd_grad_enabled(True):")
    if set(kept) - {"_"}:
        lines += unpack(DEEP, kept, f"map(_primal, {ctx}.saved_tensors)")
    lines += _tangents(DEEP, made, read)
    if again:
        lines += _recompute(DEEP, made, read)
    nones = ["None"] * len(routine.saved)
    results = [*(name or "None" for name in routine.tangent_outputs), *nones]
    steps = block(DEEP, routine.tangent, [()] * len(routine.tangent))
    return [*lines, *_sizes(DEEP, made, read), *steps, *give(DEEP, results)]


def _tangents(margin: str, made: Function, read: frozenset[str]) -> list[str]:
    """An argument that does not vary has no tangent."""
    lines: list[str] = []
    routine = made.routine
    given = fresh("given", made.part.locals)
    pairs = list(zip(routine.arguments, routine.tangents, strict=True))
    stored = [(name, dot) for name, dot in pairs if dot in read and name not in made.shaped]
    if len(stored) > 1:
        names, dots = (", ".join(column) for column in zip(*stored, strict=True))
        arguments = [f"({names})", f"({dots})"]
        lines += bracketed(margin, f"{dots} = _tangents(", arguments, ")")
        pairs = [pair for pair in pairs if pair not in stored]
    if any(name in made.shaped and dot in read for name, dot in pairs):
        listed = f"({', '.join(routine.tangents)}{',' if len(routine.tangents) == 1 else ''})"
        lines.append(f"{margin}{given} = next(dot for dot in {listed} if dot is not None)")
    for name, dot in pairs:
        if dot not in read:
            continue
        zeros = f"torch.zeros_like({name})"
        if name in made.shaped:
            zeros = f"{given}.new_zeros({made.ctx}.shape_of_{name})"
        lines += [f"{margin}if {dot} is None:", *assign(margin + INDENT, [dot], zeros)]
    return lines
