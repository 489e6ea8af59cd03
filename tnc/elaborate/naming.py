"""Named tensors where they are used: bare, renamed, a member of a family, all of a family."""

from __future__ import annotations

from collections.abc import Sequence

from tnc.diagnostics import Label, Span
from tnc.diagnostics.diagnostic import Edit, Help
from tnc.elaborate.definitions import UNKNOWN
from tnc.elaborate.evaluate import evaluate
from tnc.elaborate.factorise import LARGEST, factorisation
from tnc.elaborate.modes import Axes, outside
from tnc.elaborate.names import FAULTY, Family, Faulty, Tensor
from tnc.elaborate.products import renamed
from tnc.elaborate.regroup import Regrouped, regrouped, unknown_inner
from tnc.elaborate.roles import Factor, Wanted
from tnc.elaborate.scope import Scope
from tnc.elaborate.sizes import differ, shown
from tnc.elaborate.values import type_name, unset
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.record import record
from tnc.syntax import tree


@record
class Annotation:
    """`(expr)[modes]`; `wanted` is None after a report."""

    expr: tree.Expr
    wanted: Wanted | None


def wanted_modes(node: tree.ModeList, scope: Scope, name: str = "") -> Wanted | None:
    """The modes of a left side or of an annotation."""
    axes = scope.modes.axes(node, scope)
    if axes is None:
        return None
    singles = tuple(single for axis in axes for single in axis)
    groups = tuple(tuple(map(scope.sizes.mode, axis)) for axis in axes)
    return Wanted(singles, tuple(map(scope.sizes.mode, singles)), node, name, groups)


def annotated(item: tree.Expr, scope: Scope) -> Annotation | None:
    """The annotation that an expression is, unless it is a name with indices or modes."""
    if not isinstance(item, tree.Subscript):
        return None
    base = item.value
    while isinstance(base, tree.Subscript):
        base = base.value
    if isinstance(base, tree.Name):
        return None
    return Annotation(item.value, wanted_modes(_mode_list(item), scope))


def factors_of(item: tree.Name | tree.Subscript | tree.Splat, scope: Scope) -> list[Factor] | None:
    """The tensors that a name stands for; None after a report, also an earlier one."""
    match item:
        case tree.Name():
            tensor = _tensor(item, scope)
            if tensor is None or tensor.value is None:
                return None
            return [Factor(tensor.value, item.span)]
        case tree.Splat(value=tree.Name() as name):
            return _all(name, item.span, scope)
        case tree.Subscript():
            found = _subscripted(item, scope)
            return None if found is None else [found]
        case _:
            scope.report.error(
                "E0401", "`...` follows the name of a family", item.span, "nothing here to spread"
            )
            return None


def entry_of(name: tree.Name, scope: Scope) -> Tensor | Family | None:
    """What a name stands for among tensors; None after a report, also an earlier one."""
    entry = scope.lookup(name.text)
    if isinstance(entry, Tensor | Family):
        return entry
    if entry is None:
        scope.undefined(name)
        scope.names[name.text] = FAULTY
    elif not isinstance(entry, Faulty) and entry is not UNKNOWN:
        text = f"expected a tensor, `{name.text}` is of type `{type_name(entry)}`"
        scope.report.error("E0401", text, name.span, "not a tensor")
    return None


def _tensor(name: tree.Name, scope: Scope) -> Tensor | None:
    entry = entry_of(name, scope)
    if isinstance(entry, Family):
        scope.report.error(
            "E0109",
            f"`{name.text}` is a family of tensors and needs an index",
            name.span,
            "which one?",
            Label(entry.span, "the family"),
            help=(
                Help(
                    f"for the product of all, write `{name.text}...`",
                    (Edit(name.span, f"{name.text}..."),),
                ),
            ),
        )
        return None
    return entry


def _all(name: tree.Name, span: Span, scope: Scope) -> list[Factor] | None:
    entry = entry_of(name, scope)
    if isinstance(entry, Tensor):
        text = f"`{name.text}` is a single tensor, not a family: `...` does not apply"
        scope.report.error("E0401", text, span, "one tensor", Label(entry.span, "declared here"))
        return None
    if entry is None:
        return None
    values = [member.value if member else None for member in entry.members.values()]
    whole = [Factor(value, span) for value in values if value is not None]
    return whole if len(whole) == len(values) else None


