"""A layer as a class: its parameters, how they start, and what it computes."""

from __future__ import annotations

import keyword
from collections.abc import Mapping, Sequence
from dataclasses import field
from dataclasses import replace as replaced

from tnc.emit.description import described, likened, settings
from tnc.emit.door import Door, leading, leading_axis
from tnc.emit.expression import quote, replace
from tnc.emit.naming import Part, attribute, fresh, variable
from tnc.emit.prose import comment, docstring, place
from tnc.emit.start import Squares, reset
from tnc.emit.statement import INDENT, assign, bracketed, call, define, give
from tnc.emit.variants import KEEP, folds, guard
from tnc.ir.layer import Layer, Port, Weight
from tnc.ir.lifetime import variables
from tnc.ir.program import Child, Invoke, Line, Program, Routine
from tnc.ir.size import Size
from tnc.record import record

BODY = INDENT * 2
CHANNELS_LAST = "_channels_last"
"""The function of the module that looks how images lie in memory."""


@record
class Shown:
    """A layer on its way into the module: its program, its routines, its door, and what it shares
    with others to start (see `reset`). `kept`: expressions for what is kept of the weights, where
    it is not in the variable `KEEP`."""

    program: Program
    parts: Mapping[Routine, Part]
    door: Door
    squares: Squares
    alone: bool
    kept: Mapping[Invoke, str] = field(default_factory=dict)

    @property
    def layer(self) -> Layer:
        return self.program.layer


def shown(program: Program, parts: Mapping[Routine, Part], squares: Squares, alone: bool) -> Shown:
    """Find the run-time sizes that the body reads."""
    read = {
        name
        for form in program.forms
        for step in form.body
        if isinstance(step, Line)
        for name in variables(step.expression)
    }
    layer = program.layer
    given = {port.name for port in layer.inputs}
    symbols = dict(program.symbols)
    for entry in layer.run_time:
        symbols.setdefault(entry.symbol, fresh(entry.symbol, given))
    wanted = tuple(name for _, name in program.symbols if name in read)
    door = Door(layer, f"_check_{layer.name}", symbols, wanted, program.proven)
    return Shown(program, parts, door, squares, alone)


def layer_class(made: Shown, like: Layer | None = None) -> list[str]:
    """The class of a layer, which is described by what differs from that of `like`, if given."""
    layer = made.layer
    return [
        f"class {layer.name}(nn.Module):",
        *docstring(INDENT, likened(layer, like) if like else described(layer)),
        "",
        *_init(made.program),
        "",
        *reset(made.program, made.squares, made.alone),
        "",
        *_forward(made),
        "",
        f"{INDENT}def extra_repr(self) -> str:",
        f"{BODY}return {quote(settings(layer))}",
    ]


def shape(weight: Weight) -> str:
    """The shape of a parameter, as arguments of `torch.empty`."""
    sizes = [Size.product(mode.size for mode in axis).value for axis in weight.axes]
    if None in sizes:
        raise ValueError(f"weight {weight.name} has a size that is known at run time only")
    return f"({', '.join(map(str, sizes))}{',' if len(sizes) == 1 else ''})"


def _init(program: Program) -> list[str]:
    layer = program.layer
    lines = [
        f"{INDENT}def __init__(self, *, device=None, dtype=None) -> None:",
        f"{BODY}super().__init__()",
    ]
    for weight in layer.weights:
        empty = f"torch.empty({shape(weight)}, device=device, dtype=dtype)"
        if weight.trained:
            start = f"nn.Parameter({empty})"
            if keyword.iskeyword(weight.name):
                lines += call(BODY, "self.register_parameter", [quote(weight.name), start])
            else:
                lines += assign(BODY, [f"self.{weight.name}"], start)
        else:
            lines += call(BODY, "self.register_buffer", [quote(weight.name), empty])
    # The layers inside start by themselves, so they are made after this one has started.
    lines += [f"{BODY}self.reset_parameters()"] if layer.weights else []
    return [*lines, *(line for child in program.children for line in _child(child))]


def _child(child: Child) -> list[str]:
    """A layer inside; other people's modules need not know of devices and types."""
    if child.arguments is None:
        made = f"{child.target}(device=device, dtype=dtype)"
    else:
        made = f"{child.target}({', '.join(child.arguments)}).to(device=device, dtype=dtype)"
    return assign(BODY, [f"self.{child.name}"], made)


def _forward(made: Shown) -> list[str]:
    layer, program = made.layer, made.program
    parameters = ["self", *(f"{variable(port.name)}: Tensor" for port in layer.inputs)]
    count = len(layer.outputs)
    result = "Tensor" if count == 1 else f"tuple[{', '.join(['Tensor'] * count)}]"
    ahead = fresh("leading", {name for form in program.forms for name in _variables(form)})
    lines = [*define(INDENT, "forward", parameters, result), *made.door.call(BODY)]
    opened = [port for port in layer.inputs if leading_axis(port.axes) is not None]
    if opened:
        lines += [f"{BODY}{ahead} = {leading(opened[0])}"]
    for port in opened:
        lines += assign(BODY, [variable(port.name)], _flattened(port, ahead))
    for variant in program.variants:
        found = folds(variant.program)
        calls = [_kept(each, made, alone=len(found) == 1) for each in found]
        lines += guard(BODY, variant, layer, calls)
        kept = dict(zip(found, calls, strict=True)) if len(found) > 1 else {}
        lines += _formats(BODY + INDENT, replaced(made, kept=kept), variant.program, ahead)
    return [*lines, *_formats(BODY, made, program, ahead)]


