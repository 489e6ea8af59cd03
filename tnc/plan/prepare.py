"""Any product as clean products: what to do where a relation is entangled.

A relation is *entangled* where one operand carries two of its participants, where a mode belongs
to two relations, or where several participants are kept and carried. Each rule below replaces a
product by an equal one that is less entangled; whatever is left is clean, and searched.

Terminates: every rule removes a relation, or joins operands, or frees a relation's participant of
all other uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tnc.ir.graph import IllTyped, Value
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.ops.contract import Contract, Pattern
from tnc.plan.expand import Product, Site, expand, summed
from tnc.plan.lattice import SIGNAL, Relation
from tnc.plan.unary import arrange, diagonal, merge, scatter, windows


def resolve(site: Site, product: Product) -> Value:
    """The planned value of any product."""
    if not product.operands:
        return site.build.make(product.op, (), product.origin)
    product = _distinct(product)
    for rule in (_sampled, _staged, _with_all_legs):
        if (value := rule(site, product)) is not None:
            return value
    product = summed(site, product)
    for pattern in product.op.patterns:
        if (value := _untangled(site, product, Relation(pattern, site.names))) is not None:
            return value
    if (value := expand(site, product)) is not None:
        return value
    return _broken_up(site, product, Relation(product.op.patterns[0], site.names))


def _distinct(product: Product) -> Product:
    """A 0/1 tensor times itself is itself."""
    op = product.op
    return replace(product, op=replace(op, patterns=tuple(dict.fromkeys(op.patterns))))


def _sampled(site: Site, product: Product) -> Value | None:
    """Windows of one element that nothing weighs choose positions: first, as that leaves fewer."""
    op = product.op
    for n, pattern in enumerate(op.patterns):
        rest = op.patterns[:n] + op.patterns[n + 1 :]
        carriers = [value for value in product.operands if pattern.signal in value.type]
        elsewhere = set(op.keep).union(*(other.legs for other in rest))
        weighed = set(pattern.taps) & (elsewhere | _modes(product.operands))
        tangled = pattern.signal in elsewhere or pattern.result in _modes(carriers)
        if carriers and pattern.reach == Size.of(0) and not weighed and not tangled:
            one = replace(pattern, taps=pattern.taps[:1], dilations=pattern.dilations[:1])
            operands = tuple(
                windows(site.build, value, one) if value in carriers else value
                for value in product.operands
            )
            return resolve(site, replace(product, operands=operands, op=Contract(op.keep, rest)))
    return None


def _staged(site: Site, product: Product) -> Value | None:
    """Where two relations share a mode: first one with what belongs to it alone, then the rest."""
    patterns = product.op.patterns
    legs = [set(pattern.legs) for pattern in patterns]
    for n, pattern in enumerate(patterns):
        others = set().union(*(some for k, some in enumerate(legs) if k != n))
        if not (shared := legs[n] & others):
            continue
        alone = legs[n] - shared - set(product.op.keep)
        inner = [v for v in product.operands if alone & set(v.type.modes)]
        if inner:
            foreign = others - shared
            inner += [v for v in product.operands if not foreign & set(v.type.modes)]
            return _nested(site, product, dict.fromkeys(inner), [pattern])
    for n, pattern in enumerate(patterns):
        others = set().union(*(some for k, some in enumerate(legs) if k != n))
        if common := [leg for leg in pattern.legs if leg in others]:
            return _detached(site, product, Relation(pattern, site.names), common[-1])
    return None


def _nested(
    site: Site, product: Product, inner: dict[Value, None], patterns: Sequence[Pattern]
) -> Value:
    """Contract `inner` and `patterns` first, as a product of its own."""
    op = product.op
    outside = [value for value in product.operands if value not in inner]
    inside = [value for value in product.operands if value in inner]
    left = tuple(pattern for pattern in op.patterns if pattern not in patterns)
    needed = _modes(outside) | set(op.keep).union(*(pattern.legs for pattern in left))
    present = dict.fromkeys(mode for value in inside for mode in value.type.modes)
    present |= dict.fromkeys(leg for pattern in patterns for leg in pattern.legs)
    keep = tuple(mode for mode in present if mode in needed)
    value = resolve(site, Product(tuple(inside), Contract(keep, tuple(patterns)), product.origin))
    return resolve(site, Product((value, *outside), Contract(op.keep, left), product.origin))


def _with_all_legs(site: Site, product: Product) -> Value | None:
    """A participant that nobody carries and that is not kept: keep it, then sum."""
    op = product.op
    known = _modes(product.operands) | set(op.keep)
    missing = [leg for pattern in op.patterns for leg in pattern.legs if leg not in known]
    if not missing:
        return None
    keep = (*op.keep, *dict.fromkeys(missing))
    value = resolve(site, replace(product, op=replace(op, keep=keep)))
    return arrange(site.build, value, op.keep)


def _untangled(site: Site, product: Product, relation: Relation) -> Value | None:
    """The first remedy that a relation needs; None where it is clean."""
    kept = relation.group(product.op.keep)
    for group in _components(product, relation):
        if group & (group - 1):
            if not group & kept and group != relation.everything:
                return _merged(site, product, relation, group)
            return _broken_up(site, product, relation)
    carried = relation.group(_modes(product.operands))
    if (kept & (kept - 1) and kept & carried) or not carried & ~kept:
        return _broken_up(site, product, relation)
    return None


def _components(product: Product, relation: Relation) -> list[int]:
    """Carried participants, those that one operand carries together in one group."""
    groups: list[int] = []
    for value in product.operands:
        if joined := relation.group(value.type.modes):
            for group in [group for group in groups if group & joined]:
                groups.remove(group)
                joined |= group
            groups.append(joined)
    return groups


def _merged(site: Site, product: Product, relation: Relation, group: int) -> Value:
    """Multiply the operands that carry a group first; then the group becomes one mode."""
    op = product.op
    inside = [value for value in product.operands if relation.group(value.type.modes) & group]
    outside = [value for value in product.operands if value not in inside]
    legs = set().union(*(pattern.legs for pattern in op.patterns))
    needed = _modes(outside) | set(op.keep) | legs
    present = dict.fromkeys(mode for value in inside for mode in value.type.modes)
    keep = tuple(mode for mode in present if mode in needed)
    value = resolve(site, Product(tuple(inside), Contract(keep), product.origin))
    value = merge(site.build, value, relation, group)
    rest = relation.without(group)
    patterns = tuple(
        new
        for pattern in op.patterns
        if (new := rest if pattern == relation.pattern else pattern) is not None
    )
    return resolve(site, Product((value, *outside), Contract(op.keep, patterns), product.origin))


def _broken_up(site: Site, product: Product, relation: Relation) -> Value:
    """Make the relation's participants ordinary modes: every operand that carries the signal (or
    another participant which nothing else of the relation is entangled with) is written out over
    all the other participants (im2col)."""
    op = product.op
    kept = relation.group(op.keep)
    free = [g for g in _components(product, relation) if not g & (g - 1) and not g & kept]
    if not free:
        return _detached(site, product, relation, _detachable(product, relation))
    group = min(free)
    (mode,) = relation.members(group)
    carriers = [value for value in product.operands if mode in value.type]
    if group != SIGNAL and len(carriers) > 1:  # a tap is no function of the others when circular
        return _nested(site, product, dict.fromkeys(carriers), [])
    operands = tuple(
        scatter(site.build, value, relation, group) if mode in value.type else value
        for value in product.operands
    )
    patterns = tuple(pattern for pattern in op.patterns if pattern != relation.pattern)
    return resolve(site, Product(operands, Contract(op.keep, patterns), product.origin))


def _detachable(product: Product, relation: Relation) -> Mode:
    """A participant to free: a carried one, kept rather than not, the smallest known size."""
    carried = _modes(product.operands)
    known = [leg for leg in relation.legs if leg in carried and leg.size.value is not None]
    if len(set(relation.legs) & carried) < 2 or not known:
        raise IllTyped(f"no plan: every tensor with a mode of {relation.pattern} keeps it")
    return min(known, key=lambda leg: (leg not in product.op.keep, leg.size.value))


def _detached(site: Site, product: Product, relation: Relation, mode: Mode) -> Value:
    """Let the relation have a copy of the mode; in the end take the diagonal of the two."""
    op = product.op
    copy = site.names.mode(("copy", relation.pattern, mode), f"{mode}^", mode.size)
    changed = _substituted(relation.pattern, mode, copy)
    patterns = tuple(changed if p == relation.pattern else p for p in op.patterns)
    keep = dict.fromkeys((*op.keep, mode, copy))
    value = resolve(site, replace(product, op=Contract(tuple(keep), patterns)))
    value = diagonal(site.build, value, site.names, mode, copy)
    return arrange(site.build, value, op.keep)


def _substituted(pattern: Pattern, old: Mode, new: Mode) -> Pattern:
    signal, result, *taps = (new if leg == old else leg for leg in pattern.legs)
    return replace(pattern, signal=signal, result=result, taps=tuple(taps))


def _modes(operands: Sequence[Value]) -> set[Mode]:
    return {mode for value in operands for mode in value.type.modes}
