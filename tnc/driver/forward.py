"""Layers of which no derivative is wanted: planned, lowered and printed for their values alone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from tnc.driver.build import print_module
from tnc.driver.drafts import Draft
from tnc.driver.options import Built, Options
from tnc.driver.project import make
from tnc.driver.undifferentiated import undifferentiated
from tnc.gradient.regions import regions
from tnc.ir.layer import Layer
from tnc.plan.planner import plan_graph

OPTIONS = Options(backward="autograd")


def forward_module(layers: Sequence[Layer]) -> str:
    """The text of one module with a class for each layer. All sizes are known. The order of
    contraction is quick for the forward alone, and found without a long search."""
    return print_module([layers[0].source], [_built(each) for each in layers], OPTIONS)


def _built(layer: Layer) -> Built:
    planned = plan_graph(layer.builder, layer.graph, {}, training=False, cache=None, thorough=False)
    derived = tuple(map(partial(undifferentiated, layer.builder), regions(planned.graph)))
    made = make(layer, {}, OPTIONS, Draft(planned, derived, 0, 0))
    return Built(layer, made.plan, made.program)
