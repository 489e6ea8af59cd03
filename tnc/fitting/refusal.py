"""Layers that cannot be fitted: E0503, at the place in the `.tnn` that is in the way."""

from __future__ import annotations

from tnc.diagnostics import CompileError, Report, Span
from tnc.diagnostics.diagnostic import Help
from tnc.ir.layer import Layer

CODE = "E0503"
INSTEAD = "train it instead (`tnc.tune_sequential`), or fit layers that are its linear parts"


class Unfit(Exception):
    """Why a layer is not a network of weights that its input meets once; `span` is the place."""

    def __init__(self, why: str, span: Span | None, help: str = "") -> None:
        super().__init__(why)
        self.why, self.span, self.help = why, span, help

    def refusal(self, layer: Layer) -> CompileError:
        """The same as a diagnostic about `layer`."""
        report = Report()
        report.error(
            CODE,
            f"`{layer.name}` cannot be fitted: {self.why}",
            self.span or layer.origin,
            "in the way",
            help=(Help(self.help or INSTEAD),),
        )
        return CompileError(report.diagnostics)
