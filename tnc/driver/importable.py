"""Whether what externs stand for exists: only a build asks, and only for what is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module

from tnc.diagnostics import Help, Report, Span, did_you_mean
from tnc.driver.imports import STANDARD
from tnc.driver.network import functions
from tnc.ir.layer import Foreign, Layer
from tnc.syntax import tree
from tnc.syntax.module import Module


def check_importable(layers: Sequence[Layer], report: Report, module: Module | None = None) -> None:
    """E0403 for each name that Python cannot find, where `module` writes it. Those of the standard
    library are known."""
    found = {**dict(_targets(layers)), **dict(_written(module) if module else ())}
    for target in dict(_targets(layers)):
        span = found[target]
        if span.file.startswith(f"{STANDARD}/"):
            continue
        if reason := _missing(target):
            text = f"`{target}` cannot be imported"
            report.error("E0403", text, span, reason, help=_help(target, span))


def _written(module: Module) -> Iterator[tuple[str, Span]]:
    """Where the dotted names stand; those of a file before those of what it imports."""
    for item in module.file.items:
        if isinstance(item, tree.Extern):
            target = item.target.function if isinstance(item.target, tree.Call) else item.target
            yield "".join(target.span.text.split()), target.span
    for each in module.imports.values():
        yield from _written(each)


def _targets(layers: Sequence[Layer]) -> Iterator[tuple[str, Span]]:
    """What layers need of Python, each with a place where that is if no file of these writes it."""
    for layer in layers:
        for instance in layer.instances:
            if isinstance(instance.callee, Foreign):
                yield instance.callee.target, instance.callee.origin
        yield from ((name, layer.origin) for name in functions(layer))


def _help(target: str, span: Span) -> tuple[Help, ...]:
    """What the last name of a dotted one was perhaps meant to be, where it is written."""
    *path, last = target.split(".")
    place = Span(span.source, span.end - len(last), span.end)
    if not path or place.text != last:
        return ()
    found, _ = _imported(path[0])
    for name in path[1:]:
        found = getattr(found, name, None)
    return did_you_mean(place, (name for name in dir(found) if not name.startswith("_")))


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
                return f"there is no `{path}`" + ("" if path in error else f" ({error})")
        found = getattr(found, name)
    return "" if callable(found) else f"`{target}` cannot be called"


def _imported(module: str) -> tuple[object, str]:
    """A module, and why it cannot be imported. Importing runs it, and what others have written may
    raise anything: that is an answer, too."""
    try:
        return import_module(module), ""
    except Exception as error:  # noqa: BLE001 - what others have written
        return None, str(error) or type(error).__name__
