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
    from tnc.emit.errors import ShapeError
    from tnc.fitting.activations import Activations
    from tnc.fitting.fit import fit
    from tnc.fitting.kernels import expand
    from tnc.fitting.report import FitReport

__version__ = VERSION
__all__ = [
    "Activations", "CompileError", "Diagnostic", "FitReport", "Library", "ShapeError", "check",
    "compile", "einsum", "expand", "fit", "layer", "load",
]  # fmt: skip

_HOMES = dict.fromkeys(("Library", "check", "load"), "tnc.api.library")
_HOMES |= {"compile": "tnc.api.compiled", "einsum": "tnc.api.einsum", "layer": "tnc.api.builder"}
_HOMES |= {"ShapeError": "tnc.emit.errors", "FitReport": "tnc.fitting.report"}
_HOMES |= {"expand": "tnc.fitting.kernels", "fit": "tnc.fitting.fit"}
_HOMES |= {"Activations": "tnc.fitting.activations"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tnc' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
