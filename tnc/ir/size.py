"""Sizes of modes: integers that may depend on sizes known only at run time.

A `Size` is a polynomial with integer coefficients over *atoms*: run-time symbols, floor divisions
and maxima. It is kept in a normal form, so that two sizes which are equal as polynomials are
`==`; `(n - 1)//2 + 1` and `(n + 1)//2` are the same object by that rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from tnc.record import record


@record
class Symbol:
    """A size that is known at run time only, named like its mode."""

    name: str

    @property
    def key(self) -> str:
        return self.name


@record
class FloorDiv:
    """`numerator // denominator`, rounded towards minus infinity; the denominator is positive."""

    numerator: Size
    denominator: Size

    @property
    def key(self) -> str:
        return f"({self.numerator})//({self.denominator})"


@record
class Max:
    """The larger of two sizes."""

    left: Size
    right: Size

    @property
    def key(self) -> str:
        return f"max({self.left}, {self.right})"


Monomial = tuple["Symbol | FloorDiv | Max", ...]


@dataclass(frozen=True)
class Size:
    """A sum of integer multiples of products of atoms; `terms` is sorted and has no zeros."""

    terms: tuple[tuple[Monomial, int], ...]
    value: int | None = field(init=False, compare=False, repr=False)
    """The integer, or None when it depends on a run-time size."""

    def __post_init__(self) -> None:
        value: int | None = 0
        if self.terms:
            (monomial, count), *more = self.terms
            value = None if monomial or more else count
        object.__setattr__(self, "value", value)

    # ------------------------------------------------------------------ making
    @staticmethod
    def of(value: int | Size) -> Size:
        return value if isinstance(value, Size) else _number(value)

    @staticmethod
    def symbol(name: str) -> Size:
        return Size((((Symbol(name),), 1),))

    @staticmethod
    def max(left: int | Size, right: int | Size) -> Size:
        left, right = Size.of(left), Size.of(right)
        gap = (left - right).value
        if gap is not None:
            return left if gap >= 0 else right
        return Size((((Max(left, right),), 1),))

    @staticmethod
    def product(sizes: Iterable[int | Size]) -> Size:
        total = Size.of(1)
        for size in sizes:
            total = total * size
        return total

    # ------------------------------------------------------------------ arithmetic
    def __add__(self, other: int | Size) -> Size:
        other = Size.of(other)
        if (a := self.value) is not None and (b := other.value) is not None:
            return _number(a + b)
        return _collect([*self.terms, *other.terms])

    __radd__ = __add__

    def __neg__(self) -> Size:
        return Size(tuple((monomial, -count) for monomial, count in self.terms))

    def __sub__(self, other: int | Size) -> Size:
        return self + (-Size.of(other))

    def __rsub__(self, other: int | Size) -> Size:
        return Size.of(other) - self

    def __mul__(self, other: int | Size) -> Size:
        other = Size.of(other)
        a, b = self.value, other.value
        if a is not None or b is not None:
            return _times(other, a) if a is not None else _times(self, b or 0)
        return _collect(
            [
                (tuple(sorted((*a, *b), key=lambda atom: atom.key)), m * n)
                for a, m in self.terms
                for b, n in other.terms
            ]
        )

    __rmul__ = __mul__

    def __floordiv__(self, other: int | Size) -> Size:
        """Multiples of an integer divisor leave the division: `(2n + 3)//2 = n + 1`."""
        divisor = Size.of(other)
        n = divisor.value
        if n == 1:
            return self
        if n is None:
            return Size.of(1) if self == divisor else _floordiv(self, divisor)
        if n <= 0:
            raise ZeroDivisionError("a size is divided by zero or by a negative number")
        if (value := self.value) is not None:
            return _number(value // n)
        whole = _collect([(monomial, count // n) for monomial, count in self.terms])
        rest = _collect([(monomial, count % n) for monomial, count in self.terms])
        return whole if rest.value is not None else whole + _floordiv(rest, divisor)

    def __rfloordiv__(self, other: int | Size) -> Size:
        return Size.of(other) // self

    def __mod__(self, other: int | Size) -> Size:
        return self - (self // other) * other

    # ------------------------------------------------------------------ reading
    @cached_property
    def symbols(self) -> frozenset[str]:
        """The names of the run-time sizes on which this one depends."""
        return frozenset(
            name for monomial, _ in self.terms for atom in monomial for name in _symbols(atom)
        )

    def evaluate(self, binding: Mapping[str, int]) -> int:
        """The integer for given run-time sizes; KeyError names a symbol that is not bound."""
        total = 0
        for monomial, count in self.terms:
            for atom in monomial:
                count *= _evaluate(atom, binding)
            total += count
        return total

    def substitute(self, binding: Mapping[str, Size]) -> Size:
        """Replace symbols by sizes."""
        if self.symbols.isdisjoint(binding):
            return self
        total = Size.of(0)
        for monomial, count in self.terms:
            part = Size.of(count)
            for atom in monomial:
                part = part * _substitute(atom, binding)
            total = total + part
        return total

    def python(self, name: Callable[[str], str] = str) -> str:
        """A Python expression; `name` says which variable holds a symbol."""
        positive = [_term(m, c, name) for m, c in self.terms if c > 0]
        negative = [_term(m, -c, name) for m, c in self.terms if c < 0]
        text = " + ".join(positive) or ("0" if not negative else "")
        for part in negative:
            text = f"{text} - {part}" if text else f"-{part}"
        return text

    def __str__(self) -> str:
        return self._text

    @cached_property
    def _text(self) -> str:
        return self.python()

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash(self.terms)


def _floordiv(numerator: Size, denominator: Size) -> Size:
    return Size((((FloorDiv(numerator, denominator),), 1),))


@lru_cache(1 << 12)
def _number(value: int) -> Size:
    return Size((((), int(value)),) if value else ())


def _times(size: Size, n: int) -> Size:
    if n == 1:
        return size
    return Size(tuple((monomial, count * n) for monomial, count in size.terms) if n else ())


def _collect(terms: Iterable[tuple[Monomial, int]]) -> Size:
    counts: dict[Monomial, int] = {}
    for monomial, count in terms:
        counts[monomial] = counts.get(monomial, 0) + count
    kept = [(monomial, count) for monomial, count in counts.items() if count]
    if len(kept) > 1:
        kept.sort(key=lambda term: (-len(term[0]), [atom.key for atom in term[0]]))
    return Size(tuple(kept))


def _symbols(atom: Symbol | FloorDiv | Max) -> frozenset[str]:
    match atom:
        case Symbol(name):
            return frozenset({name})
        case FloorDiv(left, right) | Max(left, right):
            return left.symbols | right.symbols


def _evaluate(atom: Symbol | FloorDiv | Max, binding: Mapping[str, int]) -> int:
    match atom:
        case Symbol(name):
            return binding[name]
        case FloorDiv(numerator, denominator):
            return numerator.evaluate(binding) // denominator.evaluate(binding)
        case Max(left, right):
            return max(left.evaluate(binding), right.evaluate(binding))


def _substitute(atom: Symbol | FloorDiv | Max, binding: Mapping[str, Size]) -> Size:
    match atom:
        case Symbol(name):
            return binding.get(name, Size.symbol(name))
        case FloorDiv(numerator, denominator):
            return numerator.substitute(binding) // denominator.substitute(binding)
        case Max(left, right):
            return Size.max(left.substitute(binding), right.substitute(binding))


def _term(monomial: Monomial, count: int, name: Callable[[str], str]) -> str:
    factors = [_atom(atom, name) for atom in monomial]
    if count != 1 or not factors:
        factors.insert(0, str(count))
    return " * ".join(factors)


def _atom(atom: Symbol | FloorDiv | Max, name: Callable[[str], str]) -> str:
    match atom:
        case Symbol(symbol):
            return name(symbol)
        case FloorDiv(numerator, denominator):
            return f"({_factor(numerator, name)} // {_factor(denominator, name)})"
        case Max(left, right):
            return f"max({left.python(name)}, {right.python(name)})"


def _factor(size: Size, name: Callable[[str], str]) -> str:
    text = size.python(name)
    simple = len(size.terms) <= 1 and all(c == 1 and len(m) <= 1 for m, c in size.terms)
    return text if simple or size.value is not None else f"({text})"
