"""How the parameters and buffers of a layer start."""

from __future__ import annotations

from tnc.emit.expression import replace
from tnc.emit.naming import attribute
from tnc.emit.prose import comment, place
from tnc.emit.statement import INDENT, assign, bracketed
from tnc.ir.layer import Initial, Weight
from tnc.ir.program import Program, Rescaled
from tnc.ir.size import Size

BODY = INDENT * 2
INNER = INDENT * 3

SUPPORT = '''\
def _widened(*tensors):
    """The tensors in float32 at least, to add up many squares; whole, where processes share them."""
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


def reset(program: Program) -> list[str]:
    """The method that gives every parameter and buffer its first value."""
    said = "Give every parameter and buffer its first value."
    lines = [f"{INDENT}def reset_parameters(self) -> None:", f'{BODY}"""{said}"""']
    lines += [line for weight in program.layer.weights for line in _start(weight)]
    if program.rescaled:
        lines.append(f"{BODY}with torch.no_grad():")
    lines += [line for each in program.rescaled for line in _rescaled(each)]
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


def _rescaled(made: Rescaled) -> list[str]:
    """One kernel: its squared norm, and the factor of its weights."""
    rescaling = made.rescaling
    conjugate = {variable: f"{name}.conj()" for variable, name in made.conjugates}
    variables = [variable for variable, _ in made.tensors]
    targets = f"({variables[0]},)" if len(variables) == 1 else ", ".join(variables)
    lines = comment(INNER, _said(made))
    lines += bracketed(
        INNER, f"{targets} = _widened(", [attribute(name) for _, name in made.tensors], ")"
    )
    for line in made.lines:
        lines += comment(INNER, line.comment) if line.comment else []
        lines += assign(INNER, line.targets, replace(line.expression, conjugate))
    scaled = ", ".join(attribute(name) for name in rescaling.weights)
    arguments = [f"[{scaled}]", f"{rescaling.degree}", made.square, f"{rescaling.target!r}"]
    return [*lines, *bracketed(INNER, "_rescale(", arguments, ")")]


def _said(made: Rescaled) -> str:
    rescaling = made.rescaling
    names = ", ".join(dict(made.tensors).values())
    at = place(rescaling.origin)
    return (
        f"The squares of the {rescaling.elements} elements of the kernel of {names} shall sum to "
        f"{rescaling.target:.6g}; {made.square}, the network contracted with its conjugate, is "
        f"what they sum to{f' ({at})' if at else ''}."
    )
