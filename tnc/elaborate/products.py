"""A product as one contraction, with the patterns of the relations that it contains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from tnc.diagnostics import Span
from tnc.elaborate.advice import advise
from tnc.elaborate.relations import Relation
from tnc.elaborate.roles import Factor, Product, Roles, roles
from tnc.elaborate.scope import Scope
from tnc.elaborate.windows import Window
from tnc.ir.graph import Value
from tnc.ir.layer import Layer
from tnc.ir.scalar import Scalar
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.ops import Border, Contract, Leaf, Pattern, Rename, Scale

_OPAQUE = "?"


def multiplied(product: Product, span: Span) -> Value | None:
    """The product of the factors with the wanted modes that they have; None after a report."""
    found = roles(product)
    if found is None:
        return None
    if not product.scope.einsum:
        advise(product, found, span)
    if not found.relations:
        return contracted(product.scope, product.factors, found.keep, span)
    return _Convolution(product, found, span).value()


def contracted(
    scope: Scope,
    factors: Sequence[Factor],
    keep: tuple[Mode, ...],
    span: Span,
    patterns: tuple[Pattern, ...] = (),
) -> Value:
    """The contraction; a single factor whose modes all stay is that factor."""
    values = [factor.value for factor in factors]
    if len(values) == 1 and not patterns and set(values[0].type.modes) == set(keep):
        return values[0]
    return scope.build.make(Contract(keep, patterns), values, span)


def scaled(scope: Scope, value: Value, factor: Scalar) -> Value:
    if factor.value == 1:
        return value
    return scope.build.make(Scale(factor), (value,), value.origin)


def renamed(scope: Scope, value: Value, names: dict[str, Mode], span: Span) -> Value:
    """The same elements under other modes, those that `names` maps."""
    modes = tuple(names.get(mode.name, mode) for mode in value.type.modes)
    if modes == value.type.modes:
        return value
    if [mode.size for mode in modes] != [mode.size for mode in value.type.modes]:
        return opaque(scope, modes)  # only while checking: the sizes are not known to be equal
    return scope.build.make(Rename(modes), (value,), span)


def opaque(scope: Scope, modes: Sequence[Mode]) -> Value:
    """Stands for a value that cannot be known, in a graph that is only checked."""
    return scope.build.make(Leaf("value", _OPAQUE, tuple((mode,) for mode in modes)))


def is_known(layer: Layer) -> bool:
    """Whether no value of a layer that was only checked, nor of those inside, is opaque."""
    inside = [each.callee for each in layer.instances if isinstance(each.callee, Layer)]
    leaves = [value.op for value in layer.graph.values if isinstance(value.op, Leaf)]
    return all(leaf.name != _OPAQUE for leaf in leaves) and all(map(is_known, inside))


class _Convolution:
    """A product that contains relations."""

    def __init__(self, product: Product, found: Roles, span: Span) -> None:
        self.scope, self.span = product.scope, span
        self.keep = found.keep
        self.factors = list(product.factors)
        self.carried = frozenset(product.carriers)
        self.relations = found.relations
        self.cropped: list[Border] = []

    def value(self) -> Value:
        related = [each for each in self.relations if not self._identified(each)]
        patterns = tuple(self._pattern(relation) for relation in related)
        value = contracted(self.scope, self.factors, self.keep, self.span, patterns)
        for border in reversed(self.cropped):
            value = self.scope.build.make(border, (value,), self.span)
        return value

    def _identified(self, relation: Relation) -> bool:
        """Windows of one element, one beside the other, are the signal: the factors rename it."""
        ends = [self.scope.sizes.mode(each) for each in (relation.signal, relation.result)]
        old, new = sorted(ends, key=lambda end: end in self.keep)
        carried = {each.key for each in relation.participants if each.key in self.carried}
        if carried != {old.name} or new not in self.keep:
            return False
        if old.size != new.size or relation.choices.stride.value != 1:
            return False
        self.factors = [
            Factor(renamed(self.scope, each.value, {old.name: new}, each.span), each.span)
            for each in self.factors
        ]
        return True

    def _pattern(self, relation: Relation) -> Pattern:
        mode = self.scope.sizes.mode
        signal, left = mode(relation.signal), Size.of(0)
        window = self.scope.sizes.window(relation)
        if window is not None:
            left = window.left
            if relation.choices.border:
                signal, left = self._padded(relation, signal, window), Size.of(0)
        taps = tuple(mode(tap) for tap in relation.taps)
        return relation.pattern(signal, mode(relation.result), taps, left)

    def _padded(self, relation: Relation, signal: Mode, window: Window) -> Mode:
        """Borders that are copies stand on the signal before anything else; where the equation
        keeps the signal, their transpose comes last."""
        name = f"{signal.name}_padded"
        while name in self.scope.modes.names:
            name += "_"
        padded = Mode(name, signal.size + window.left + window.right)
        kind: Literal["reflect", "replicate"] = (
            "reflect" if relation.choices.border == "reflect" else "replicate"
        )
        border = Border(kind, signal, padded, window.left)
        for place, factor in enumerate(self.factors):
            if signal in factor.value.type:
                value = self.scope.build.make(border, (factor.value,), factor.span)
                self.factors[place] = Factor(value, factor.span)
        if signal in self.keep:
            self.keep = tuple(padded if each == signal else each for each in self.keep)
            self.cropped.append(Border(kind, signal, padded, window.left, adjoint=True))
        return padded
