"""From an n-ary product and an order to binary steps: the planned graph.

The value does not depend on the order: a step multiplies two parts, sums the modes that nobody
else needs, and links the partial modes of every relation by one pattern with one tap.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field

from tnc.diagnostics.span import Span
from tnc.ir.graph import Builder, Value
from tnc.ops import Contract, Leaf
from tnc.plan.lattice import Names
from tnc.plan.network import Network, Roles, Tree, links, network_of
from tnc.plan.unary import arrange, scatter
from tnc.record import record

Choose = Callable[[Network], Tree | None]
"""A search: an order of primitive steps, or None where the network has none."""


@record
class Site:
    """Where a graph is being planned: what makes values, names modes and chooses orders."""

    build: Builder
    names: Names
    choose: Choose
    frozen: frozenset[Value] = frozenset()
    _leaves: dict[Value, tuple[bool, bool]] = field(default_factory=dict)

    def _depends(self, value: Value) -> tuple[bool, bool]:
        """Whether a value depends on more than weights and buffers; whether its gradient is
        wanted: it depends on something that is neither a buffer nor frozen."""
        if value not in self._leaves:
            if isinstance(value.op, Leaf):
                kind = value.op.kind
                found = (
                    kind not in ("weight", "buffer"),
                    kind != "buffer" and value not in self.frozen,
                )
            else:
                parts = [self._depends(operand) for operand in value.operands]
                found = any(data for data, _ in parts), any(wanted for _, wanted in parts)
            self._leaves[value] = found
        return self._leaves[value]

    def weight_only(self, value: Value) -> bool:
        """Whether a value depends on weights and buffers alone."""
        return not self._depends(value)[0]

    def wanted(self, value: Value) -> bool:
        """Whether the gradient of a value is wanted."""
        return self._depends(value)[1]

    def rank(self, value: Value) -> tuple[bool, str, tuple[str, ...], int]:
        """Orders operands, data first, whatever order the source has."""
        name = value.op.name if isinstance(value.op, Leaf) else "~"
        return self.weight_only(value), name, value.type.names, value.serial


@record
class Product:
    """A product of operands; `op` is what its value would be as one n-ary contraction."""

    operands: tuple[Value, ...]
    op: Contract
    origin: Span | None


def summed(site: Site, product: Product) -> Product:
    """Sum the modes that one operand alone carries before anything else."""
    op = product.op
    needed = set(op.keep).union(*(pattern.legs for pattern in op.patterns))
    ready = []
    for k, operand in enumerate(product.operands):
        others = product.operands[:k] + product.operands[k + 1 :]
        wanted = needed.union(*(other.type.modes for other in others))
        modes = [mode for mode in operand.type.modes if mode in wanted]
        ready.append(arrange(site.build, operand, modes))
    return Product(tuple(ready), op, product.origin)


def network(site: Site, product: Product) -> tuple[tuple[Value, ...], Network]:
    """The operands of a clean product in canonical order, and their network."""
    source = range(len(product.operands))
    order = sorted(source, key=lambda k: site.rank(product.operands[k]))
    ordered = tuple(product.operands[k] for k in order)
    roles = Roles(
        sum(1 << k for k, operand in enumerate(ordered) if not site.weight_only(operand)),
        sum(1 << k for k, operand in enumerate(ordered) if site.wanted(operand)),
        tuple(order.index(k) for k in source),
    )
    modes = [operand.type.modes for operand in ordered]
    return ordered, network_of(modes, product.op.keep, product.op.patterns, site.names, roles)


def expand(site: Site, product: Product) -> Value | None:
    """The binary steps of a clean product in the order that the site chooses; None where no
    order has primitive steps only."""
    operands, net = network(site, product)
    tree: Tree | None = 0 if len(operands) == 1 else site.choose(net)
    if tree is None:
        return None
    _, value = _steps(site.build, operands, net, tree, product.origin)
    for axis in net.axes:
        value = scatter(site.build, value, axis.relation, axis.closed(net.everything))
    return arrange(site.build, value, product.op.keep)


def _steps(
    build: Builder, operands: Sequence[Value], net: Network, tree: Tree, origin: Span | None
) -> tuple[int, Value]:
    if isinstance(tree, int):
        return 1 << tree, operands[tree]
    (first, a), (second, b) = sorted(
        (_steps(build, operands, net, part, origin) for part in tree),
        key=lambda part: part[0] & -part[0],
    )
    subset = first | second
    closed = net.closed(first), net.closed(second), net.closed(subset)
    found = links(net, closed, net.legs(first) | net.legs(second))
    if found is None:
        raise ValueError(f"{tree} is not an order of primitive steps")
    keep = net.named(net.legs(subset))
    patterns = tuple(link.pattern for link in found)
    return subset, build.make(Contract(keep, patterns), (a, b), origin)
