"""`tnc.einsum`: one equation, any number of tensors, convolutions included."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tnc.diagnostics import Report, Source
from tnc.driver.build import build, print_module
from tnc.driver.options import Options
from tnc.elaborate import elaborate_einsum
from tnc.emit.errors import ShapeError
from tnc.emit.load import load_module
from tnc.syntax.parse import parse_einsum

if TYPE_CHECKING:
    from torch import Tensor

CACHED = 512
"""Compiled equations that are kept."""


def einsum(equation: str, *operands: Tensor) -> Tensor:
    """Contract tensors as `equation` says.

    `n s h w, r s -> n r h w`: modes separated by spaces may be words; without spaces each letter
    is a mode. A mode of one operand that is not in the result is summed; twice in one operand it
    is the diagonal. After `|` stand convolution relations, their options after `;`:

        where = "h' = h*i, w' = w*j; pad=same"
        tnc.einsum(f"n s h w, r s, r i, r j, r t -> n t h' w' | {where}", x, A, C, D, B)

    The order of contraction is planned for these sizes; the compiled function is cached. The
    result is differentiable, any number of times, in forward and reverse mode.

    Errors: CompileError when the equation and the tensors do not fit.
    """
    for k, operand in enumerate(operands):
        if not hasattr(operand, "shape"):
            raise TypeError(f"operand {k} of einsum is a {type(operand).__name__}, not a tensor")
    result: Tensor = _compiled(equation, tuple(tuple(each.shape) for each in operands))(*operands)
    return result


@lru_cache(maxsize=CACHED)
def _compiled(equation: str, shapes: tuple[tuple[int, ...], ...]) -> Any:
    source = Source("<einsum>", equation)
    report = Report()
    tree = parse_einsum(source, report)
    report.raise_errors()
    layer = elaborate_einsum(tree, source, shapes, report)
    report.raise_errors()
    assert layer is not None
    options = Options()
    text = print_module([source], [build(layer, options)], options)
    return getattr(load_module(text, shape_error=ShapeError), layer.name)()
