"""Diagnostics: places in a text, messages about them, and how these are shown."""

from tnc.diagnostics.diagnostic import Diagnostic, Edit, Help, Label, Severity
from tnc.diagnostics.report import CompileError, Report
from tnc.diagnostics.span import NOWHERE, Source, Span
from tnc.diagnostics.suggest import closest, did_you_mean, nearest

__all__ = [
    "NOWHERE",
    "CompileError",
    "Diagnostic",
    "Edit",
    "Help",
    "Label",
    "Report",
    "Severity",
    "Source",
    "Span",
    "closest",
    "did_you_mean",
    "nearest",
]
