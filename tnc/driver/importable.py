"""Whether what externs stand for exists: only a build asks, and only for what is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module

from tnc.diagnostics import Report, Span
from tnc.driver.imports import STANDARD
from tnc.driver.network import functions
from tnc.ir.layer import Foreign, Layer


def check_importable(layers: Sequence[Layer], report: Report) -> None:
    """E0403 for each name that Python cannot find. Those of the standard library are known."""
    found: dict[str, Span] = {}
    for target, span in _targets(layers):
        found.setdefault(target, span)
    for target, span in found.items():
        if not span.file.startswith(f"{STANDARD}/") and (reason := _missing(target)):
            report.error("E0403", f"`{target}` cannot be imported", span, reason)


def _targets(layers: Sequence[Layer]) -> Iterator[tuple[str, Span]]:
    for layer in layers:
        for instance in layer.instances:
            if isinstance(instance.callee, Foreign):
                yield instance.callee.target, instance.callee.origin
        for name in functions(layer):
            yield name, layer.origin


def _missing(target: str) -> str:
    """Why a dotted name leads nowhere; "" if it does lead to something."""
    module, *names = target.split(".")
    found, error = _imported(module)
    if error:
        return f"importing `{module}` fails: {error}"
    path = module
    for name in names:
        path += f".{name}"
        if not hasattr(found, name):
            _, error = _imported(path)
            if error:
                return f"there is no `{path}` ({error})"
        found = getattr(found, name)
    return "" if callable(found) else f"`{target}` cannot be called"


def _imported(module: str) -> tuple[object, str]:
    """A module, and why it cannot be imported: that of a user may raise anything."""
    try:
        return import_module(module), ""
    except Exception as error:  # noqa: BLE001
        return None, str(error) or type(error).__name__
