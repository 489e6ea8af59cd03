"""The right sides of equations: sums of products of tensors, as values of the graph."""

from __future__ import annotations

from collections.abc import Sequence

from tnc.diagnostics import Span
from tnc.diagnostics.diagnostic import Help
from tnc.elaborate import calls
from tnc.elaborate.modes import written
from tnc.elaborate.naming import annotated, factors_of
from tnc.elaborate.operands import Bag, Reciprocal, Term, bag, constant, holds_tensor, is_sum, terms
from tnc.elaborate.places import aligned, placed, positional
from tnc.elaborate.products import contracted, multiplied, scaled
from tnc.elaborate.roles import Factor, Flow, Inside, Product, Wanted
from tnc.elaborate.scope import Scope
from tnc.ir.graph import Value
from tnc.ir.scalar import Scalar
from tnc.ops import Add, Call
from tnc.syntax import tree


def value_of(expr: tree.Expr, flow: Flow, scope: Scope, shared: bool = False) -> Value | None:
    """The value of an expression, with those of the wanted modes that it has (they flow inward
    through sums and pointwise functions); None after a report."""
    tensors: list[Term] = []
    total = Scalar.of(0)
    for part in terms(expr, scope):
        if holds_tensor(part.expr, part.scope):
            tensors.append(part)
        else:
            total = Scalar.apply("+", total, constant(part))
    if not tensors:
        _no_tensor(expr, scope)
        return None
    values = _values(tensors, flow, shared or len(tensors) > 1)
    whole: Sequence[Value] | None = [value for value in values if value is not None]
    if whole is None or len(whole) != len(values):
        return None
    if isinstance(flow, Inside):
        whole = aligned(whole, [part.expr for part in tensors], scope)
    if whole is None:
        return None
    return _shifted(_added(whole, flow, expr, scope), total, scope)


def _values(parts: Sequence[Term], flow: Flow, shared: bool) -> list[Value | None]:
    """The value of each term; of a `sum(… for …)` only the first that is refused is reported."""
    values: list[Value | None] = []
    refused: list[int] = []
    for part in parts:
        if part.series is None or id(part.series) not in refused:
            values.append(_term(part, flow, shared))
            if values[-1] is None and part.series is not None:
                refused.append(id(part.series))
    return values


def _no_tensor(expr: tree.Expr, scope: Scope) -> None:
    scope.report.error("E0401", "expected a tensor, found a number", expr.span, "a number")


def _added(values: Sequence[Value], flow: Flow, expr: tree.Expr, scope: Scope) -> Value | None:
    if len(values) == 1:
        return values[0]
    present = {mode for value in values for mode in value.type.modes}
    if isinstance(flow, Wanted):
        modes = tuple(mode for mode in flow.modes if mode in present)
        return scope.build.make(Add(modes), values, expr.span)
    widest = max(values, key=lambda value: len(value.type.modes)).type.modes
    if present != set(widest):
        _unclear(expr, flow, scope, "sum")
        return None
    return scope.build.make(Add(widest), values, expr.span)


def _shifted(value: Value | None, total: Scalar, scope: Scope) -> Value | None:
    if value is None or total.value == 0:
        return value
    call = Call("shift", value.type.modes, options=(("amount", total),))
    return scope.build.make(call, (value,), value.origin)


def _unclear(expr: tree.Expr, flow: Inside, scope: Scope, what: str) -> None:
    """E0206"""
    scope.report.error(
        "E0206",
        f"which modes survive inside {flow.place}?",
        expr.span,
        f"nothing says which modes this {what} keeps",
        help=(Help(f"bind it with `let`, or write its modes: `({expr.span.text})[…]`"),),
    )


# ---------------------------------------------------------------- products


def _term(term: Term, flow: Flow, shared: bool) -> Value | None:
    found = bag(term.expr, term.scope)
    value = _product(found, term.expr.span, flow, shared, term.scope)
    if value is None:
        return None
    factor = Scalar.apply("*", found.scale, Scalar.of(-1)) if term.negative else found.scale
    return scaled(term.scope, value, factor)


def _product(found: Bag, span: Span, flow: Flow, shared: bool, scope: Scope) -> Value | None:
    if len(found.factors) == 1 and not isinstance(found.factors[0], tree.Splat):
        return _single(found.factors[0], flow, shared, scope)
    inside = Inside(f"the product `{_short(span)}`")
    parts = [_factors(each, inside, scope) for each in found.factors]
    factors = [factor for part in parts if part is not None for factor in part]
    if any(part is None for part in parts):
        return None
    if isinstance(flow, Inside):
        _unclear(_spanning(found), flow, scope, "product")
        return None
    return multiplied(Product(factors, flow, shared, scope), span)


def _spanning(found: Bag) -> tree.Expr:
    """One expression that covers all factors, for a message."""
    exprs = [each.tensor if isinstance(each, Reciprocal) else each for each in found.factors]
    span = exprs[0].span
    for each in exprs[1:]:
        span = span.to(each.span)
    return tree.Group(span, tuple(exprs))


