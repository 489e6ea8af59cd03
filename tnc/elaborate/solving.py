"""How run-time sizes are found from the shapes of the inputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from tnc.ir.layer import Axes, RunTimeSize
from tnc.ir.size import Size, Symbol


class Placed(Protocol):
    """An input: its name and its axes."""

    @property
    def name(self) -> str: ...

    @property
    def axes(self) -> Axes: ...


def solve(inputs: Sequence[Placed], symbols: Iterable[str]) -> tuple[list[RunTimeSize], list[str]]:
    """Sources of each symbol, and the symbols that have none.

    A source is a formula of symbols `"{input}.{axis}"`, the axis as it stands in `Port.axes`. Bare
    axes come first, then axes in which one size is unknown.
    """
    axes = [
        (Size.symbol(f"{port.name}.{k}"), Size.product(mode.size for mode in axis))
        for port in inputs
        for k, axis in enumerate(port.axes)
    ]
    wanted = list(dict.fromkeys(symbols))
    found: dict[str, list[Size]] = {}
    for symbol in wanted:
        if bare := [axis for axis, size in axes if size == Size.symbol(symbol)]:
            found[symbol] = bare
    while more := dict(_through_formulas(axes, wanted, found)):
        found |= more
    solved = [RunTimeSize(symbol, tuple(found[symbol])) for symbol in wanted if symbol in found]
    return solved, [symbol for symbol in wanted if symbol not in found]


def _through_formulas(
    axes: Sequence[tuple[Size, Size]], wanted: Sequence[str], found: Mapping[str, list[Size]]
) -> Iterator[tuple[str, list[Size]]]:
    known = {symbol: sources[0] for symbol, sources in found.items()}
    for symbol in wanted:
        if symbol not in found:
            sources = [
                source
                for axis, size in axes
                if size.symbols - known.keys() == {symbol}
                and (source := _inverse(axis, size, symbol, known)) is not None
            ]
            if sources:
                yield symbol, sources


def _inverse(axis: Size, size: Size, symbol: str, known: Mapping[str, Size]) -> Size | None:
    """`symbol` from `axis` = `size`, where `size` is linear in it."""
    factor, rest = Size.of(0), Size.of(0)
    for monomial, count in size.terms:
        atoms = list(monomial)
        if Symbol(symbol) in atoms:
            atoms.remove(Symbol(symbol))
            factor = factor + Size(((tuple(atoms), count),))
        else:
            rest = rest + Size(((monomial, count),))
    if symbol in factor.symbols | rest.symbols:
        return None
    if factor.value == 0:
        return None
    if factor.value is not None and factor.value < 0:  # taps: `h'` has the size h − i + 1
        factor, axis, rest = -1 * factor, rest, axis
    return (axis.substitute(known) - rest.substitute(known)) // factor.substitute(known)
