"""What an equation costs: the plan of its layer, made by a process that can be stopped."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tnc.diagnostics import Span
from tnc.driver.imports import is_standard, read
from tnc.elaborate import Settable, settable
from tnc.plan.text import amount
from tnc.syntax.module import Module

SECONDS = 20
"""How long a plan may take."""

ASSUMED: Mapping[str, str] = {"int": "64", "float": "0.5", "bool": "true", "[int]": "[4, 4, 4]"}
"""What stands for a parameter without a value, by its type."""

_KEPT = 32


@dataclass(slots=True)
class Costs:
    """Plans of layers, the last of which are kept as long as the text and what it imports stay."""

    _known: dict[tuple[str, ...], str | dict[str, Any]] = field(default_factory=dict)

    def plan(self, module: Module, layer: str, path: Path) -> dict[str, Any] | str:
        """The plan as `tnc plan --json` has it, or why there is none."""
        text = module.source.text
        key = (layer, str(path.parent), text, *_imported(module))
        if key not in self._known:
            found = settable(module.file, layer)
            self._known[key] = _planned(found[0], text, path) if found else "it is not read"
            while len(self._known) > _KEPT:
                del self._known[next(iter(self._known))]
        return self._known[key]


def _imported(module: Module) -> Iterator[str]:
    """The names and texts of the files that are imported, as they are saved: so the process that
    plans will read them."""
    for each in module.imports.values():
        if is_standard(each.source):
            continue
        yield each.source.name
        try:
            yield read(each.source.name).text
        except (OSError, UnicodeDecodeError):
            yield ""
        yield from _imported(each)


def _planned(layer: Settable, text: str, path: Path) -> dict[str, Any] | str:
    # -P: else Python would take modules that lie beside the text, `json.py`, for its own.
    words = [sys.executable, "-P", "-m", "tnc", "plan", "--json"]
    for each in layer.parameters:
        if each.required:
            if each.type not in ASSUMED:
                return f"`{each.name}` has no value"
            words += ["--set", f"{each.name}={ASSUMED[each.type]}"]
    words += ["--", f"-:{layer.name}"]  # the text comes over stdin
    folder = path.parent if path.parent.is_dir() else Path.cwd()
    try:
        done = subprocess.run(
            words,
            input=text.encode(),
            capture_output=True,
            cwd=folder,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it takes more than {SECONDS} s"
    if done.returncode:
        return (done.stderr.decode(errors="replace").splitlines() or ["it failed"])[0]
    plan: dict[str, Any] = json.loads(done.stdout)
    return plan


def told(plan: dict[str, Any] | str, statement: Span, layer: Settable) -> str:
    """The cost of the steps that come from a statement, as a table."""
    if isinstance(plan, str):
        return f"no plan: {plan}"
    lines = range(statement.line, statement.end_line + 1)
    steps = [each for each in plan["steps"] if not each["layer"] and each["line"] in lines]
    rows = [
        f"| {' * '.join(f'`{each}`' for each in step['operands'])} → `{step['result']}` "
        f"| {step['kind']} | {amount(step['macs']).strip()} |"
        for step in steps
    ]
    total = amount(sum(step["macs"] for step in steps)).strip()
    backward = amount(sum(sum(step["macs_gradients"]) for step in steps)).strip()
    sizes = [f"{name} = {size}" for name, size in plan["binding"].items()]
    sizes += [f"{p.name} = {ASSUMED[p.type]}" for p in layer.parameters if p.required]
    head = f"**{total}** multiply-adds forward, **{backward}** backward"
    table = ["| step | kind | macs |", "|---|---|---|", *rows] if rows else []
    at = f"planned at {', '.join(sizes)}" if sizes else ""
    return "\n".join([head, "", *table, "", at]).strip()