def _subscripted(item: tree.Subscript, scope: Scope) -> Factor | None:
    if isinstance(item.value, tree.Name):
        entry = entry_of(item.value, scope)
        if isinstance(entry, Family):
            member = _member(entry, item.value, item, scope)
            value = member.value if member else None
            return None if value is None else Factor(value, item.span)
        return None if entry is None else _renamed(entry, item, scope)
    inner = item.value
    if isinstance(inner, tree.Subscript) and isinstance(inner.value, tree.Name):
        entry = entry_of(inner.value, scope)
        if isinstance(entry, Family):
            member = _member(entry, inner.value, inner, scope)
            return None if member is None else _renamed(member, item, scope)
        if entry is None:
            return None
    scope.report.error("E0201", "a tensor takes one list of modes", item.span, "a second list")
    return None


def _member(family: Family, name: tree.Name, item: tree.Subscript, scope: Scope) -> Tensor | None:
    if len(item.items) != 1:
        text = f"`{family.name}` takes one index, {len(item.items)} are given"
        scope.report.error(
            "E0201", text, item.span, "which member?", Label(family.span, "the family")
        )
        return None
    index = evaluate(item.items[0], scope)
    if index is UNKNOWN or (scope.checking and isinstance(index, Size)):
        return None
    if not isinstance(index, int) or isinstance(index, bool):
        text = f"an index is an `int`, not `{type_name(index)}`"
        scope.report.error("E0401", text, item.items[0].span, "not a number")
    elif index in family.members:
        return family.members[index]
    elif not scope.assumed:
        outside(scope, name, item.items[0], index, family.members, family.span)
    return None


# ---------------------------------------------------------------- renaming


def _renamed(tensor: Tensor, item: tree.Subscript, scope: Scope) -> Factor | None:
    axes = scope.modes.axes(_mode_list(item), scope)
    if axes is None or tensor.value is None:
        return None
    new = [scope.sizes.mode(single) for axis in axes for single in axis]
    old = tensor.modes
    if len(new) != len(old):
        return _regrouped(tensor, item, axes, scope)
    clashes = [
        place for place, (a, b) in enumerate(zip(old, new, strict=True)) if clash(a.size, b.size)
    ]
    for place in clashes:
        if not _report_unsized(item, old[place], new[place], scope):
            _report_size(tensor, item, old[place], new[place], scope)
    if clashes:
        return None
    names = {a.name: b for a, b in zip(old, new, strict=True)}
    return Factor(renamed(scope, tensor.value, names, item.span), item.span)


def _regrouped(tensor: Tensor, item: tree.Subscript, axes: Axes, scope: Scope) -> Factor | None:
    """A split or a merge: the physical axes correspond, not their modes."""
    if tensor.value is None:
        return None
    if len(axes) != len(tensor.axes):
        _report_count(tensor, item, sum(map(len, axes)), scope)
        return None
    written = [tuple(map(scope.sizes.mode, axis)) for axis in axes]
    pairs = [Regrouped(*both) for both in zip(tensor.axes, written, strict=True)]
    fits = [_fits(pair, tensor, item, scope) for pair in pairs]
    if not all(fits):
        return None
    return Factor(regrouped(scope, tensor.value, pairs, item.span), item.span)


def _fits(axis: Regrouped, tensor: Tensor, item: tree.Subscript, scope: Scope) -> bool:
    """Whether an axis can be written so; a report where not."""
    if axis.plain:
        clashes = [
            pair for pair in zip(axis.old, axis.new, strict=True) if clash(*(m.size for m in pair))
        ]
        for old, new in clashes:
            if not _report_unsized(item, old, new, scope):
                _report_size(tensor, item, old, new, scope)
        return not clashes
    if clash(_total(axis.old), _total(axis.new)):
        _report_factors(item, axis, tensor, scope)
        return False
    inner = unknown_inner(axis.old) or unknown_inner(axis.new)
    if inner is not None and not unset(inner.size):
        _report_inner(inner, item, tensor, scope)
        return False
    return True


def clash(old: Size, new: Size) -> bool:
    """Whether two modes cannot stand for one axis."""
    return old != new and not unset(old - new)


