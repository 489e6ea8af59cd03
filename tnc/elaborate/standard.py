"""What `std.nn` has to offer to those who forgot to import it."""

from tnc.diagnostics import Edit, Help, Span, closest, did_you_mean

LAYERS = frozenset({
    "AvgPool1d", "AvgPool2d", "AvgPool3d", "BatchNorm", "Embedding", "GroupNorm",
    "InstanceNorm", "LayerNorm", "Linear", "MaxPool1d", "MaxPool2d", "MaxPool3d", "PReLU",
    "PadChannels2d", "Positions", "RMSNorm", "celu", "dropout", "dropout_channels", "flatten",
    "hardsigmoid", "hardswish", "hardtanh", "logsigmoid", "mish", "relu6", "selu", "softsign",
})  # fmt: skip
"""The layers and externs of `std.nn`, known without reading it. A test holds this to the file."""


def suggested(span: Span, known: frozenset[str], head: Span | None) -> tuple[Help, ...]:
    """Where the layer or function written at `span` may be found: in `std.nn` under this name, in
    the file under one like it, in `std.nn` under one like it. `head`: where imports can be put."""
    if span.text in LAYERS:
        line = f"from std.nn import {span.text}"
        edits = () if head is None else (Edit(head, f"\n{line}"),)
        return (Help(f"write `{line}` above", edits),)
    if help := did_you_mean(span, known):
        return help
    found = closest(span.text, LAYERS)
    return tuple(Help(f"`std.nn` has `{each}`: `from std.nn import {each}`") for each in found[:1])
