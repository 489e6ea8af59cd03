"""The equations of a fit, derived from the network of a kernel: each is a layer of our own.

With the kernel K = Σ_p scale_p · Π factors · Π patterns, a target T over its modes, and a factor X
with batch modes b, bonds c and free modes f (`Roles`), K = J X + K', where K' are the terms without
X. Least squares in X are

    G[b, c, c'] X[b, c', f] = R[b, c, f],    G = JᵀJ,  R = Jᵀ(T - K')

G is the network doubled, without X, in which the copies share the modes of K; R is the network with
T in the place of X.

Source: for CP, the Hadamard product of Gram matrices and the MTTKRP (Kolda, Bader 2009).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest

from tnc.diagnostics import Source
from tnc.fitting.network import Factor, Network, Product, length
from tnc.fitting.roles import Roles, bared, having, kept_in, modes_in, parts, without
from tnc.fitting.terms import Modes, renamed
from tnc.ir.graph import Builder, Value
from tnc.ir.layer import Axes, Layer, Port
from tnc.ir.scalar import Scalar
from tnc.ir.tensor import Mode
from tnc.ops import Add, Contract, Leaf, Rename, Scale
from tnc.record import record

TARGET = "="
"""The name, beside those of factors, of the target."""

Given = str | tuple[int, ...]

_SOURCE = Source("<fit>", "")


@record
class Equation:
    """A layer, and the names of the tensors that its inputs are, in order: those of a doubled term
    twice. In the place of a name stands the shape of a tensor of ones."""

    layer: Layer
    given: tuple[Given, ...]


def kernel_of(network: Network, products: Sequence[Product]) -> Equation:
    """Some terms of the kernel, laid out as PyTorch does."""
    writer = _Writer()
    terms = [writer.product(network.modes, each.scale, [each]) for each in products]
    return writer.equation(network.axes, terms)


def projection(network: Network, name: str, roles: Roles) -> Equation:
    """R, with an axis for each mode in the order of `roles`."""
    writer = _Writer()
    target = writer.given(TARGET, network.axes)
    products = having(network, name)
    axes = [_ordered(each, name, roles.order) for each in products]
    terms = [
        writer.product(modes, each.scale, [without(each, name)], target)
        for each, modes in zip(products, axes, strict=True)
    ]
    return writer.equation(_single(axes[0]), terms)


def grams(network: Network, name: str, roles: Roles) -> tuple[Equation, ...]:
    """G, as the networks whose Kronecker product it is, one for each group of bonds; each with an
    axis for each batch mode, each bond of the group, and each bond of the other copy."""
    kept = kept_in(network, having(network, name))
    products = [bared(each, kept) for each in having(network, name)]
    if len(roles.bonds) == 1:
        return (_doubled(kept, products, name, roles, 0),)
    (product,) = products
    return tuple(
        _doubled(kept, [_restricted(product, name, roles, k)], name, roles, k)
        for k in range(len(roles.bonds))
    )


def _restricted(product: Product, name: str, roles: Roles, number: int) -> Product:
    """A term of which only that part is left which joins one group of bonds; the first group has
    whatever joins none, and the scale."""
    modes = modes_in(product, name)
    rest = without(product, name)
    groups = [{modes[k] for k in group} for group in roles.bonds]
    own = groups[number]
    others = set().union(*(group for group in groups if group is not own))
    found = parts(rest, {modes[k] for k in roles.batch})
    gone = set[Mode]().union(*(p for p in found if p & others or not (p & own or number == 0)))
    kept = [each for each in rest.factors if not gone & set(each.modes)]
    factor = next(each for each in product.factors if each.name == name)
    patterns = tuple(each for each in rest.patterns if not gone & set(each.legs))
    return Product((*kept, factor), patterns, product.scale if number == 0 else 1.0)


def _doubled(
    kept: Modes, products: Sequence[Product], name: str, roles: Roles, number: int
) -> Equation:
    writer = _Writer()
    group = roles.bonds[number]
    axes: list[Modes] = []
    terms = []
    for left in products:
        for right in (_primed(each, kept) for each in products):
            batch = _ordered(left, name, roles.batch)
            bonds = (*_ordered(left, name, group), *_ordered(right, name, group))
            axes.append((*batch, *bonds))
            copies = [without(left, name), without(right, name)]
            terms.append(writer.product(axes[-1], left.scale * right.scale, copies))
    return writer.equation(_single(axes[0]), terms)


def _ordered(product: Product, name: str, positions: Sequence[int]) -> Modes:
    modes = modes_in(product, name)
    return tuple(modes[k] for k in positions)


def _single(modes: Modes) -> Axes:
    return tuple((mode,) for mode in modes)


def _primed(product: Product, kept: Modes) -> Product:
    """The other copy: modes that are summed have other names."""
    legs = [leg for pattern in product.patterns for leg in pattern.legs]
    every = (*legs, *(mode for each in product.factors for mode in each.modes))
    named = {mode: Mode(f"{mode.name}*", mode.size) for mode in every if mode not in kept}
    return Product(
        tuple(_called(each, named) for each in product.factors),
        tuple(renamed(each, named) for each in product.patterns),
        product.scale,
    )


def _called(factor: Factor, named: dict[Mode, Mode]) -> Factor:
    return replace(
        factor,
        axes=tuple(tuple(named.get(mode, mode) for mode in axis) for axis in factor.axes),
        modes=tuple(named.get(mode, mode) for mode in factor.modes),
    )


@dataclass(slots=True)
class _Writer:
    """Writes one equation: its inputs are `x0`, `x1`, …"""

    build: Builder = field(default_factory=Builder)
    ports: list[Port] = field(default_factory=list)
    names: list[Given] = field(default_factory=list)

    def given(self, name: Given, axes: Axes) -> Value:
        own = f"x{len(self.ports)}"
        value = self.build.make(Leaf("input", own, axes))
        self.ports.append(Port(own, axes, value, _SOURCE.everything()))
        self.names.append(name)
        return value

    def product(self, keep: Modes, scale: float, copies: Sequence[Product], *more: Value) -> Value:
        """The product of all factors and patterns, summed over every mode not in `keep`. Factors
        of a copy stand beside those of the other, so that the written order is a sweep along a
        chain; legs of patterns that no factor has get ones, as a relation wants to be carried."""
        pairs = zip_longest(*(copy.factors for copy in copies))
        operands = [*more, *(self._factor(each) for pair in pairs for each in pair if each)]
        patterns = tuple(pattern for copy in copies for pattern in copy.patterns)
        carried = {mode for each in operands for mode in each.type.modes}
        bare = [leg for each in patterns for leg in each.legs[1:] if leg not in carried]
        operands += [self.given((length(leg),), ((leg,),)) for leg in bare]
        operands = operands or [self.given((), ())]
        value = self.build.make(Contract(keep, patterns), operands)
        return value if scale == 1 else self.build.make(Scale(Scalar.of(scale)), (value,))

    def _factor(self, factor: Factor) -> Value:
        value = self.given(factor.name, factor.axes)
        if value.type.modes == factor.modes:
            return value
        return self.build.make(Rename(factor.modes), (value,))

    def equation(self, axes: Axes, terms: Sequence[Value]) -> Equation:
        """The sum of terms, whose modes have the sizes of those of `axes`, position by position."""
        modes = tuple(mode for axis in axes for mode in axis)
        same = [
            each if each.type.modes == modes else self.build.make(Rename(modes), (each,))
            for each in terms
        ]
        value = same[0] if len(same) == 1 else self.build.make(Add(modes), same)
        origin = _SOURCE.everything()
        output = Port("y", axes, value, origin)
        layer = Layer(
            "Equation", "", (), (), tuple(self.ports), (), (output,), (), (), _SOURCE, origin,
            builder=self.build,
        )  # fmt: skip
        return Equation(layer, tuple(self.names))
