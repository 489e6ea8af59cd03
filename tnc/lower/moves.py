"""Kernels of what moves, repeats or sums elements of one operand."""

from __future__ import annotations

from tnc.ir.layer import Axes
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.lower.forms import Form, Order, flat, solid
from tnc.lower.pieces import Diagonal, Every, Flip, Ones, Overlap, Pad, Windows, Wrap
from tnc.lower.ways import COPY, LAUNCH, Site, Way, apart, axis_of
from tnc.ops import Border, Contract

ZERO = Size.of(0)


def swapped(axes: Axes, old: Mode, *new: Mode) -> Axes:
    """Axes with `old` replaced; further modes become axes of their own at the end."""
    first, *more = new
    replaced = tuple(
        tuple(first if mode == old else mode for mode in axis) if old in axis else axis
        for axis in axes
    )
    return (*replaced, *((mode,) for mode in more))


def along(order: Order, old: Mode, *new: Mode) -> Order:
    """An order in memory with `old` replaced; a mode of size 1 may not have been in it."""
    if old not in order:
        return (*order, *new)
    at = order.index(old)
    return (*order[:at], *new, *order[at + 1 :])


def reduce_ways(site: Site) -> list[Way]:
    """A contraction of one operand: a sum, or a repetition."""
    assert isinstance(site.value.op, Contract)
    (form,) = site.forms
    keep = solid(site.value.op.keep)
    summed = [mode for mode in solid(form.modes) if mode not in keep]
    return [_sum(site, form, summed)] if summed else _repeats(form, keep)


def _sum(site: Site, form: Form, summed: list[Mode]) -> Way:
    axes: list[Order] = []
    for axis in form.axes:
        run: Order = ()
        for mode in solid(axis):
            if run and (run[-1] in summed) != (mode in summed):
                axes.append(run)
                run = ()
            run = (*run, mode)
        axes.append(run)
    dims = [k for k, axis in enumerate(axes) if axis and axis[0] in summed]
    kept = tuple(axis for k, axis in enumerate(axes) if k not in dims)
    order = tuple(mode for mode in form.order if mode not in summed)
    everything = len(dims) == len(axes)
    dim = "" if everything else str(dims[0]) if len(dims) == 1 else str(tuple(dims))
    cost = LAUNCH + COPY * site.measure(form.order)
    return Way((tuple(axes),), (Form(kept, order),), f"{{0}}.sum({dim})", cost=cost)


def _repeats(form: Form, keep: Order) -> list[Way]:
    """New modes first; or in the order in which the result is written."""
    new = tuple(mode for mode in keep if mode not in form.modes)
    found = [_repeat((*((mode,) for mode in new), *form.axes), new)]
    return [*found, _repeat(tuple((mode,) for mode in keep), new)]


def _repeat(axes: Axes, new: Order) -> Way:
    repeated = [bool(axis) and axis[0] in new for axis in axes]
    first = repeated.index(False) if False in repeated else len(axes)
    want = tuple(() if repeated[k] else axes[k] for k in range(first, len(axes)))
    sizes = (f"{{{k + 1}}}" if repeated[k] else "-1" for k in range(len(axes)))
    shape = ", ".join(sizes)
    return Way((want,), (Form(axes, flat(axes)),), f"{{0}}.expand({shape})", axes)


def pad_ways(site: Site) -> list[Way]:
    op = site.value.op
    assert isinstance(op, Pad)
    (form,) = site.forms
    axes = apart(form.axes, *(edge.mode for edge in op.edges))
    gives, order = axes, form.order
    for edge in op.edges:
        gives = swapped(gives, edge.mode, edge.padded)
        order = along(order, edge.mode, edge.padded)
    result = (Form(gives, order),)
    if all(_negative(edge.left) and _negative(edge.right) for edge in op.edges):
        return [_narrowed(op, axes, result)]
    places: dict[int, tuple[Size, Size]] = {
        axis_of(axes, edge.mode): (edge.left, edge.right) for edge in op.edges
    }
    numbers = [
        size
        for k in reversed(range(min(places), len(axes)))
        for size in places.get(k, (ZERO, ZERO))
    ]
    amounts = ", ".join(f"{{{k + 1}}}" for k in range(len(numbers)))
    text = f"torch.nn.functional.pad({{0}}, ({amounts}))"
    cost = LAUNCH + COPY * site.measure(order)
    return [Way((axes,), result, text, tuple(numbers), cost=cost)]


def _negative(size: Size) -> bool:
    return size.value is not None and size.value <= 0


def _narrowed(op: Pad, axes: Axes, result: tuple[Form, ...]) -> Way:
    text = "{0}"
    numbers: list[Size] = []
    for edge in op.edges:
        k = len(numbers)
        text += f".narrow({axis_of(axes, edge.mode)}, {{{k + 1}}}, {{{k + 2}}})"
        numbers += [-edge.left, edge.padded.size]
    return Way((axes,), result, text, tuple(numbers))


def wrap_ways(site: Site) -> list[Way]:
    op = site.value.op
    assert isinstance(op, Wrap)
    start, stop = -op.left, op.wrapped.size - op.left
    index = "torch.arange({1}, {2}, device={0}.device) % {3}"
    numbers = (start, stop, (op.mode,))
    return [_indexed(site, op.mode, op.wrapped, index, numbers, op.adjoint)]


def border_ways(site: Site) -> list[Way]:
    op = site.value.op
    assert isinstance(op, Border)
    last = op.mode.size - 1
    positions = "torch.arange({1}, {2}, device={0}.device)"
    numbers: tuple[Size | Order, ...] = (-op.left, op.padded.size - op.left, last)
    index = f"{positions}.clamp(0, {{3}})"
    if op.kind == "reflect":
        end = "({3})" if last.value is None else "{3}"
        index = f"{end} - ({positions} % {{4}} - {end}).abs()"
        numbers = (*numbers, Size.max(2 * last, 1))
    return [_indexed(site, op.mode, op.padded, index, numbers, op.adjoint)]


