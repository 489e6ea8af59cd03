"""How the parameters and buffers of a layer start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill

from tnc.emit.expression import replace
from tnc.emit.naming import attribute, fresh
from tnc.emit.prose import comment, docstring, place
from tnc.emit.statement import INDENT, WIDTH, assign, bracketed, define, fits
from tnc.ir.layer import Initial, Weight
from tnc.ir.program import Program, Rescaled
from tnc.ir.size import Size

BODY = INDENT * 2
INNER = INDENT * 3

SUPPORT = '''\
def _widened(*tensors):
    """The tensors in float32 at least, to add up many squares; whole where processes share them."""
    whole = [each.full_tensor() if hasattr(each, "full_tensor") else each for each in tensors]
    return [each.to(torch.promote_types(each.dtype, torch.float32)) for each in whole]


def _rescale(weights, degree, square, target):
    """Multiply the weights by one number, such that the squared norm `square` of the kernel, in
    which they stand `degree` times, becomes `target`. A kernel of zeros stays as it is."""
    ratio = target / square.abs()
    number = torch.where(ratio.isfinite() & (ratio > 0), ratio ** (0.5 / degree), 1.0)
    for weight in weights:
        weight.copy_(number * weight.to(torch.promote_types(weight.dtype, torch.float32)))
'''
"""What the module needs if a layer of it rescales its weights."""


CHILDREN = (
    f"{BODY}for child in self.children():",
    f'{INNER}if hasattr(child, "reset_parameters"):',
    f"{INNER}{INDENT}child.reset_parameters()",
)
"""The layers inside start by themselves."""


RESET_INSIDE = "\n".join(
    (
        "def _reset_inside(self) -> None:",
        f'{INDENT}"""Give every parameter and buffer of the layers inside its first value."""',
        *(line.removeprefix(INDENT) for line in CHILDREN),
    )
)
"""The method of layers without weights of their own, in a module with several of them."""


def only_inside(program: Program) -> bool:
    """Whether a layer inside of others starts the layers that it contains, and nothing else."""
    return program.inside and bool(program.children) and not program.layer.weights


def reset(program: Program, squares: Squares, alone: bool) -> list[str]:
    """The method that gives every parameter and buffer its first value. `alone`: the module has
    no function for layers without weights."""
    if only_inside(program) and not alone:
        return [f"{INDENT}reset_parameters = _reset_inside"]
    said = "Give every parameter and buffer its first value."
    lines = [f"{INDENT}def reset_parameters(self) -> None:", f'{BODY}"""{said}"""']
    lines += [line for weight in program.layer.weights for line in _start(weight)]
    if program.rescaled:
        lines.append(f"{BODY}with torch.no_grad():")
    lines += [line for each in program.rescaled for line in _rescaled(each, squares)]
    return [*lines, *CHILDREN] if program.children else lines


def _start(weight: Weight) -> list[str]:
    tensor = attribute(weight.name)
    options = dict(weight.initial.options)
    match weight.initial:
        case Initial("zeros" | "ones" as kind):
            return [f"{BODY}nn.init.{kind}_({tensor})"]
        case Initial("normal"):
            return [f"{BODY}nn.init.normal_({tensor}, std={options.get('std', 1.0)!r})"]
        case Initial("uniform"):
            low, high = options.get("low", 0.0), options.get("high", 1.0)
            return [f"{BODY}nn.init.uniform_({tensor}, {low!r}, {high!r})"]
        case Initial("orthogonal" | "identity" as kind):
            return _matrix(weight, kind)
        case _:
            raise ValueError(f"weight {weight.name} starts as {weight.initial.kind}: unknown")


def _matrix(weight: Weight, kind: str) -> list[str]:
    """Matrices: the first axis against all others; in float32 at least, as their factorisation
    wants it."""
    sizes = [Size.product(mode.size for mode in axis).value or 0 for axis in weight.axes]
    rows, columns = (sizes or [1])[0], 1
    for size in sizes[1:]:
        columns *= size
    tensor = attribute(weight.name)
    options = f"device={tensor}.device"
    if kind == "identity":
        value = f"torch.eye({rows}, {columns}, {options})"
    else:
        value = f"nn.init.orthogonal_(torch.empty({rows}, {columns}, {options}))"
    return [
        f"{BODY}with torch.no_grad():",
        *bracketed(INDENT * 3, f"{tensor}.copy_(", [f"{value}.view({tensor}.shape)"], ")"),
    ]


Squares = Mapping[tuple[object, ...], str]
"""The functions for squared norms of kernels that several layers have in common, by `_essence`."""


def shared_squares(programs: Sequence[Program]) -> tuple[Squares, dict[str, list[list[str]]]]:
    """These functions, and their text by the name of the layer before which it is to stand."""
    users: dict[tuple[object, ...], list[tuple[Program, Rescaled]]] = {}
    for program in programs:
        for made in program.rescaled:
            users.setdefault(_essence(made), []).append((program, made))
    names: dict[tuple[object, ...], str] = {}
    texts: dict[str, list[list[str]]] = {}
    for essence, ((program, made), *others) in users.items():
        if others:
            layer = program.layer.name
            names[essence] = fresh(f"_{layer}_squares", names.values())
            texts.setdefault(layer, []).append(_function(names[essence], made))
    return names, texts


def _essence(made: Rescaled) -> tuple[object, ...]:
    return made.tensors, made.conjugates, made.lines, made.square, made.rescaling.origin


def _function(name: str, made: Rescaled) -> list[str]:
    variables = [variable for variable, _ in made.tensors]
    at = place(made.rescaling.origin)
    said = "The squared norm of the kernel: the network contracted with its conjugate"
    return [
        *define("", name, variables),
        *docstring(INDENT, fill(f"{said}{f' ({at})' if at else ''}.", WIDTH - 10)),
        *_contracted(INDENT, made, variables),
        f"{INDENT}return {made.square}",
    ]


def _rescaled(made: Rescaled, squares: Squares) -> list[str]:
    """One kernel: its squared norm, and the factor of its weights."""
    rescaling = made.rescaling
    tensors = [attribute(name) for _, name in made.tensors]
    square = made.square
    function = squares.get(_essence(made))
    lines = comment(INNER, _said(made, short=function is not None))
    if function and fits(INNER, f"{square} = {function}({', '.join(tensors)})"):
        square = f"{function}({', '.join(tensors)})"
    elif function:
        lines += bracketed(INNER, f"{square} = {function}(", tensors, ")")
    else:
        lines += _contracted(INNER, made, tensors)
    scaled = ", ".join(attribute(name) for name in rescaling.weights)
    arguments = [f"[{scaled}]", f"{rescaling.degree}", square, f"{rescaling.target!r}"]
    return [*lines, *bracketed(INNER, "_rescale(", arguments, ")")]


def _contracted(margin: str, made: Rescaled, tensors: Sequence[str]) -> list[str]:
    """The squared norm, step by step."""
    conjugate = {variable: f"{name}.conj()" for variable, name in made.conjugates}
    variables = [variable for variable, _ in made.tensors]
    targets = f"({variables[0]},)" if len(variables) == 1 else ", ".join(variables)
    lines = bracketed(margin, f"{targets} = _widened(", tensors, ")")
    for line in made.lines:
        lines += comment(margin, line.comment) if line.comment else []
        lines += assign(margin, line.targets, replace(line.expression, conjugate))
    return lines


def _said(made: Rescaled, short: bool) -> str:
    rescaling = made.rescaling
    if short:
        return f"{rescaling.elements} squares of the kernel shall sum to {rescaling.target:.6g}."
    names = ", ".join(dict(made.tensors).values())
    at = place(rescaling.origin)
    return (
        f"The squares of the {rescaling.elements} elements of the kernel of {names} shall sum to "
        f"{rescaling.target:.6g}; {made.square}, the network contracted with its conjugate, is "
        f"what they sum to{f' ({at})' if at else ''}."
    )
