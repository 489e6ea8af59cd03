"""What the modes of a factor are in a kernel, and which parts of the rest join them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tnc.fitting.network import Network, Product
from tnc.fitting.refusal import Unfit
from tnc.fitting.terms import Modes
from tnc.ir.tensor import Mode
from tnc.record import record


@record
class Roles:
    """The positions of the modes of a factor: *free* where the kernel has the mode and nothing
    else does, *batch* where something else does, too, *bonds* where it is summed.

    Bonds come in groups, at least one: what is left of the network without the factor falls into
    parts, and each group is what one part joins. So the Gram matrix of the bonds is the Kronecker
    product of those of the groups.
    """

    batch: tuple[int, ...]
    bonds: tuple[tuple[int, ...], ...]
    free: tuple[int, ...]

    @property
    def order(self) -> tuple[int, ...]:
        """All positions: batch, bonds, free."""
        return (*self.batch, *(k for group in self.bonds for k in group), *self.free)


def roles_of(network: Network, name: str) -> Roles:
    """The roles of the modes of a factor. Errors: Unfit where terms disagree."""
    products = having(network, name)
    kept = kept_in(network, products)
    columns = zip(*(modes_in(each, name) for each in products), strict=True)
    kinds = [_kind(kept, name, products, column) for column in columns]
    batch, bonds, free = (
        tuple(k for k, kind in enumerate(kinds) if kind == wanted)
        for wanted in ("batch", "bond", "free")
    )
    one = bared(products[0], kept)
    groups = (bonds,) if len(products) > 1 else tuple(_groups(one, name, bonds, batch))
    return Roles(batch, groups or ((),), free)


def _kind(kept: Modes, name: str, products: Sequence[Product], column: Modes) -> str:
    known = [mode in kept for mode in column]
    if any(known) and (not all(known) or len(set(column)) > 1):
        raise Unfit(f"the weight `{name}` stands for different things in different terms", None)
    if not any(known):
        return "bond"
    rest = [bared(without(each, name), kept) for each in products]
    alone = all(mode not in _every(one) for mode, one in zip(column, rest, strict=True))
    return "free" if alone else "batch"


def _groups(
    product: Product, name: str, bonds: Sequence[int], batch: Sequence[int]
) -> Iterator[tuple[int, ...]]:
    """Bonds by the part that joins them; one that nothing else has stands by itself."""
    modes = modes_in(product, name)
    groups: dict[int, list[int]] = {}
    found = parts(without(product, name), {modes[k] for k in batch})
    for k in bonds:
        number = (n for n, part in enumerate(found) if modes[k] in part)
        groups.setdefault(next(number, len(found) + k), []).append(k)
    yield from map(tuple, groups.values())


def parts(product: Product, apart: set[Mode]) -> list[set[Mode]]:
    """The modes of each connected part of a term; those in `apart` join nothing."""
    found: list[set[Mode]] = []
    for piece in (*(f.modes for f in product.factors), *(p.legs for p in product.patterns)):
        modes = set(piece) - apart
        met = [part for part in found if part & modes]
        found = [part for part in found if not part & modes] + [modes.union(*met)]
    return found


def kept_in(network: Network, products: Sequence[Product]) -> Modes:
    """The modes of the kernel, and the taps that are embedded in one of them: the only tap of a
    pattern puts every element at a place of its own. Of several terms, the former alone."""
    if len(products) > 1:
        return network.modes
    own = [pattern for pattern in products[0].patterns if len(pattern.taps) == 1]
    return (*network.modes, *(each.taps[0] for each in own if each.signal in network.modes))


def bared(product: Product, kept: Modes) -> Product:
    """A term without the patterns that embed its taps."""
    patterns = [each for each in product.patterns if not set(each.taps) <= set(kept)]
    return replace(product, patterns=tuple(patterns))


def having(network: Network, name: str) -> list[Product]:
    """The terms with a factor."""
    return [each for each in network.products if name in {one.name for one in each.factors}]


def lacking(network: Network, name: str) -> list[Product]:
    """The terms without a factor."""
    return [each for each in network.products if name not in {one.name for one in each.factors}]


def modes_in(product: Product, name: str) -> Modes:
    """The modes of a factor in a term."""
    return next(each.modes for each in product.factors if each.name == name)


def without(product: Product, name: str) -> Product:
    """A term without a factor."""
    return replace(product, factors=tuple(one for one in product.factors if one.name != name))


def _every(product: Product) -> set[Mode]:
    legs = [leg for pattern in product.patterns for leg in pattern.legs]
    return {*legs, *(mode for one in product.factors for mode in one.modes)}