def _indexed(
    site: Site,
    mode: Mode,
    longer: Mode,
    index: str,
    numbers: tuple[Size | Order, ...],
    adjoint: bool,
) -> Way:
    """Positions of `longer` are copies of positions of `mode`; or, adjoint, are added to them."""
    (form,) = site.forms
    old, new = (longer, mode) if adjoint else (mode, longer)
    axes = apart(form.axes, old)
    dim = axis_of(axes, old)
    gives = swapped(axes, old, new)
    order = along(form.order, old, new)
    text = f"{{0}}.index_select({dim}, {index})"
    if adjoint:
        first = len(numbers) + 1
        shape = ", ".join(f"{{{first + k}}}" for k in range(len(gives)))
        text = f"{{0}}.new_zeros({shape}).index_add({dim}, {index}, {{0}})"
        numbers = (*numbers, *gives)
    cost = LAUNCH + COPY * 2 * site.measure((*order, *((longer,) if adjoint else ())))
    return Way((axes,), (Form(gives, order),), text, numbers, cost=cost)


def flip_ways(site: Site) -> list[Way]:
    op = site.value.op
    assert isinstance(op, Flip)
    (form,) = site.forms
    axes = apart(form.axes, *op.modes)
    dims = ", ".join(str(axis_of(axes, mode)) for mode in op.modes)
    cost = LAUNCH + COPY * site.measure(form.order)
    return [Way((axes,), (Form(axes, form.order),), f"{{0}}.flip({dims})", cost=cost)]


def every_ways(site: Site) -> list[Way]:
    op = site.value.op
    assert isinstance(op, Every)
    (form,) = site.forms
    old, new = (op.result, op.mode) if op.adjoint else (op.mode, op.result)
    axes = apart(form.axes, old)
    dim = axis_of(axes, old)
    gives = swapped(axes, old, new)
    order = along(form.order, old, new)
    if not op.adjoint:
        index = ":, " * dim + f"::{op.stride}"
        return [Way((axes,), (Form(gives, order),), f"{{0}}[{index}]")]
    shape = ", ".join(f"{{{k + 1}}}" for k in range(len(gives)))
    text = f"torch.ops.aten.slice_backward({{0}}, [{shape}], {dim}, 0, {{{dim + 1}}}, {op.stride})"
    cost = LAUNCH + COPY * site.measure(order)
    return [Way((axes,), (Form(gives, order),), text, gives, cost=cost)]


def windows_ways(site: Site) -> list[Way]:
    op = site.value.op
    assert isinstance(op, Windows)
    (form,) = site.forms
    axes = apart(form.axes, op.mode)
    gives = swapped(axes, op.mode, op.result, op.tap)
    order = (*along(form.order, op.mode, op.result), op.tap)
    reach = op.dilation * (op.tap.size - 1) + 1
    text = f"{{0}}.unfold({axis_of(axes, op.mode)}, {{1}}, {op.stride})"
    if op.dilation > 1:
        text += f"[..., ::{op.dilation}]"
    return [Way((axes,), (Form(gives, order),), text, (reach,))]


def overlap_ways(site: Site) -> list[Way]:
    op = site.value.op
    assert isinstance(op, Overlap)
    (form,) = site.forms
    rest = tuple(
        part
        for part in apart(form.axes, op.result, op.tap)
        if part not in ((op.result,), (op.tap,))
    )
    gives = (*rest, (op.mode,))
    index = [
        _multiple(op.stride, "torch.arange({1}, device={0}.device)[:, None]"),
        _multiple(op.dilation, "torch.arange({2}, device={0}.device)"),
    ]
    shape = ", ".join(f"{{{k + 3}}}" for k in range(len(gives)))
    text = f"{{0}}.new_zeros({shape}).index_add(-1, ({' + '.join(index)}).flatten(), {{0}})"
    return [
        Way(
            ((*rest, (op.result, op.tap)),),
            (Form(gives, flat(gives)),),
            text,
            ((op.result,), (op.tap,), *gives),
            cost=LAUNCH + COPY * 4 * site.measure(form.order),
        )
    ]


def _multiple(factor: int, text: str) -> str:
    return text if factor == 1 else f"{factor} * {text}"


def diagonal_ways(site: Site) -> list[Way]:
    op = site.value.op
    assert isinstance(op, Diagonal)
    (form,) = site.forms
    first = apart(form.axes, op.mode, op.copy) if not op.adjoint else apart(form.axes, op.mode)
    rest = tuple(part for part in first if part not in ((op.mode,), (op.copy,)))
    if op.adjoint:
        gives = (*rest, (op.mode,), (op.copy,))
        way = Way(((*rest, (op.mode,)),), (Form(gives, flat(gives)),), "torch.diag_embed({0})")
        return [way]
    gives = (*rest, (op.mode,))
    order = tuple(mode for mode in form.order if mode != op.copy)
    text = f"{{0}}.diagonal(0, {axis_of(first, op.mode)}, {axis_of(first, op.copy)})"
    return [Way((first,), (Form(gives, order),), text)]


def ones_ways(site: Site) -> list[Way]:
    assert isinstance(site.value.op, Ones)
    (form,) = site.forms
    modes = site.value.op.modes
    shape = ", ".join(f"{{{k + 1}}}" for k in range(len(modes)))
    numbers = tuple((mode,) for mode in modes)
    return [Way((form.axes,), (Form.plain(modes),), f"{{0}}.new_ones({shape})", numbers)]
