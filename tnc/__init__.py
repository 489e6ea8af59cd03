"""tnc: a compiler for tensorial neural networks; importing it does not import PyTorch."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tnc.diagnostics import CompileError, Diagnostic
from tnc.version import VERSION

if TYPE_CHECKING:
    from tnc.api.builder import layer
    from tnc.api.compiled import compile
    from tnc.api.einsum import einsum
    from tnc.api.library import Library, check, load
    from tnc.compression.compress import Compressed, compress
    from tnc.emit.errors import ShapeError
    from tnc.finetune.end_to_end import tune_end_to_end
    from tnc.finetune.norms import reestimate
    from tnc.finetune.report import EndToEndReport, SequentialReport
    from tnc.finetune.sequential import tune_sequential
    from tnc.fitting.activations import Activations
    from tnc.fitting.fit import fit
    from tnc.fitting.kernels import expand
    from tnc.fitting.report import FitReport

__version__ = VERSION
__all__ = [
    "Activations", "CompileError", "Compressed", "Diagnostic", "EndToEndReport", "FitReport",
    "Library", "SequentialReport", "ShapeError", "check", "compile", "compress", "einsum",
    "expand", "fit", "layer", "load", "reestimate", "tune_end_to_end", "tune_sequential",
]  # fmt: skip

_NAMES = {
    "tnc.api.builder": "layer",
    "tnc.api.compiled": "compile",
    "tnc.api.einsum": "einsum",
    "tnc.api.library": "Library check load",
    "tnc.compression.compress": "Compressed compress",
    "tnc.emit.errors": "ShapeError",
    "tnc.finetune.end_to_end": "tune_end_to_end",
    "tnc.finetune.norms": "reestimate",
    "tnc.finetune.report": "EndToEndReport SequentialReport",
    "tnc.finetune.sequential": "tune_sequential",
    "tnc.fitting.activations": "Activations",
    "tnc.fitting.fit": "fit",
    "tnc.fitting.kernels": "expand",
    "tnc.fitting.report": "FitReport",
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tnc' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
