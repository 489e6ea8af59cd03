"""Warnings about products that mean something, but perhaps not what was meant."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tnc.diagnostics import Help, Label, Span
from tnc.elaborate.modes import Single
from tnc.elaborate.roles import Factor, Product, Roles
from tnc.elaborate.scope import Scope
from tnc.elaborate.sizes import shown
from tnc.ir.graph import Value
from tnc.ir.size import Size
from tnc.ops import Leaf, Rename
from tnc.syntax import tree


def advise(product: Product, found: Roles, span: Span) -> None:
    """W0201 and W0203 for one product."""
    _outer(product, found, span)
    for key, carriers in product.carriers.items():
        if key not in product.wanted.keys and len(carriers) == 2 and _settled(carriers, product):
            _rank(key, carriers, product.scope)


def _settled(carriers: Sequence[Factor], product: Product) -> bool:
    """Whether all sizes are what they will be. While checking, those are not that depend on
    parameters: the default of a rank need not suit the defaults of sizes."""
    if not product.scope.checking:
        return True
    numbers = {
        single.key
        for single in product.scope.modes.every()
        if single.size and not any(isinstance(node, tree.Name) for node in tree.walk(single.size))
    }
    return all(mode.name in numbers for each in carriers for mode in each.value.type.modes)


def _outer(product: Product, found: Roles, span: Span) -> None:
    """W0201: factors that nothing joins."""
    parts: list[tuple[set[str], Factor]] = []
    for factor in product.factors:
        keys = {mode.name for mode in factor.value.type.modes if mode.size.value != 1}
        for relation in found.relations:
            keys |= relation.keys if relation.keys & keys else set()
        for part in [part for part in parts if part[0] & keys]:
            parts.remove(part)
            keys |= part[0]
            factor = part[1]
        if keys:
            parts.append((keys, factor))
    elements = Size.product(mode.size for mode in found.keep)
    if len(parts) > 1 and not any(" " in name for name in elements.symbols):
        product.scope.report.warning(
            "W0201",
            f"outer product of {_grouped(elements)} elements",
            span,
            "no mode joins all factors",
            *(Label(factor.span, "shares no mode with the others") for _, factor in parts[1:]),
        )


def _grouped(elements: Size) -> str:
    """`67,108,864`, or a formula."""
    return shown(elements) if elements.value is None else f"{elements.value:,}"


def _rank(key: str, carriers: Sequence[Factor], scope: Scope) -> None:
    """W0203: a bond of two weights above what either can span with its other modes."""
    single = next(each for each in scope.modes.every() if each.key == key)
    rank = scope.sizes.of(single).value
    caps = [_others(factor.value, key) for factor in carriers]
    whole = [cap for cap in caps if cap is not None]
    if rank is None or single.size is None or len(whole) != len(caps) or rank <= min(whole):
        return
    _report_rank(single, rank, min(whole), carriers[whole.index(min(whole))], scope)


def _report_rank(single: Single, rank: int, cap: int, factor: Factor, scope: Scope) -> None:
    assert single.size is not None
    scope.report.warning(
        "W0203",
        f"rank {rank} of `{single.shown}` is above the useful maximum of {cap}",
        single.size.span,
        f"this is {rank}",
        Label(factor.span, f"the other modes of this factor have {cap} elements"),
        help=(Help(f"give `{single.shown}` a size of at most {cap}"),),
    )


def _others(value: Value, key: str) -> int | None:
    """The size of the rest of a weight; None for what is no weight, or unknown."""
    leaf = value.operands[0] if isinstance(value.op, Rename) else value
    if not isinstance(leaf.op, Leaf) or leaf.op.kind != "weight":
        return None
    sizes = [mode.size.value for mode in value.type.modes if mode.name != key]
    known = [size for size in sizes if size is not None]
    return math.prod(known) if len(known) == len(sizes) else None
