"""How the parameters and buffers of a layer start."""

from __future__ import annotations

from tnc.emit.naming import attribute
from tnc.emit.statement import INDENT, bracketed
from tnc.ir.layer import Initial, Layer, Weight
from tnc.ir.size import Size

BODY = INDENT * 2


def reset(layer: Layer) -> list[str]:
    """The method that gives every parameter and buffer its first value."""
    said = "Give every parameter and buffer its first value."
    lines = [f"{INDENT}def reset_parameters(self) -> None:", f'{BODY}"""{said}"""']
    return [*lines, *(line for weight in layer.weights for line in _start(weight))]


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
