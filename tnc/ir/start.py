"""How weights start: drawn, then brought to the scale of the kernel that they stand for."""

from __future__ import annotations

from tnc.diagnostics.span import Span
from tnc.ir.graph import Graph
from tnc.record import record

CONJUGATE = "*"
"""Ends the name of a leaf which is the complex conjugate of the weight before it: `A*`."""


@record
class Rescaling:
    """Weights that are multiplied by one number after they were drawn.

    `square`: the squared Frobenius norm of the kernel, as the *doubled network*: the network
    contracted with its conjugate, in which the modes that are summed have other names. It grows
    by the power `2·degree` of the weights, `degree` being how often they stand in the product,
    and shall become `target`. `elements`: how many the kernel has, hence their mean square is
    `target / elements`.
    """

    weights: tuple[str, ...]
    degree: int
    square: Graph
    target: float
    elements: int
    origin: Span | None