def _report_unsized(item: tree.Subscript, old: Mode, new: Mode, scope: Scope) -> bool:
    """E0304 where the new mode has no size of its own: the axis may be what gives it one."""
    single = next((each for each in scope.modes.every() if each.key == new.name), None)
    carried = new.name in scope.sizes.carried
    if single is None or carried or new.size != Size.symbol(new.name):
        return False
    if new.name not in scope.sizes.reported:
        size = f"size({scope.modes.shown(old.name)})"
        declaration = f"{single.shown}: {size}"
        scope.sizes.reported.add(new.name)
        scope.report.error(
            "E0304",
            f"the size of `{single.shown}` cannot be inferred",
            single.span,
            "no input gives it",
            Label(item.span, f"`{scope.modes.shown(old.name)}` is renamed to it here"),
            help=(Help(f"declare it: `mode {declaration}`", (Edit(single.span, declaration),)),),
        )
    return True


def _report_size(tensor: Tensor, item: tree.Subscript, old: Mode, new: Mode, scope: Scope) -> None:
    names = f"`{scope.modes.shown(new.name)}`", f"`{scope.modes.shown(old.name)}`"
    same = not differ(old.size, new.size)
    scope.report.error(
        "E0301",
        f"mode {names[0]} has size {shown(new.size)}, "
        f"but axis {names[1]} of `{tensor.name}` has size {shown(old.size)}",
        item.span,
        f"{names[1]} is renamed to {names[0]} here",
        Label(tensor.span, f"`{tensor.name}` is declared here"),
        notes=("the two formulas are equal, but not written alike",) if same else (),
    )


def _report_count(tensor: Tensor, item: tree.Subscript, count: int, scope: Scope) -> None:
    scope.report.error(
        "E0201",
        f"`{tensor.name}` has {_count(len(tensor.modes))}, {count} given",
        item.span,
        f"{count} given here",
        Label(tensor.span, f"declared with {len(tensor.modes)}"),
    )


def _report_inner(mode: Mode, item: tree.Subscript, tensor: Tensor, scope: Scope) -> None:
    name = f"`{scope.modes.shown(mode.name)}`"
    scope.report.error(
        "E0304",
        f"the size of {name} is known at run time only, so that the axis cannot be split or merged",
        item.span,
        "only the first mode of a group may have a run-time size",
        Label(tensor.span, f"`{tensor.name}` is declared here"),
    )


def _report_factors(item: tree.Subscript, axis: Regrouped, tensor: Tensor, scope: Scope) -> None:
    old, new = _total(axis.old), _total(axis.new)
    sizes = " · ".join(shown(mode.size) for mode in axis.new)
    count = len(axis.new)
    help: tuple[Help, ...] = ()
    if old.value is not None and count > 1 and old.value <= LARGEST:
        factors = factorisation(old.value, count)
        text = f"`factor({old.value}, {count}) = [{', '.join(map(str, factors))}]`"
        help = (Help(text, _resized(axis.new, factors, scope)),)
    product = f"{sizes} = {shown(new)}" if count > 1 else "no mode is written"
    if count == 1:
        product = f"`{axis.new[0]}` has size {sizes}"
    scope.report.error(
        "E0302",
        f"the factors do not multiply out: {product}, the axis has size {shown(old)}",
        item.span,
        "split here" if count > 1 else "merged here",
        Label(tensor.span, f"declared with {len(tensor.modes)}"),
        help=help,
    )


def _resized(modes: Sequence[Mode], sizes: Sequence[int], scope: Scope) -> tuple[Edit, ...]:
    """Other sizes where each is written as a number of its own."""
    singles = {each.key: each for each in scope.modes.every()}
    written = [singles[mode.name].size for mode in modes if mode.name in singles]
    numbers = {each.span: each for each in written if isinstance(each, tree.Int)}
    if len(numbers) != len(modes):
        return ()
    return tuple(Edit(span, str(size)) for span, size in zip(numbers, sizes, strict=True))


def _total(modes: Sequence[Mode]) -> Size:
    return Size.product(mode.size for mode in modes)


def _count(number: int) -> str:
    return f"{number} mode" if number == 1 else f"{number} modes"


def _mode_list(item: tree.Subscript) -> tree.ModeList:
    source, after = item.span.source, item.value.span.end
    start = source.text.find("[", after, item.span.end)
    span = Span(source, max(start, after), item.span.end)
    return tree.ModeList(span, item.items)