def _factors(item: tree.Expr | Reciprocal, inside: Inside, scope: Scope) -> list[Factor] | None:
    """What one expression contributes to a product of several."""
    if isinstance(item, Reciprocal):
        value = _reciprocal(item.tensor, inside, scope)
        return None if value is None else [Factor(value, item.tensor.span)]
    if positional(item, scope):
        _unclear(item, Inside("a product"), scope, "result of a layer")
        return None
    if isinstance(item, tree.Name | tree.Subscript | tree.Splat):
        return _named(item, scope)
    if is_sum(item):
        _unclear(item, inside, scope, "sum")
        look_up(item, scope)
        return None
    value = _single(item, inside, False, scope)
    return None if value is None else [Factor(value, item.span)]


def _named(item: tree.Name | tree.Subscript | tree.Splat, scope: Scope) -> list[Factor] | None:
    """Named tensors, and expressions whose modes are annotated."""
    note = annotated(item, scope)
    if note is None:
        return factors_of(item, scope)
    if note.wanted is None:
        return None
    value = complete(note.expr, note.wanted, scope)
    return None if value is None else [Factor(value, item.span)]


def complete(expr: tree.Expr, wanted: Wanted, scope: Scope) -> Value | None:
    """The value, with every wanted mode; None after a report."""
    value = value_of(expr, wanted, scope)
    if value is not None and set(value.type.modes) != set(wanted.modes):
        for single, mode in zip(wanted.singles, wanted.modes, strict=True):
            if mode not in value.type and mode.name not in scope.sizes.faulty:
                scope.sizes.reported.add(single.key)
                text = f"no addend carries `{single.shown}`"
                scope.report.error("E0205", text, written(wanted.node, single), "wanted here")
        return None
    return value


def _single(item: tree.Expr | Reciprocal, flow: Flow, shared: bool, scope: Scope) -> Value | None:
    """A product of one factor: what is wanted flows into it."""
    match item:
        case Reciprocal(tensor=tensor):
            return _reciprocal(tensor, flow, scope)
        case tree.Binary(op="+" | "-"):
            return value_of(item, flow, scope, shared)
        case tree.Binary(op="/"):
            return _divided(item, flow, shared, scope)
        case tree.Call() | tree.Pipe():
            value, flowed = calls.call(item, flow, shared, value_of, scope)
            if flowed or value is None:
                return value
            factors: list[Factor] | None = [Factor(value, item.span)]
        case tree.Name() | tree.Subscript() | tree.Splat():
            factors = _named(item, scope)
        case tree.If(then=then, otherwise=otherwise):
            both = [value_of(each, flow, scope, shared) for each in (then, otherwise)]
            return both[0] and both[1]
        case _:
            _report_operator(item, scope)
            return None
    if factors is None:
        return None
    if isinstance(flow, Wanted) and positional(item, scope):
        return placed(factors[0].value, flow, item.span, scope)
    if isinstance(flow, Wanted):
        return multiplied(Product(factors, flow, shared, scope), item.span)
    if len(factors) == 1:
        return factors[0].value
    _unclear(item, flow, scope, "product")
    return None


# ---------------------------------------------------------------- division


def _reciprocal(tensor: tree.Expr, flow: Flow, scope: Scope) -> Value | None:
    inner = flow if isinstance(flow, Inside) else Inside("a divisor")
    value = value_of(tensor, inner, scope)
    if value is None:
        return None
    return scope.build.make(Call("reciprocal", value.type.modes), (value,), tensor.span)


def _divided(item: tree.Binary, flow: Flow, shared: bool, scope: Scope) -> Value | None:
    """`a / b` with a tensor b: the product left of it is closed, then divided point by point."""
    over = value_of(item.left, flow, scope, shared)
    by = _reciprocal(item.right, Inside("a divisor"), scope)
    if over is None or by is None:
        return None
    wanted = flow.modes if isinstance(flow, Wanted) else over.type.modes
    extra = [mode for mode in by.type.modes if mode not in wanted]
    if extra:
        scope.report.error(
            "E0202",
            f"`{scope.modes.shown(extra[0].name)}` dangles: division is pointwise, "
            "and the result does not have it",
            item.right.span,
            "only the divisor has it",
        )
        return None
    present = {*over.type.modes, *by.type.modes}
    keep = tuple(mode for mode in wanted if mode in present)
    both = (Factor(over, item.left.span), Factor(by, item.right.span))
    return contracted(scope, both, keep, item.span)


def look_up(expr: tree.Expr, scope: Scope) -> None:
    """Report what is undefined in a sum of products, of which nothing else can be said."""
    for part in terms(expr, scope):
        if not holds_tensor(part.expr, part.scope):
            continue
        for each in bag(part.expr, part.scope).factors:
            item = each.tensor if isinstance(each, Reciprocal) else each
            if isinstance(item, tree.Name | tree.Subscript | tree.Splat):
                _named(item, part.scope)
            elif is_sum(item):
                look_up(item, part.scope)
            elif isinstance(item, tree.Call):
                calls.function_name(item.function, part.scope)  # for its report


def _report_operator(item: tree.Expr, scope: Scope) -> None:
    help: tuple[Help, ...] = ()
    if isinstance(item, tree.Binary) and item.op == "//":
        help = (Help("tensors are divided by `/`; a comment begins with `#`"),)
    scope.report.error(
        "E0401", "this does not apply to tensors", item.span, "for numbers only", help=help
    )


def _short(span: Span) -> str:
    text = " ".join(span.text.split())
    return text if len(text) <= 40 else f"{text[:37]}…"
