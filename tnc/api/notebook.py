"""What notebooks show: the diagrams of layers, and plans with their tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from types import ModuleType

from tnc.diagnostics import Report
from tnc.draw.diagram import Diagram
from tnc.draw.layout import picture
from tnc.draw.plans import plan_diagram
from tnc.draw.source import source
from tnc.draw.svg import svg
from tnc.driver.front import Unit
from tnc.driver.options import Request
from tnc.driver.requests import elaborated
from tnc.ir.plan import Plan
from tnc.plan.report import table


def layer_html(
    unit: Unit, request: Request, binding: Mapping[str, int], *, sketch: bool = False
) -> str | None:
    """The diagram of a layer; a `sketch` may lack parameters, and is None where what it contains
    depends on them."""
    report = Report()
    layers = elaborated(unit, [request], report, sketch=sketch)
    report.raise_errors()
    return _framed(source(layers[0], binding)) if layers else None


def plan_html(plan: Plan) -> str:
    """The steps of the layer itself as a diagram, and the table of the whole plan."""
    drawn = _framed(plan_diagram(plan)) if plan.own else ""
    return f"{drawn}<pre>{escape(table(plan))}</pre>"


def _framed(diagram: Diagram) -> str:
    """A picture that can be scrolled where it is wider than the page."""
    return f'<div style="overflow-x: auto">{svg(picture(diagram))}</div>'


def show_layers(
    module: ModuleType, unit: Unit, requests: Sequence[Request], binding: Mapping[str, int]
) -> None:
    """Let instances of the classes of a generated module, which knows nothing of this, show the
    layers that they were made of."""

    def shows(request: Request) -> object:
        return lambda self: layer_html(unit, request, binding)

    for request in requests:
        getattr(module, request.layer)._repr_html_ = shows(request)


# A plan is a noun of the compiler, to which pictures are unknown.
Plan._repr_html_ = plan_html  # type: ignore[attr-defined]
