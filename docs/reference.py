"""Prints docs/api.md, the page of what Python users call, from signatures and docstrings.

`make golden` writes the page anew.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from textwrap import dedent

import tnc
import tnc.importer
from tnc.api.compiled import Compiled
from tnc.api.expressions import Expression
from tnc.api.library import LayerFactory
from tnc.ir.plan import Alternative, Branch, Plan, Step

OPENING = """\
# Python

`import tnc` is quick: PyTorch is imported by the first thing that needs it. What follows is
generated from the signatures and docstrings, and its examples are run by the tests, with

```python
import torch
import tnc

x, A, B = torch.randn(8, 64, 32, 32), torch.randn(16, 64), torch.randn(16, 32)
C, D = torch.randn(16, 3), torch.randn(16, 3)
```"""

SECTIONS: dict[str, tuple[object, ...]] = {
    "Layers of a file": (tnc.load, tnc.Library, LayerFactory),
    "Compiling": (tnc.compile, Compiled),
    "Plans": (Plan, Step, Alternative, Branch),
    "Checking": (tnc.check, tnc.Diagnostic, tnc.CompileError, tnc.ShapeError),
    "Equations": (tnc.einsum,),
    "Compressing": (tnc.compress, tnc.Compressed),
    "Fitting": (tnc.fit, tnc.FitReport, tnc.Activations, tnc.expand),
    "Tuning": (
        tnc.tune_sequential,
        tnc.SequentialReport,
        tnc.tune_end_to_end,
        tnc.EndToEndReport,
        tnc.reestimate,
    ),
    "Layers written in Python": (tnc.layer, Expression),
}

WIDTH = 96


def page() -> str:
    """The whole page, as Markdown."""
    parts = [OPENING]
    for title, things in SECTIONS.items():
        parts.append(f"## {title}")
        parts += [part for thing in things for part in entry(thing)]
    parts += ["## Importing `.tnn` files", prose(inspect.getdoc(tnc.importer) or "")]
    return "\n\n".join(parts) + "\n"


def entry(thing: object) -> Iterator[str]:
    """A function, or a class with its public members."""
    name = getattr(thing, "__name__", "")
    public = name in tnc.__all__
    yield f"### {'tnc.' if public else ''}{name}"
    if inspect.isfunction(thing):
        yield signature(f"tnc.{name}", thing)
    elif name == "layer":
        yield signature("tnc.layer", thing)
    yield prose(inspect.getdoc(thing) or "")
    if inspect.isclass(thing):
        if is_dataclass(thing) and thing.__module__.startswith("tnc.ir"):
            yield "\n".join(f"- `{each.name}: {each.type}`" for each in fields(thing))
        if listed := "\n".join(members(thing)):
            yield listed


def members(thing: type) -> Iterator[str]:
    """The public methods and properties that a class itself defines, as a list."""
    for name, value in vars(thing).items():
        function = getattr(value, "fget", getattr(value, "func", value))
        text = inspect.getdoc(function) if callable(function) else None
        if text and not name.startswith("_") and not isinstance(value, type):
            shown = f"{name}{brief(function)}" if inspect.isfunction(value) else name
            yield f"- `.{shown}`: {' '.join(text.split())}"


def brief(function: object) -> str:
    """The parameters without types, since those of methods are said in words."""
    parameters = list(inspect.signature(function).parameters.values())[1:]  # type: ignore[arg-type]
    bare = [each.replace(annotation=inspect.Parameter.empty) for each in parameters]
    return str(inspect.Signature(bare))


def signature(name: str, thing: object) -> str:
    """With types, on one line or one parameter a line."""
    found = inspect.signature(thing)  # type: ignore[arg-type]
    line = re.sub(r"(: |-> )'([^']*)'", r"\1\2", f"{name}{found}").removesuffix(" -> None")
    if len(line) > WIDTH:
        inside, _, result = line.partition("(")[2].rpartition(")")
        rows = "".join(f"    {each},\n" for each in re.split(r", (?![^\[]*\])", inside))
        line = f"{name}(\n{rows}){result}"
    return f"```text\n{line}\n```"


def prose(text: str) -> str:
    """A docstring as Markdown: what is indented is code, a paragraph is a line."""
    parts = []
    for part in re.split(r"\n\n+", text):
        if part.startswith("    "):
            parts.append(f"```python\n{dedent(part)}\n```")
        else:
            parts.append(part)
    return "\n\n".join(parts).replace("```\n\n```python\n", "\n")


if __name__ == "__main__":
    print(page(), end="")
