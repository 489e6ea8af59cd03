"""Roles of modes in a product: which are kept, contracted or convolved, and which dangle."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from tnc.diagnostics import Label, Span, did_you_mean
from tnc.diagnostics.diagnostic import Edit, Help
from tnc.elaborate.modes import Single, written
from tnc.elaborate.relations import Relation
from tnc.elaborate.scope import Scope
from tnc.elaborate.values import undecided
from tnc.ir.graph import Value
from tnc.ir.layer import Axes
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.record import record
from tnc.syntax import tree


@record
class Wanted:
    """The modes that a result shall have, as written at `node`; `name` is what it is bound to,
    `axes` are the modes as they share axes."""

    singles: tuple[Single, ...]
    modes: tuple[Mode, ...]
    node: tree.ModeList
    name: str = ""
    axes: Axes = ()

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(mode.name for mode in self.modes)


@record
class Inside:
    """Nothing says which modes are wanted: the expression stands inside `place`."""

    place: str


Flow: TypeAlias = Wanted | Inside


@record
class Factor:
    """A tensor in a product, and where it is written."""

    value: Value
    span: Span


@record
class Roles:
    """What a product means: the modes that it keeps, the relations that it contains."""

    keep: tuple[Mode, ...]
    relations: tuple[Relation, ...]


@dataclass(frozen=True)
class Product:
    """Factors, and what is wanted of their product. `shared`: it is one of several addends, which
    need not have every wanted mode."""

    factors: Sequence[Factor]
    wanted: Wanted
    shared: bool
    scope: Scope
    faulty: set[str] = field(default_factory=set)

    @cached_property
    def carriers(self) -> dict[str, list[Factor]]:
        found: dict[str, list[Factor]] = {}
        for factor in self.factors:
            for mode in factor.value.type.modes:
                found.setdefault(mode.name, []).append(factor)
        return found

    @cached_property
    def contained(self) -> tuple[Relation, ...]:
        return tuple(each for each in self.scope.sizes.relations if self._contains(each))

    @cached_property
    def explained(self) -> frozenset[str]:
        """The modes that take part in a relation of this product."""
        return frozenset(key for relation in self.contained for key in relation.keys)

    @property
    def quiet(self) -> frozenset[str]:
        """The modes about which there is nothing more to say."""
        return self.explained | self.faulty | self.scope.sizes.faulty

    def _contains(self, relation: Relation) -> bool:
        absent = relation.keys - self.carriers.keys() - self._unit(relation)
        return len(absent) <= 1 and absent <= self.wanted.keys

    def _unit(self, relation: Relation) -> frozenset[str]:
        """The taps of size 1: a window of one element needs no factor of ones."""
        return frozenset(tap.key for tap in relation.taps if self.scope.sizes.of(tap).value == 1)

    def shown(self, key: str) -> str:
        return self.scope.modes.shown(key)


def roles(product: Product) -> Roles | None:
    """Check a product; None after a report."""
    before = len(product.faulty)
    sound = [_relation(product, each) for each in product.scope.sizes.relations]
    sound.append(_one_relation(product))
    if product.scope.sizes.faulty & (product.carriers.keys() | product.wanted.keys):
        return None  # what dangles may be meant to take part in that relation
    sound.append(_dangling(product))
    if not product.shared:
        sound.append(missing(product.wanted, product.carriers, product))
    if not all(sound) or len(product.faulty) != before:
        return None
    present = product.carriers.keys() | product.explained
    keep = tuple(mode for mode in product.wanted.modes if mode.name in present)
    return Roles(keep, product.contained)


# ---------------------------------------------------------------- relations


def _relation(product: Product, relation: Relation) -> bool:
    result, kept = relation.result.key, product.wanted.keys
    if relation in product.contained:
        beside = [each for each in (relation.signal, *relation.taps) if each.key in kept]
        return not (beside and result in kept) or _both(product, relation, beside[0])
    if result in product.explained or result in product.carriers:
        return True
    sources = [each for each in (relation.signal, *relation.taps) if each.key in product.carriers]
    taps = [each for each in relation.taps if each.key in product.carriers]
    if result in kept:
        absent = [
            each
            for each in relation.participants
            if each.key not in product.carriers and each.key not in kept
        ]
        if not absent or (product.shared and not sources):
            return True
        return _incomplete(product, relation, absent)
    taps = [each for each in taps if each.key not in product.explained]
    signal = relation.signal.key in product.carriers
    if taps and (signal or any(_hangs(product, tap) for tap in taps)):
        return _not_kept(product, relation, taps[0])
    return True


def _hangs(product: Product, single: Single) -> bool:
    alone = len(product.carriers[single.key]) == 1 and single.key not in product.wanted.keys
    return alone and not may_be_one(product.scope.sizes.of(single))


def _not_kept(product: Product, relation: Relation, tap: Single) -> bool:
    """E0203"""
    product.faulty.update(relation.keys)
    first, *more = product.carriers[tap.key]
    only = "this factor" if more else "only this factor"
    product.scope.report.error(
        "E0203",
        f"`{tap.shown}` takes part in a convolution whose result "
        f"`{relation.result.shown}` is not kept",
        first.span,
        f"{only} carries `{tap.shown}`",
        Label(product.wanted.node.span, "and the result does not keep it"),
        Label(relation.span, "convolution declared here"),
        help=(_keep(product.wanted, relation),),
    )
    return False


def _keep(wanted: Wanted, relation: Relation) -> Help:
    result, signal = relation.result.shown, relation.signal.shown
    items = [item.span.text for item in wanted.node.items]
    for place, item in enumerate(wanted.node.items):
        if isinstance(item, tree.Name) and item.text == signal:
            items[place] = result
            edit = Edit(item.span, result)
            break
    else:
        items.append(result)
        end = wanted.node.span.end - 1
        edit = Edit(Span(wanted.node.span.source, end, end), f", {result}")
    return Help(f"did you mean `{result}`: `{wanted.name}[{', '.join(items)}]`", (edit,))


def _incomplete(product: Product, relation: Relation, absent: Sequence[Single]) -> bool:
    """E0204"""
    product.faulty.update(relation.keys)
    names = _listed(each.shown for each in absent if each is not relation.result)
    result = relation.result.shown
    product.scope.report.error(
        "E0204",
        f"`{result}` is kept, but no factor carries {names or f'`{result}`'}",
        written(product.wanted.node, relation.result),
        f"the convolution to `{result}` needs {_listed(map(_shown, relation.participants))}",
        Label(relation.span, "convolution declared here"),
    )
    return False


def _both(product: Product, relation: Relation, beside: Single) -> bool:
    """E0208"""
    product.faulty.update(relation.keys)
    product.scope.report.error(
        "E0208",
        f"`{beside.shown}` is convolved to `{relation.result.shown}` as well as kept",
        written(product.wanted.node, beside),
        "kept here",
        Label(written(product.wanted.node, relation.result), "and so is the result"),
        Label(relation.span, "convolution declared here"),
    )
    return False


def _one_relation(product: Product) -> bool:
    """E0209: two relations of a product share a signal or a result."""
    for place, one in enumerate(product.contained):
        for other in product.contained[:place]:
            shared = {one.signal.key, one.result.key} & {other.signal.key, other.result.key}
            if shared:
                product.faulty.update(one.keys | other.keys)
                product.scope.report.error(
                    "E0209",
                    f"two relations fit: {_formula(other)}, and {_formula(one)}",
                    product.wanted.node.span,
                    f"`{product.shown(min(shared))}` takes part in both",
                    Label(other.span, "the first"),
                    Label(one.span, "the second"),
                )
                return False
    return True


def _formula(relation: Relation) -> str:
    right = " * ".join(each.shown for each in (relation.signal, *relation.taps))
    return f"`{relation.result.shown} = {right}`"


# ---------------------------------------------------------------- single modes


def _dangling(product: Product) -> bool:
    """E0202, and E0306 where one tensor alone is added."""
    quiet = product.quiet | product.wanted.keys
    found: dict[Span, list[str]] = {}
    if product.scope.einsum:
        return True
    for key, carriers in product.carriers.items():
        (first, *more), size = carriers, _size(carriers[0], key)
        if not more and key not in quiet and not may_be_one(size):
            found.setdefault(first.span, []).append(product.shown(key))
    alone = product.shared and len(product.factors) == 1
    for span, names in found.items():
        _report_addend(product, span, names) if alone else _report_dangling(product, span, names)
    return not found


def _report_dangling(product: Product, span: Span, names: Sequence[str]) -> None:
    dangle, them = ("dangles", "it") if len(names) == 1 else ("dangle", "them")
    over = names[0] if len(names) == 1 else f"[{', '.join(names)}]"
    product.scope.report.error(
        "E0202",
        f"{_listed(names)} {dangle}: one factor has {them}, the result does not",
        span,
        f"only this factor carries {_listed(names)}",
        Label(product.wanted.node.span, f"and the result does not keep {them}"),
        help=(Help(f"to sum over {them}, write `sum({span.text}, over: {over})`"),),
    )


def _report_addend(product: Product, span: Span, names: Sequence[str]) -> None:
    product.scope.report.error(
        "E0306",
        f"the addends' modes differ: this one has {_listed(names)}",
        span,
        f"has {_listed(names)}",
        Label(product.wanted.node.span, "which is not among these"),
    )


def missing(wanted: Wanted, present: Iterable[str], product: Product) -> bool:
    """E0205: report the wanted modes which nothing has."""
    known = {*present, *product.quiet}
    lacking = [single for single in wanted.singles if single.key not in known]
    for single in lacking:
        span = written(wanted.node, single)
        product.scope.sizes.reported.add(single.key)
        product.scope.report.error(
            "E0205",
            f"no factor carries `{single.shown}`",
            span,
            "wanted here",
            help=did_you_mean(span, {product.shown(key) for key in known - wanted.keys}),
        )
    return not lacking


def may_be_one(size: Size) -> bool:
    """Whether a size is 1, or depends on a condition that is not decided."""
    return size.value == 1 or undecided(size)


def _size(factor: Factor, key: str) -> Size:
    return next(mode.size for mode in factor.value.type.modes if mode.name == key)


def _shown(single: Single) -> str:
    return single.shown


def _listed(names: Iterable[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return " and ".join(filter(None, [", ".join(quoted[:-1]), *quoted[-1:]]))
