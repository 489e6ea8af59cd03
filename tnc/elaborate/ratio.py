"""`rank(R, ratio)`: the size of a mode that is a rank, given or following from a ratio.

The ranks of a layer are the largest for which its factors have at most `ratio` times as many
parameters as the kernel that they represent. Factors are the weights that have such a mode and
that an output reaches; the kernel has those of their modes that inputs, outputs or taps of
convolutions have.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import product
from math import prod

from tnc.elaborate.ranks import Bond, Infeasible, caps, largest
from tnc.elaborate.values import UNSET
from tnc.ir.size import Size
from tnc.record import record
from tnc.syntax import tree

PREFIX = f"{UNSET}rank "


@record
class Network:
    """The weights of a layer, each as its modes with their sizes, ranks being symbols; `open` are
    the modes that are no bonds, and `windows` the taps of each relation with their dilations."""

    weights: Sequence[Mapping[str, Size]]
    open: Collection[str]
    windows: Sequence[Mapping[str, Size]] = ()

    @property
    def factors(self) -> list[Mapping[str, Size]]:
        """The weights that have a rank."""
        return [each for each in self.weights if any(map(_is_rank, each.values()))]


class TooSmall(ValueError):
    """Ranks of 1 need more parameters than the ratio allows; they have the ratio `least`."""

    def __init__(self, least: float) -> None:
        super().__init__(f"the smallest possible ratio is {least:.3g}")
        self.least = least


def symbol(key: str) -> Size:
    """What stands for the rank of a mode while it is not known."""
    return Size.symbol(f"{PREFIX}{key}")


def _is_rank(size: Size) -> bool:
    return any(name.startswith(PREFIX) for name in size.symbols)


def solved(network: Network, ratio: float) -> dict[str, int] | None:
    """The ranks by mode; None while sizes are unknown on which they depend.

    Errors: TooSmall.
    """
    factors = network.factors
    total = sum((Size.product(each.values()) for each in factors), Size.of(0))
    ranks = {name for name in total.symbols if name.startswith(PREFIX)}
    kernel = {key: size for each in factors for key, size in each.items() if key in network.open}
    sizes = {key: size.value for key, size in kernel.items() if size.value is not None}
    if ranks != total.symbols or len(sizes) != len(kernel):
        return None
    dense = _elements(sizes, network.windows)
    keys = sorted(name.removeprefix(PREFIX) for name in ranks)
    useful = caps([list(each) for each in factors], sizes, keys)
    bonds = [Bond(f"{PREFIX}{key}", useful[key]) for key in keys]
    try:
        found = largest(total, bonds, Fraction(str(ratio)) * dense)
    except Infeasible as error:
        raise TooSmall(error.least / dense) from None
    return {name.removeprefix(PREFIX): rank for name, rank in found.items()}


def _elements(sizes: Mapping[str, int], windows: Iterable[Mapping[str, Size]]) -> int:
    """How many a kernel has: taps that are convolved with each other reach places together."""
    total, rest = 1, dict(sizes)
    for window in windows:
        if len(window) > 1 and window.keys() <= rest.keys():
            steps = [
                [(each.value or 1) * a for a in range(rest.pop(tap))]
                for tap, each in window.items()
            ]
            total *= len({sum(places) for places in product(*steps)})
    return total * prod(rest.values())


def reached(
    body: Sequence[tree.Statement], decided: Mapping[int, tree.Expr | None]
) -> frozenset[str]:
    """The names on which the outputs depend; of an `if` that is decided, only that side counts.

    `decided` says by the identity of its node which side of an `if` is taken, if that is known.
    """
    lets: dict[str, list[tree.Expr]] = {}
    pending: list[tree.Expr] = []
    for statement in body:
        if isinstance(statement, tree.Let):
            for target in statement.targets:
                lets.setdefault(target.name.text, []).append(statement.value)
        elif isinstance(statement, tree.Output):
            pending.append(statement.value)
    found: set[str] = set()
    while pending:
        for name in set(_names(pending.pop(), decided)) - found:
            found.add(name)
            pending += lets.get(name, [])
    return frozenset(found)


def _names(start: tree.Expr, decided: Mapping[int, tree.Expr | None]) -> Iterator[str]:
    pending: list[tree.Node] = [start]
    while pending:
        node = pending.pop()
        side = decided.get(id(node))
        if side is not None:
            pending.append(side)
        elif isinstance(node, tree.Name):
            yield node.text
        else:
            pending += tree.children(node)
