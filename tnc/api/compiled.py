"""`tnc.compile`: the text of a module, the module, and its plan."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import ModuleType

from tnc.api.files import open_unit
from tnc.api.notebook import layer_html, plan_html, show_layers
from tnc.api.settings import plain
from tnc.api.tuning import SECONDS, Stopwatch, setting
from tnc.diagnostics import CompileError, Diagnostic, Report
from tnc.driver.binding import refused
from tnc.driver.build import compile_unit
from tnc.driver.comparison import compared
from tnc.driver.front import ENCODING, Unit
from tnc.driver.limit import amount
from tnc.driver.options import Backward, Objective, Options, Request
from tnc.driver.origin import remember
from tnc.driver.profiles import profile_named
from tnc.driver.requests import distribute, elaborated, ready
from tnc.driver.tuner import Tuner
from tnc.driver.writing import write_whole
from tnc.elaborate import offered
from tnc.emit.errors import ShapeError
from tnc.emit.load import load_module
from tnc.ir.plan import Plan


@dataclass(frozen=True)
class Compiled:
    """A compiled `.tnn`.

    `source`: the text of the generated module, the same bytes that `tnc compile` writes.
    `plans`: one per layer, by name. `diagnostics`: the warnings. `unit`, `requests`, `options`:
    what was compiled, and how.
    """

    source: str
    plans: Mapping[str, Plan]
    diagnostics: tuple[Diagnostic, ...]
    unit: Unit = field(repr=False)
    requests: Sequence[Request] = field(repr=False)
    options: Options = field(repr=False)

    @cached_property
    def module(self) -> ModuleType:
        """The generated module, imported: `compiled.module.CPConv()`."""
        module = load_module(self.source, shape_error=ShapeError)
        show_layers(module, self.unit, self.requests, self.options.binding)
        remember(module, self.unit, self.requests)
        return module

    @property
    def plan(self) -> Plan:
        """The plan of the only layer; AttributeError where there are several (see `plans`)."""
        if len(self.plans) != 1:
            raise AttributeError(
                f"{len(self.plans)} layers were compiled: take one of "
                + ", ".join(f"`.plans[{name!r}]`" for name in self.plans)
            )
        (plan,) = self.plans.values()
        return plan

    @cached_property
    def compared(self) -> Mapping[str, Plan]:
        """The plans, with the predicted times of their `alternatives`: the orders that were not
        chosen, and the dense layer. This takes as long as planning."""
        layers = elaborated(self.unit, self.requests, Report())
        return {
            layer.name: compared(layer, self.plans[layer.name], self.options) for layer in layers
        }

    def _repr_html_(self) -> str:
        """The diagram of every layer, and its plan."""
        return "".join(
            f"{layer_html(self.unit, request, self.options.binding)}{plan_html(plan)}"
            for request, plan in zip(self.requests, self.plans.values(), strict=True)
        )

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write the module whole or not at all. OSError when the place cannot be written."""
        target = Path(path)
        write_whole(target, self.source.encode(ENCODING))
        return target


def compile(
    path: str | os.PathLike[str] | None = None,
    layer: str | None = None,
    *,
    source: str | None = None,
    set: Mapping[str, object] | None = None,
    bind: Mapping[str, int] | None = None,
    objective: Objective = "time",
    backward: Backward = "derived",
    profile: str = "cpu",
    memory_limit: int | str | None = None,
    cache: bool = True,
    tune: bool | float = False,
) -> Compiled:
    """Compile a layer of a `.tnn` file or of the standard library (`"std.nets"`), or of the text
    `source`.

    `layer`: its name; without it every layer whose parameters are all set. `set`: its parameters;
    a layer is a text as on the command line, `"CP(ratio: 0.1)"`, or one of a library, `lib.CP`;
    `{"Stage.R": 8}` is for the layers inside.
    `bind`: sizes of run-time modes for which the plan is made; the module accepts every size.
    `objective`: `time`, `macs` or `memory`. `backward`: `derived` emits the gradient code,
    `autograd` only the planned forward, `auto` decides by size. `profile`: `cpu`, `cuda`,
    `machine` (as `tnc calibrate` measured it), or the path of a measured profile.
    `memory_limit`: what forward and backward may have allocated at once, besides inputs and
    weights, at the sizes of the plan: bytes, or a text like `"2GiB"`.
    `tune`: measure several orders of every layer on this machine, for ten or for so many seconds
    each, and take the quickest; on a GPU if the profile is `cuda`.

    Errors: CompileError with every diagnostic; OSError when the file cannot be read; ValueError
    for options that make no sense, such as a mode in `bind` that no layer has.
    """
    if tune and objective != "time":
        raise ValueError(f"tuning measures time: it does not go with objective={objective!r}")
    unit = open_unit(path, source)
    options = Options(
        binding=dict(bind or {}),
        objective=objective,
        backward=backward,
        profile=profile_named(profile),
        cache=cache,
        memory_limit=amount(memory_limit) if isinstance(memory_limit, str) else memory_limit,
        tuner=_tuner(tune, profile) if tune else None,
    )
    return compile_requests(unit, _requests(unit, layer, plain(set or {})), options)


def _tuner(seconds: bool | float, profile: str) -> Tuner:
    spent = SECONDS if seconds is True else float(seconds)
    return Stopwatch(setting("cuda" if profile == "cuda" else "cpu", spent))


def compile_requests(unit: Unit, requests: Sequence[Request], options: Options) -> Compiled:
    """Compile layers of one unit into one module."""
    output = compile_unit(unit, requests, options)
    if (why := refused([each.layer for each in output.built], options.binding)) is not None:
        raise ValueError(why)
    plans = {each.layer.name: each.plan for each in output.built}
    return Compiled(output.text, plans, output.diagnostics, unit, tuple(requests), options)


def _requests(unit: Unit, layer: str | None, settings: Mapping[str, object]) -> tuple[Request, ...]:
    if layer is not None:
        return distribute(unit, [layer], settings)
    names = [each.name for each in ready(unit, settings)]
    if not names:
        report = Report()
        report.add(*unit.said)
        report.raise_errors()
        listed = ", ".join(f"`{each.name}`" for each in offered(unit.module)) or "none"
        report.error(
            "E0106",
            "no layer has all its parameters set",
            unit.source.everything(),
            f"layers here: {listed}",
        )
        raise CompileError(report.diagnostics)
    return distribute(unit, names, settings)
