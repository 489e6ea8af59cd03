"""A layer of a `.tnn`, measured beside the dense layer and beside PyTorch's own gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from torch import nn

from tnc.api.figures import Figures, Setting, measured
from tnc.driver.build import compile_unit, dense_module
from tnc.driver.front import Unit
from tnc.driver.options import Built, Options, Output, Request
from tnc.driver.trial import shapes
from tnc.driver.tuner import Unmeasurable
from tnc.emit.errors import ShapeError
from tnc.emit.load import load_module
from tnc.ir.plan import Plan
from tnc.record import record

RAISED = (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)
"""What layers raise for inputs that they do not take."""

OURS, DENSE, PLAIN = "this plan", "dense", "plain autograd"


@record
class Candidate:
    """A module's text; `plan`: what it is predicted to take, where that is known."""

    name: str
    text: str
    plan: Plan | None = None


def candidates(
    unit: Unit, request: Request, options: Options, output: Output
) -> tuple[Candidate, ...]:
    """The layer, which is compiled already, and what it is compared with."""
    found = [Candidate(OURS, output.text, output.built[0].plan)]
    if (dense := dense_module(output.built[0].layer, replace(options, tuner=None))) is not None:
        found.append(Candidate(DENSE, *dense))
    plain = compile_unit(unit, [request], replace(options, backward="autograd"))
    return (*found, Candidate(PLAIN, plain.text))


def bench(
    found: tuple[Candidate, ...],
    built: Built,
    setting: Setting,
    begin: Callable[[int], object],
) -> dict[str, Figures]:
    """Measure the candidates in one run, but for a dense layer that memory does not hold. Errors:
    `Unmeasurable`."""
    given = shapes(built.layer, dict(built.plan.binding))
    try:
        return measured(_layers(found, built.layer.name), given, setting, begin)
    except RAISED as error:
        said = next(iter(str(error).splitlines()), type(error).__name__)
        listed = ", ".join(str(list(shape)) for shape in given)
        raise Unmeasurable(
            f"`{built.layer.name}` does not take random inputs of shape {listed}: {said}"
        ) from error


def _layers(found: tuple[Candidate, ...], name: str) -> dict[str, nn.Module]:
    """The candidates as layers. A dense one may be too large to be made: the factors exist because
    of that."""
    made: dict[str, nn.Module] = {}
    for each in found:
        layer = getattr(load_module(each.text, shape_error=ShapeError), name)
        try:
            made[each.name] = layer()
        except RuntimeError:
            if each.name != DENSE:
                raise
    return made
