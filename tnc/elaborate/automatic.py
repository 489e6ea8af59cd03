"""`init: auto`: factors scaled such that the kernel they represent has Kaiming variance.

The represented kernel shall have the mean square v = 2 / (m · fan_in), with m the number of terms
that are added up. Drawn with σ = (v / Πbonds)^(1/2K), K independent factors give that in
expectation; products of many factors have heavy tails, hence each draw is then brought to exactly
that mean square (`Rescaling`).

Source: He et al. 2015 (arXiv 1502.01852).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from tnc.elaborate.kernels import Kernel, doubled, kernels
from tnc.ir.graph import Builder, Value, reachable
from tnc.ir.start import Rescaling
from tnc.ops import Add, Contract, Leaf, Scale
from tnc.record import record


@record
class Weighed:
    """A kernel with the mean square that it shall have, its scale included."""

    kernel: Kernel
    variance: float

    @property
    def inner(self) -> float:
        """The mean square of the product of its factors alone."""
        return self.variance / (self.kernel.scale**2 or 1)


def weighed(outputs: Sequence[Value]) -> tuple[Weighed, ...]:
    """Every kernel that multiplies data, in the order of the equations."""
    values = reachable(outputs)
    moving = _depend_on_input(values)
    found = {
        value: kernels(value, moving)
        for value in values
        if isinstance(value.op, Contract) and value in moving
    }
    shares = _shares(values, found)
    readers = _Readers(values, outputs)
    return tuple(
        Weighed(
            replace(kernel, scale=kernel.scale * readers.scale(value)),
            2 / (kernel.fan_in * shares.get(value, len(parts))),
        )
        for value, parts in found.items()
        for kernel in parts
    )


def deviations(terms: Iterable[Weighed]) -> dict[str, float]:
    """The standard deviation of each weight that multiplies data; the first term decides.

    Not exact where a weight occurs twice in a product or under a function: there only the
    rescaling is.
    """
    found: dict[str, float] = {}
    for term in terms:
        weights = term.kernel.weights
        for name in weights:
            found.setdefault(name, (term.inner / term.kernel.bonds) ** (1 / (2 * len(weights))))
    return found


def rescalings(
    terms: Iterable[Weighed], drawn: Collection[str], build: Builder
) -> Iterator[Rescaling]:
    """What brings each kernel to its mean square, in this order: the weights in `drawn` that no
    term before has decided, and of which the kernel is a power."""
    free = set(drawn)
    for term in terms:
        kernel = term.kernel
        fixed = {n for each in kernel.factors if not each.multilinear for n in each.weights}
        scaled = [name for name in kernel.weights if name in free and name not in fixed]
        free.difference_update(kernel.weights)
        if scaled and kernel.scale and all(factor.constant for factor in kernel.factors):
            yield Rescaling(
                tuple(dict.fromkeys(scaled)),
                len(scaled),
                doubled(build, kernel),
                term.inner * kernel.elements,
                kernel.elements,
                kernel.origin,
            )


def _depend_on_input(values: Iterable[Value]) -> frozenset[Value]:
    moving: set[Value] = set()
    for value in values:
        given = isinstance(value.op, Leaf) and value.op.kind in {"input", "value"}
        if given or any(operand in moving for operand in value.operands):
            moving.add(value)
    return frozenset(moving)


# ---------------------------------------------------------------- sums and numbers around a product


def _shares(values: Iterable[Value], found: Mapping[Value, Sequence[Kernel]]) -> dict[Value, int]:
    """How many kernels share a sum with those of each product."""
    shares: dict[Value, int] = {}
    for value in values:
        if isinstance(value.op, Add):
            products = [each for each in _added(value) if found.get(each)]
            total = sum(len(found[each]) for each in products)
            for each in products:
                shares[each] = max(shares.get(each, 1), total)
    return shares


def _added(value: Value) -> Iterator[Value]:
    """What a sum adds up, looking into sums and scalings."""
    pending = list(value.operands)
    while pending:
        each = pending.pop()
        if isinstance(each.op, Add | Scale):
            pending += each.operands
        else:
            yield each


class _Readers:
    """Who reads each value."""

    def __init__(self, values: Iterable[Value], outputs: Iterable[Value]) -> None:
        self._of: dict[Value, list[Value | None]] = {}
        for value in values:
            for operand in value.operands:
                self._of.setdefault(operand, []).append(value)
        for output in outputs:
            self._of.setdefault(output, []).append(None)

    def scale(self, value: Value) -> float:
        """The numbers by which a value is multiplied on its only way, through scalings and sums;
        run-time ones are left out."""
        number = 1.0
        while len(readers := self._of[value]) == 1:
            (reader,) = readers
            if reader is None or not isinstance(reader.op, Add | Scale):
                break
            if isinstance(reader.op, Scale):
                number *= 1 if reader.op.factor.value is None else reader.op.factor.value
            value = reader
        return number
