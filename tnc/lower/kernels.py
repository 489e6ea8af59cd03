"""The table of kernels: which rule lowers which operation."""

from __future__ import annotations

from collections.abc import Callable

from tnc.ir.graph import Op, Value
from tnc.lower import applied, convolutions, elementwise, moves, products
from tnc.lower.forms import Form, solid
from tnc.lower.pieces import Diagonal, Every, Flip, Ones, Overlap, Pad, Windows, Wrap
from tnc.lower.roles import product_roles
from tnc.lower.ways import Site, Step, Way
from tnc.ops import Add, Apply, Border, Call, Contract, Mask, Rename, Scale

Kernel = Callable[[Site], list[Way]]


def contract_ways(site: Site) -> list[Way]:
    assert isinstance(site.value.op, Contract)
    if site.value.op.patterns:
        return convolutions.convolution_ways(site)
    if len(site.forms) == 1:
        return moves.reduce_ways(site)
    if not solid(product_roles(site.value).contracted):
        return elementwise.multiply_ways(site)
    return [*products.product_ways(site), *convolutions.pointwise_ways(site)]


KERNELS: dict[type[Op], Kernel] = {
    Add: elementwise.add_ways,
    Apply: applied.apply_ways,
    Border: moves.border_ways,
    Call: elementwise.call_ways,
    Contract: contract_ways,
    Diagonal: moves.diagonal_ways,
    Every: moves.every_ways,
    Flip: moves.flip_ways,
    Mask: elementwise.mask_ways,
    Ones: moves.ones_ways,
    Overlap: moves.overlap_ways,
    Pad: moves.pad_ways,
    Scale: elementwise.scale_ways,
    Windows: moves.windows_ways,
    Wrap: moves.wrap_ways,
}


def ways(site: Site) -> list[Way]:
    """Every way of computing a step."""
    if len(site.step.values) > 1 and isinstance(site.value.op, Contract):
        return convolutions.both_ways(site)
    return KERNELS[type(site.value.op)](site)


def adapted(site: Site, planned: Way) -> Way:
    """The planned way, for the axes that the operands have: what works on any axes leaves modes
    together which share one already."""
    if not flexible(site.step):
        return planned
    found = ways(site)
    order = planned.gives[0].order
    return next((way for way in found if way.gives[0].order == order), found[0])


def flexible(step: Step) -> bool:
    """Whether the kernel works on any axes: no matrix product, convolution or call of a layer."""
    value, *more = step.values
    if more or isinstance(value.op, Apply):
        return False
    if not isinstance(value.op, Contract) or len(value.operands) == 1:
        return True
    return not (value.op.patterns or solid(product_roles(value).contracted))


def alias(value: Value, form: Form) -> Form | None:
    """The form of a value that is its operand under other names, or with other modes of size 1;
    None where something is computed."""
    (operand,) = value.operands
    if isinstance(value.op, Rename):
        named = dict(zip(operand.type.modes, value.op.modes, strict=True))
        axes = tuple(tuple(named.get(mode, mode) for mode in axis) for axis in form.axes)
        return Form(axes, tuple(named.get(mode, mode) for mode in form.order))
    if isinstance(value.op, Contract) and set(solid(operand.type.modes)) == set(
        solid(value.type.modes)
    ):
        kept = value.type.modes
        axes = tuple(
            tuple(mode for mode in axis if not mode.unit or mode in kept) for axis in form.axes
        )
        return Form(axes, tuple(mode for mode in form.order if not mode.unit or mode in kept))
    return None


def aliased(value: Value) -> bool:
    """Whether `alias` gives a form."""
    return len(value.operands) == 1 and alias(value, Form((), ())) is not None
