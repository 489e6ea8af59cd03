"""Sizes in the text of lines: literals where they are static, variables where they are not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tnc.ir.layer import Axes, RunTimeSize
from tnc.ir.program import Line
from tnc.ir.scalar import Scalar
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.lower.forms import extent
from tnc.lower.names import Names, safe
from tnc.record import record


class Scope:
    """The variables that hold run-time sizes, and which of them the lines have mentioned."""

    def __init__(
        self, symbols: Mapping[str, str], names: Names, modes: Iterable[Mode] = ()
    ) -> None:
        self._variables = {Size.symbol(symbol): name for symbol, name in symbols.items()}
        for mode in modes:
            if mode.size.value is None and mode.size not in self._variables:
                self._variables[mode.size] = names.take(safe(mode.name))
        self._used: dict[Size, None] = {}

    def text(self, size: Size) -> str:
        """A Python expression for a size."""
        if size.value is not None:
            return str(size.value)
        if size in self._variables:
            self._used[size] = None
            return self._variables[size]
        return size.python(self._symbol)

    def factor(self, size: Size) -> str:
        """An expression that may stand in a product."""
        text = self.text(size)
        return text if text.isidentifier() or text.isdigit() else f"({text})"

    def extent(self, axis: Sequence[Mode]) -> str:
        """The size of an axis that holds several modes."""
        static = 1
        factors = []
        for mode in axis:
            if mode.size.value is None:
                factors.append(self.factor(mode.size))
            else:
                static *= mode.size.value
        if static != 1 or not factors:
            factors.append(str(static))
        return factors[0] if len(factors) == 1 else " * ".join(factors)

    def scalar(self, number: Scalar) -> str:
        return number.python(self._symbol)

    def _symbol(self, symbol: str) -> str:
        size = Size.symbol(symbol)
        self._used[size] = None
        return self._variables.get(size, symbol)

    def definitions(
        self, arguments: Sequence[tuple[str, Axes]], run_time: Sequence[RunTimeSize]
    ) -> tuple[tuple[Line, ...], tuple[str, ...]]:
        """Lines that define every variable mentioned so far, from the shapes of `arguments`; and
        the inputs of the layer whose shapes are needed besides."""
        found = _from_shapes(arguments, tuple(self._variables))
        formulas = [size for size in self._used if size not in found and not _is_symbol(size)]
        for size in formulas:
            for symbol in sorted(size.symbols):
                self._symbol(symbol)
        lines = self._unpack(arguments, found)
        missing = [size for size in self._used if size not in found and _is_symbol(size)]
        solved = [self._solve(size, run_time) for size in missing]
        lines.extend(line for line, _ in solved)
        for size in formulas:
            reads = tuple(self._symbol(symbol) for symbol in sorted(size.symbols))
            lines.append(Line((self._variables[size],), size.python(self._symbol), reads))
        extra = dict.fromkeys(name for _, inputs in solved for name in inputs)
        return tuple(lines), tuple(extra)

    def _unpack(
        self, arguments: Sequence[tuple[str, Axes]], found: Mapping[Size, _Place]
    ) -> list[Line]:
        lines = []
        for name, axes in arguments:
            whole = {
                place.axis: self._variables[size]
                for size, place in found.items()
                if place.argument == name and place.divisor == 1 and size in self._used
            }
            if len(whole) == 1:
                ((axis, variable),) = whole.items()
                lines.append(Line((variable,), f"{name}.shape[{axis}]", (name,)))
            elif whole:
                targets = tuple(whole.get(axis, "_") for axis in range(len(axes)))
                lines.append(Line(targets, f"{name}.shape", (name,)))
            for size, place in found.items():
                if place.argument == name and place.divisor != 1 and size in self._used:
                    text = f"{name}.shape[{place.axis}] // {place.divisor}"
                    lines.append(Line((self._variables[size],), text, (name,)))
        return lines

    def _solve(self, size: Size, run_time: Sequence[RunTimeSize]) -> tuple[Line, tuple[str, ...]]:
        """A symbol that no argument carries, from the inputs of the layer."""
        (symbol,) = size.symbols
        for entry in run_time:
            if entry.symbol == symbol and entry.sources:
                source = entry.sources[0]
                inputs = dict.fromkeys(part.rpartition(".")[0] for part in sorted(source.symbols))
                line = Line((self._variables[size],), source.python(_shape), tuple(inputs))
                return line, tuple(inputs)
        raise ValueError(f"no input gives the size `{symbol}`")


def _shape(symbol: str) -> str:
    name, _, axis = symbol.rpartition(".")
    return f"{name}.shape[{axis}]"


def _is_symbol(size: Size) -> bool:
    return len(size.symbols) == 1 and size == Size.symbol(next(iter(size.symbols)))


@record
class _Place:
    """A size is that of an axis of an argument, divided by a number."""

    argument: str
    axis: int
    divisor: int


def _from_shapes(
    arguments: Sequence[tuple[str, Axes]], wanted: Sequence[Size]
) -> dict[Size, _Place]:
    found: dict[Size, _Place] = {}
    for name, axes in arguments:
        for k, axis in enumerate(axes):
            moving = [mode for mode in axis if mode.size.value is None]
            if len(moving) == 1 and moving[0].size in wanted:
                divisor = extent(mode for mode in axis if mode.size.value is not None).value
                place = _Place(name, k, divisor or 1)
                old = found.get(moving[0].size)
                if old is None or (old.divisor != 1 and place.divisor == 1):
                    found[moving[0].size] = place
    return found
