"""What the docstring of a layer's class says."""

from __future__ import annotations

from textwrap import fill, wrap

from tnc.emit.statement import INDENT, WIDTH
from tnc.ir.layer import Axes, Layer


def settings(layer: Layer, like: Layer | None = None) -> str:
    """`S=16, T=16, R=4`: what differs from the defaults, or from another layer."""
    return ", ".join(f"{name}={value}" for name, value in layer.told(like))


def described(layer: Layer) -> str:
    """What the `.tnn` says: its doc, the equations, the shapes with named modes."""
    return "\n\n".join(filter(None, ("\n".join(_outlined(layer)), _sizes(layer))))


def likened(layer: Layer, other: Layer) -> str:
    """The same for a layer with the outline of another, told apart by what differs."""
    text = f"{other.name} with {settings(layer, other) or 'other layers inside'}."
    lines = wrap(text, WIDTH - 10, break_long_words=False, break_on_hyphens=False)
    outputs = _outputs(layer) if _outputs(layer) != _outputs(other) else []
    return "\n\n".join(filter(None, map("\n".join, (lines, outputs, [_sizes(layer)]))))


def outline(layer: Layer) -> str:
    """All but the outputs and the sizes."""
    paragraphs = [_documented(layer.doc.strip() or f"The layer {layer.name}.")]
    paragraphs.append("\n".join(map(_equation, layer.equations)))
    lines = [("Input", port.name, port.axes, "") for port in layer.inputs]
    lines += [
        ("Weight" if weight.trained else "Buffer", weight.name, weight.axes, weight.doc)
        for weight in layer.weights
    ]
    paragraphs.append("\n".join(_declared(*line) for line in lines))
    return "\n\n".join(filter(None, paragraphs))


def _outlined(layer: Layer) -> list[str]:
    return [outline(layer), *_outputs(layer)]


def _outputs(layer: Layer) -> list[str]:
    return [_declared("Output", port.name, port.axes, "") for port in layer.outputs]


def _sizes(layer: Layer) -> str:
    sizes = ", ".join(
        f"{mode} = {mode.size}" for mode in layer.modes if str(mode) != str(mode.size)
    )
    return fill(f"Sizes: {sizes}.", WIDTH - 4) if sizes else ""


def _documented(text: str) -> str:
    """The documentation as it is written, lines that are too long broken."""
    lines = [
        fill(line, WIDTH - 8, break_long_words=False, replace_whitespace=False)
        for line in text.splitlines()
    ]
    return "\n".join(lines)


def _equation(text: str) -> str:
    return fill(
        " ".join(text.split()),
        WIDTH - len(INDENT),
        initial_indent=INDENT,
        subsequent_indent=INDENT * 2,
        break_long_words=False,
    )


def _declared(kind: str, name: str, axes: Axes, doc: str) -> str:
    text = f"{kind:<7} {name}[{written(axes)}]"
    return f"{text}  {' '.join(doc.split())}" if doc else text


def written(axes: Axes) -> str:
    """Axes as the `.tnn` writes them: `n, (s1 s2), h`."""
    return ", ".join(
        f"({' '.join(map(str, axis))})" if len(axis) != 1 else str(axis[0]) for axis in axes
    )
