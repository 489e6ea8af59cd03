"""Shape checks at the door of a layer: a few comparisons, then no more inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tnc.emit.expression import flat, parse
from tnc.emit.naming import variable
from tnc.emit.prose import docstring, place
from tnc.emit.statement import INDENT, WIDTH, bracketed, define, fits, give
from tnc.ir.layer import LEADING, Axes, Layer, Port
from tnc.ir.size import FloorDiv, Size
from tnc.ir.tensor import Mode
from tnc.ops import Contract, Pattern
from tnc.record import record


@record
class Door:
    """The checks of a layer. `variables`: the name of each run-time size; `wanted`: those which
    the body of the layer reads, in the order in which the check returns them. `proven`: the axes
    of inputs that are right wherever the layer is called; None if not even their number is."""

    layer: Layer
    name: str
    variables: Mapping[str, str]
    wanted: tuple[str, ...]
    proven: frozenset[tuple[str, int]] | None = None

    def check(self) -> list[str]:
        """The function that refuses wrong shapes and returns the run-time sizes; no lines if
        nothing is left to be refused."""
        before, after = self._ahead(), self._behind()
        if not before and not after:
            return []
        inputs = [variable(port.name) for port in self.layer.inputs]
        text = f"Refuse shapes that do not fit{self._returned()}."
        lines = [*define("", self.name, inputs), *docstring(INDENT, text)]
        lines += [*before, *self._sizes(INDENT), *after]
        return [*lines, *(give(INDENT, self.wanted) if self.wanted else ())]

    def _ahead(self) -> list[str]:
        """What must hold before sizes can be read."""
        ports = self.layer.inputs if self.proven is None else ()
        return [*(line for port in ports for line in _rank(port)), *self._leading()]

    def _sizes(self, margin: str) -> list[str]:
        used = self._used()
        return [
            f"{margin}{self.variables[entry.symbol]} = {self._spelled(entry.sources[0])}"
            for entry in self.layer.run_time
            if entry.symbol in used
        ]

    def _behind(self) -> list[str]:
        """What the sizes must fulfil."""
        lines: list[str] = []
        for port in self.layer.inputs:
            for k, axis in enumerate(port.axes):
                lines += self._axis(port, k, axis)
        lines += [line for mode in self._shrinking() for line in self._positive(mode)]
        return lines + [line for wheel in self._wheels() for line in self._whole_turns(wheel)]

    def call(self, margin: str) -> list[str]:
        """Check, in the body of `forward`."""
        inputs = [variable(port.name) for port in self.layer.inputs]
        if not self.check():
            return self._sizes(margin)
        if not self.wanted:
            return bracketed(margin, f"{self.name}(", inputs, ")")
        head = f"{', '.join(self.wanted)} = {self.name}("
        return bracketed(margin, head, inputs, ")")

    def _returned(self) -> str:
        return f"; return {', '.join(self.wanted)}" if self.wanted else ""

    def _used(self) -> frozenset[str]:
        """The run-time symbols which the checks or the body mention."""
        used = {symbol for symbol, name in self.variables.items() if name in self.wanted}
        for port in self.layer.inputs:
            for k, axis in enumerate(port.axes):
                if not self._implied(port, k, axis):
                    used |= Size.product(mode.size for mode in axis).symbols
        used = used.union(*(mode.size.symbols for mode in self._shrinking()))
        used = used.union(*(pattern.signal.size.symbols for pattern in self._wheels()))
        return frozenset(used - {LEADING})

    def _shrinking(self) -> list[Mode]:
        """Modes whose sizes may come out below 1: results of convolutions, and taps that follow
        from a signal and a result."""
        modes = [mode for port in self.layer.outputs for axis in port.axes for mode in axis]
        taps = [
            Mode(entry.symbol, Size.symbol(entry.symbol))
            for entry in self.layer.run_time
            if entry.sources and _falls(entry.sources[0])
        ]
        return [*taps, *(mode for mode in dict.fromkeys(modes) if _may_vanish(mode.size))]

    def _wheels(self) -> list[Pattern]:
        """Circular relations with a stride, on a signal of run-time size."""
        found = [
            pattern
            for value in self.layer.graph.values
            if isinstance(value.op, Contract)
            for pattern in value.op.patterns
            if pattern.circular and pattern.stride > 1 and pattern.signal.size.value is None
        ]
        return list({(each.signal, each.stride): each for each in found}.values())

    def _whole_turns(self, pattern: Pattern) -> list[str]:
        signal, stride = pattern.signal, pattern.stride
        size = self._spelled(signal.size)
        port = self._giver(sorted(signal.size.symbols))
        said = f"{port.name} gives mode {signal} size {{{size}}}, but its circular convolution has "
        said += f"stride {stride}, which does not divide it"
        whole = size if size.isidentifier() else f"({size})"
        return _refuse(f"{whole} % {stride} != 0", said, port)

    def _giver(self, symbols: Sequence[str]) -> Port:
        """The input from which the last of these run-time sizes is read."""
        port = self.layer.inputs[0]
        for entry in self.layer.run_time:
            if entry.symbol in symbols:
                source = min(entry.sources[0].symbols).rpartition(".")[0]
                port = next(each for each in self.layer.inputs if each.name == source)
        return port

    def _positive(self, mode: Mode) -> list[str]:
        symbols = sorted(mode.size.symbols)
        port, size = self._giver(symbols), self._spelled(mode.size)
        found = ", ".join(f"size {{{self.variables[name]}}} in mode {name}" for name in symbols)
        if symbols == [mode.name]:
            (entry,) = (each for each in self.layer.run_time if each.symbol == mode.name)
            inputs = sorted({symbol.rpartition(".")[0] for symbol in entry.sources[0].symbols})
            said = f"{' and '.join(inputs)} leave size {{{size}}} for mode {mode}"
            return _refuse(f"{size} < 1", said, port)
        givers = dict.fromkeys(self._giver([symbol]).name for symbol in symbols)
        have = f"{' and '.join(givers)} {'has' if len(givers) == 1 else 'have'}"
        said = f"{have} {found}, which leaves {{{size}}} for {mode}"
        return _refuse(f"{size} < 1", said, port)

    def _implied(self, port: Port, k: int, axis: tuple[Mode, ...]) -> bool:
        """Whether the size of an axis is right because a run-time size was read off it, or because
        of who calls."""
        if _is_leading(axis) or (port.name, k) in (self.proven or ()):
            return True
        solved = {entry.symbol: entry.sources[0] for entry in self.layer.run_time if entry.sources}
        expected = Size.product(mode.size for mode in axis).substitute(solved)
        return expected == Size.symbol(f"{port.name}.{k}")

    def _spelled(self, size: Size) -> str:
        return flat(parse(size.python(self._shape)))

    def _shape(self, symbol: str) -> str:
        """`x.2` as Python; a run-time symbol as its variable."""
        name, _, axis = symbol.rpartition(".")
        for port in self.layer.inputs:
            if port.name == name and axis.isdigit():
                return f"{variable(name)}.shape[{position(port.axes, int(axis))}]"
        return self.variables[symbol]

    def _leading(self) -> list[str]:
        """Several inputs with `...` must have the same leading axes."""
        ports = [port for port in self.layer.inputs if leading_axis(port.axes) is not None]
        lines: list[str] = []
        for port in ports[1:]:
            first, other = leading(ports[0]), leading(port)
            said = (
                f"{port.name} has leading axes {{tuple({other})}}, "
                f"but {ports[0].name} has {{tuple({first})}}"
            )
            lines += _refuse(f"{other} != {first}", said, port)
        return lines

    def _axis(self, port: Port, k: int, axis: tuple[Mode, ...]) -> list[str]:
        if self._implied(port, k, axis):
            return []
        expected = Size.product(mode.size for mode in axis)
        found = f"{variable(port.name)}.shape[{position(port.axes, k)}]"
        modes = " ".join(_braces(mode.name) for mode in axis)
        which = f"mode {modes}" if len(axis) == 1 else f"modes ({modes})"
        at = f"(axis {position(port.axes, k)})"
        size = self._spelled(expected)
        shown = size if expected.value is not None else f"{{{size}}}"
        said = f"{port.name} has size {{{found}}} in {which} {at}, but "
        if len(axis) == 1:
            said += f"{modes} is {shown}{self._source(axis[0])}"
        elif own := self._divides(port, k, axis):
            said += f"{own} does not divide it"
        else:
            said += f"their product is {shown}"
        return _refuse(f"{found} != {size}", said, port)

    def _source(self, mode: Mode) -> str:
        """` in z`: where a run-time size was read first; ` where h is 7 in x`: what it follows
        from."""
        given = []
        for entry in self.layer.run_time:
            if entry.symbol in mode.size.symbols and entry.sources:
                inputs = {symbol.rpartition(".")[0] for symbol in entry.sources[0].symbols}
                where = f" in {' and '.join(sorted(inputs))}"
                if mode.size == Size.symbol(entry.symbol):
                    return where
                given.append(f"{entry.symbol} is {{{self.variables[entry.symbol]}}}{where}")
        return f" where {' and '.join(given)}" if given else ""

    def _divides(self, port: Port, k: int, axis: tuple[Mode, ...]) -> str:
        """The factor that must divide an axis, the rest of which is a run-time size."""
        for entry in self.layer.run_time:
            symbol = Size.symbol(entry.symbol)
            others = [mode.size for mode in axis if mode.size != symbol]
            if len(others) == len(axis) - 1:
                factor = Size.product(others)
                if entry.sources[0] == Size.symbol(f"{port.name}.{k}") // factor:
                    size = self._spelled(factor)
                    return size if factor.value is not None else f"{{{size}}}"
        return ""


def _may_vanish(size: Size) -> bool:
    """Whether it is below 1 where the sizes that it depends on are 1, or falls with one of them."""
    ones = dict.fromkeys(size.symbols, 1)
    return bool(size.symbols) and (size.evaluate(ones) < 1 or _falls(size))


def _falls(size: Size) -> bool:
    return any(
        (count < 0 and monomial != ())
        or any(_falls(atom.numerator) for atom in monomial if isinstance(atom, FloorDiv))
        for monomial, count in size.terms
    )


def leading_axis(axes: Axes) -> int | None:
    """Which axis is `...`."""
    for k, axis in enumerate(axes):
        if _is_leading(axis):
            return k
    return None


def _is_leading(axis: tuple[Mode, ...]) -> bool:
    return len(axis) == 1 and axis[0].name == LEADING


def position(axes: Axes, k: int) -> int:
    """The index of axis `k` of the `.tnn` in the shape: from the end if it is behind `...`."""
    at = leading_axis(axes)
    return k if at is None or k < at else k - len(axes)


def leading(port: Port) -> str:
    """The leading axes of an input, as Python."""
    at = leading_axis(port.axes)
    assert at is not None
    behind = len(port.axes) - at - 1
    start = str(at) if at else ""
    return f"{variable(port.name)}.shape[{start}:{-behind if behind else ''}]"


def _rank(port: Port) -> list[str]:
    rank = len(port.axes)
    modes = ", ".join(
        f"({' '.join(map(str, axis))})" if len(axis) != 1 else str(axis[0]) for axis in port.axes
    )
    written = f"{port.name}[{_braces(modes)}]"
    found = f"{variable(port.name)}.ndim"
    if leading_axis(port.axes) is None:
        said = f"{port.name} has {{{found}}} axes, but {written} has {rank}"
        return _refuse(f"{found} != {rank}", said, port)
    if rank == 1:
        return []
    said = f"{port.name} has {{{found}}} axes, but {written} has at least {rank - 1}"
    return _refuse(f"{found} < {rank - 1}", said, port)


def _refuse(condition: str, said: str, port: Port) -> list[str]:
    at = place(port.origin)
    message = said + (f" ({_braces(at)})" if at else "")
    mark = "'" if message.count('"') > message.count("'") else '"'
    inner = INDENT * 3
    texts = [f"f{mark}{message}{mark}"]
    if not fits(inner, texts[0]):
        texts = [f"f{mark}{part}{mark}" for part in _pieces(message, WIDTH - len(inner) - 3)]
        raised = [f"{INDENT * 2}raise ShapeError(", *(inner + text for text in texts)]
        return [f"{INDENT}if {condition}:", *raised, f"{INDENT * 2})"]
    return [
        f"{INDENT}if {condition}:",
        *bracketed(INDENT * 2, "raise ShapeError(", texts, ")"),
    ]


def _pieces(message: str, width: int) -> list[str]:
    """The message in pieces of at most `width`, as far as it has blanks outside of braces."""
    pieces = [""]
    word = ""
    for letter in message:
        word += letter
        if letter == " " and word.count("{") == word.count("}"):
            pieces, word = _appended(pieces, word, width), ""
    return [piece for piece in _appended(pieces, word, width) if piece]


def _appended(pieces: list[str], word: str, width: int) -> list[str]:
    *whole, last = pieces
    return [*whole, last + word] if len(last + word) <= width else [*pieces, word]


def _braces(text: str) -> str:
    return text.replace("\\", "/").replace("{", "{{").replace("}", "}}")