def _formats(margin: str, made: Shown, program: Program, ahead: str) -> list[str]:
    """The steps for images with the channels last, if these differ, and those for all others."""
    lines = []
    if other := program.channels_last:
        lines.append(f"{margin}if {CHANNELS_LAST}({', '.join(other.images)}):")
        lines += _computed(margin + INDENT, made, other.program, ahead)
    return [*lines, *_computed(margin, made, program, ahead)]


def _computed(margin: str, made: Shown, program: Program, ahead: str) -> list[str]:
    """The steps of one form of the layer, and its results with all leading axes."""
    layer = made.layer
    taken = _variables(program)
    last = program.body[-1] if program.body else None
    opened = any(leading_axis(port.axes) is not None for port in layer.inputs)
    if isinstance(last, Invoke) and last.targets == program.results and not opened:
        before = _steps(margin, made, program, program.body[:-1])
        return [*before, *_invoke(margin, "return ", last, made)]
    lines = _steps(margin, made, program, program.body)
    held = _held(layer)
    results = [replace(name, held) for name in program.results]
    for k, port in enumerate(layer.outputs):
        if opened and (at := leading_axis(port.axes)) is not None:
            restored = _restored(results[k], at, ahead)
            name = (
                fresh(variable(port.name), taken)
                if program.results.count(results[k]) > 1
                else results[k]
            )
            lines += assign(margin, [name], restored)
            results[k] = name
    return [*lines, *give(margin, results)]


def _held(layer: Layer) -> dict[str, str]:
    """How the variable of each weight is read."""
    return {variable(weight.name): attribute(weight.name) for weight in layer.weights}


def _variables(program: Program) -> frozenset[str]:
    """The names that the body of a layer uses."""
    steps = program.body
    targets = {name for step in steps for name in step.targets}
    given = {variable(port.name) for port in program.layer.inputs}
    return frozenset({*targets, *given, *(name for _, name in program.symbols), "self", "torch"})


def _flattened(port: Port, ahead: str) -> str:
    """All leading axes as one."""
    at = leading_axis(port.axes)
    assert at is not None
    behind = len(port.axes) - at - 1
    name = variable(port.name)
    parts = [f"*{name}.shape[:{at}]"] if at else []
    parts.append(f"math.prod({ahead})")
    parts += [f"*{name}.shape[{-behind}:]"] if behind else []
    return f"{name}.reshape({', '.join(parts)})"


def _restored(name: str, at: int, ahead: str) -> str:
    before = f"{name}.shape[:{at}] + " if at else ""
    return f"{name}.reshape({before}{ahead} + {name}.shape[{at + 1}:])"


def _steps(margin: str, made: Shown, program: Program, steps: Sequence[Line | Invoke]) -> list[str]:
    held = _held(made.layer)
    places = {place(step.origin) for step in program.body}
    lines: list[str] = []
    before = ""
    for step in steps:
        at = place(step.origin) if len(places) > 1 else ""
        if isinstance(step, Line):
            same = bool(program.children) and at == before and _keeps(step)
            said = "" if same else "   ".join(filter(None, (step.comment, at)))
            lines += comment(margin, said) if said else []
            lines += assign(margin, step.targets, replace(step.expression, held))
        else:
            lines += comment(margin, at) if at else []
            lines += _invoke(margin, f"{', '.join(step.targets)} = ", step, made)
        before = at
    return lines


def _keeps(line: Line) -> bool:
    """Whether a line gives the modes that it takes, and says nothing else: in a network, where
    layers follow one another, that need not be said of each."""
    result, arrow, operand = line.comment.partition(" <- ")
    return bool(arrow) and result == operand


def _invoke(margin: str, start: str, step: Invoke, made: Shown) -> list[str]:
    """The call of a routine, after the start of its statement."""
    held = _held(made.layer)
    arguments = [held.get(name, name) for name in step.arguments]
    if step.folded:
        arguments[-len(step.folded.targets) :] = [f"*{made.kept.get(step.folded, KEEP)}"]
    return bracketed(margin, f"{start}{made.parts[step.routine].apply}(", arguments, ")")


def _kept(fold: Invoke, made: Shown, alone: bool) -> str:
    """The call for what is kept of the weights; `alone`, it also decides whether they are."""
    held = _held(made.layer)
    weights = [held[name] for name in fold.arguments]
    function = "_kept" if alone else "_renewed"
    return f"{function}({', '.join(['self', made.parts[fold.routine].apply, *weights])})"
